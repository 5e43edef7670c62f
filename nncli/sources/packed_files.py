"""Files that gzip packed, unpacked while they are read, up to a share of their size."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import Any, BinaryIO, Final, cast, final

from nncli.errors import Place
from nncli.messages.catalogue import failure

SUFFIX: Final = ".gz"
MOST_RATIO: Final = 100
"""Text packs to a fifth or a tenth; what unpacks to more than this many times its size is no data."""
_SPARE_BYTES: Final = 2**20


def unpacked(stream: BinaryIO, file: str, packed_bytes: int) -> BinaryIO:
    """Gives what is packed in a stream, which is closed with it.

    Reading raises `data-unreadable` for damage, and `data-bomb` above a hundred times the size.
    """
    return cast(BinaryIO, _Unpacked(stream, file, packed_bytes * MOST_RATIO + _SPARE_BYTES))


@final
class _Unpacked(io.RawIOBase):
    def __init__(self, stream: BinaryIO, file: str, most_bytes: int) -> None:
        super().__init__()
        self._packed = stream
        self._gzip = gzip.GzipFile(fileobj=stream, mode="rb")
        self._file = file
        self._most_bytes = most_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._packed.fileno()

    def tell(self) -> int:
        return self._gzip.tell()

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        return self._gzip.seek(position, whence)

    def read(self, count: int = -1) -> bytes:
        try:
            # A byte more than there may be tells that there is more.
            rest = self._most_bytes + 1 - self._gzip.tell()
            content = self._gzip.read(min(count, rest) if count >= 0 else rest)
        except (OSError, EOFError, zlib.error) as error:
            raise failure("data-unreadable", Place(self._file, 1, 1), reason=str(error)) from None
        if self._gzip.tell() > self._most_bytes:
            raise failure("data-bomb", Place(self._file, 1, 1), ratio=MOST_RATIO)
        return content

    def readinto(self, buffer: Any) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._gzip.close()
        self._packed.close()
        super().close()
