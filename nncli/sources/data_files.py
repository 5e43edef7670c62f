"""A data file as it was found: read at once where it is small, else read again by whoever needs it."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from nncli.cache_folder import find_entry, new_entry
from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure
from nncli.near_paths import nearest_beside
from nncli.regular_files import NotRegularError, open_regular_file
from nncli.sources.packed_files import SUFFIX, unpacked

LARGE_BYTES: Final = 64 * 2**20
"""From this size on a file is read in pieces, and its rows lie in the cache instead of memory."""
_KEPT_BYTES: Final = 256 * 2**20
"""From this size on the digest is kept beside what the system says of the file: hashing takes a while."""
_CHUNK_BYTES: Final = 2**20
_SETTLED_SECONDS: Final = 2
"""A file that was changed this long ago cannot be changed again with the same time of change."""
_DIGESTS: Final = "digests"
# What this process digested already; a file that changed since is another one by its status.
_digested: dict[DataFile, str] = {}


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of data.

    `shown` is its name in messages. `content` is what stands in it, None where it is large. `status` is
    its inode, size and times of change when it was found; empty for what is no file, such as standard
    input. What `is_packed` by gzip is unpacked wherever it is read.
    """

    path: Path
    shown: str
    content: bytes | None
    status: tuple[int, ...] = ()
    is_packed: bool = False

    @property
    def size_bytes(self) -> int:
        """Counts the bytes."""
        return self.status[1] if self.content is None else len(self.content)

    def stream(self) -> BinaryIO:
        """Opens the bytes for reading. Raises `data-changing` where the file is another by now."""
        if self.content is not None:
            return io.BytesIO(self.content)
        try:
            stream = open_regular_file(self.path)
        except (OSError, ValueError):
            raise failure("data-changing", file=self.shown) from None
        self.refuse_change(stream)
        return unpacked(stream, self.shown, self.status[1]) if self.is_packed else stream

    def chunks(self, most_bytes: int, offset: int = 0) -> Iterator[bytes]:
        """Reads the bytes from an offset on, a part at a time.

        Raises `data-changing` where the file changes meanwhile.
        """
        with self.stream() as stream:
            stream.seek(offset)
            while chunk := stream.read(most_bytes):
                yield chunk
            self.refuse_change(stream)

    def refuse_change(self, stream: BinaryIO) -> None:
        """Raises `data-changing` where the file of a stream is no longer as it was found."""
        if self.content is None and _status(os.fstat(stream.fileno())) != self.status:
            stream.close()
            raise failure("data-changing", file=self.shown)

    def digest(self) -> str:
        """Gives the sha256 of the bytes; of a file above 256 MB only once. Raises `data-changing`."""
        if self.content is not None:
            return hashlib.sha256(self.content).hexdigest()
        if self not in _digested:
            _digested[self] = self._digest()
        return _digested[self]

    def _digest(self) -> str:
        key = self._signature() if self.size_bytes >= _KEPT_BYTES else ""
        kept = find_entry(_DIGESTS, key) if key else None
        if kept is not None:
            with suppress(OSError):
                return (kept / "sha256").read_text()
        hashed = hashlib.sha256()
        for chunk in self.chunks(_CHUNK_BYTES):
            hashed.update(chunk)
        digest = hashed.hexdigest()
        if key:
            with suppress(OSError, NncliError), new_entry(_DIGESTS, key, self.shown) as folder:
                (folder / "sha256").write_text(digest)
        return digest

    def _signature(self) -> str:
        """Names the bytes by all that the system says of them; empty where they may change unseen."""
        with self.stream() as stream:
            found = os.fstat(stream.fileno())
        changed = max(found.st_mtime_ns, found.st_ctime_ns)
        if time.time_ns() - changed < _SETTLED_SECONDS * 10**9:
            return ""
        facts = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
        return hashlib.sha256(repr(facts).encode()).hexdigest()


def find_file(path: Path, shown: str, most_bytes: int | None = None) -> DataFile | Problem:
    """Opens a regular file and reads it where it is small, or says why that cannot be done.

    A name that ends in `.gz` says that it is packed. `most_bytes` is what still is small; default: 64 MB.
    Problems, without a place: `data-irregular`, `data-missing`, `data-closed`. Raises what unpacking raises.
    """
    limit_bytes = LARGE_BYTES if most_bytes is None else most_bytes
    is_packed = path.suffix.lower() == SUFFIX
    try:
        with open_regular_file(path) as stream:
            status = _status(os.fstat(stream.fileno()))
            content: bytes | None = None
            if status[1] < limit_bytes:
                content = _content(stream, shown, status[1], limit_bytes) if is_packed else stream.read()
            return DataFile(path, shown, content, status, is_packed)
    except NotRegularError as error:
        kind = "a directory" if error.is_folder else "no regular file"
        return Problem("data-irregular", facts={"file": path, "kind": kind})
    except FileNotFoundError:
        facts = {"file": path, "nearest": nearest_beside(path)}
        return Problem("data-missing", facts=facts)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Problem("data-closed", facts={"file": path, "reason": reason})


def _content(stream: BinaryIO, shown: str, packed_bytes: int, limit_bytes: int) -> bytes | None:
    """Unpacks a small file, unless what is in it is large."""
    with unpacked(stream, shown, packed_bytes) as text:
        content = text.read(limit_bytes)
        return content if len(content) < limit_bytes else None


def _status(found: os.stat_result) -> tuple[int, ...]:
    # The time of change can be set by hand, that of the inode cannot.
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
