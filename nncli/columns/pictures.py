"""Images of a column as they are kept: decoded into the cache where they fit there, else when they are taken.

A column is encoded in pieces, and every piece of files has an entry of its own in the cache: its pixels, and
a digest of all bytes that were decoded. The key of an entry names its files with their sizes and times.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nncli.cache_folder import most_bytes
from nncli.columns.decodes import Decode, decode_of
from nncli.columns.file_lists import FileList
from nncli.columns.kept_files import Keep, digest_of_code, find_kept, keep_files
from nncli.columns.stored import Taken
from nncli.draws import Draw
from nncli.messages.catalogue import failure
from nncli.sources.media_files import MediaError, on_all_cores, read_media

Pixels: TypeAlias = NDArray[np.uint8]

MOST_BYTES_IN_MEMORY: Final = 256 * 2**20
"""New rows are decoded at once where they take at most this."""
CACHE_SHARE: Final = 2
"""Images are kept where they take at most this part of the cache."""
_KIND: Final = "images"
_PIXELS: Final = "pixels"
_IN_CACHE: Final = -1


@dataclass(frozen=True)
class Piece:
    """Some images that follow each other.

    `kept` is uint8 (images, …) where they are decoded; None where each is decoded when it is taken. `digest`
    is that of the bytes of all files, empty where nobody read all of them.
    """

    count: int
    kept: Tensor | None
    digest: str = ""


@final
@dataclass(frozen=True, eq=False)
class Pictures:
    """Images of files, in pieces.

    `values`, `starts` and `stamps` are those of a FileList in `folder`, `decode` the fields of a Decode.
    `pieces` counts the images of each piece, and those of them that lie in `pixels`, int64 (P, 2); -1 for
    a piece that the cache has. Raises ValueError where the cache lost a piece.
    """

    values: Tensor
    starts: Tensor
    stamps: Tensor
    pieces: Tensor
    pixels: Tensor
    folder: str
    decode: Mapping[str, Any]

    def __post_init__(self) -> None:
        assert self._opened  # A piece that is lost is missed at once.

    @cached_property
    def _files(self) -> FileList:
        return FileList(self.folder, self.values.numpy(), self.starts.numpy(), self.stamps.numpy())

    @cached_property
    def _decode(self) -> Decode:
        return decode_of(self.decode)

    @cached_property
    def _opened(self) -> tuple[Piece, ...]:
        found, first, used = [], 0, 0
        for count, held in self.pieces.tolist():
            if held == _IN_CACHE:
                piece = _in_cache(self._files.part(first, first + count), self._decode)
                if piece is None:
                    raise ValueError("the cache has lost some of them")
                found.append(piece)
            else:
                found.append(Piece(count, self.pixels[used : used + held] if held else None))
                used += held
            first += count
        return tuple(found)

    @property
    def rows(self) -> int:
        """Counts the images."""
        return len(self._files)

    @property
    def row_bytes(self) -> int:
        """Counts the bytes of one image."""
        return math.prod(self._decode.shape)

    @property
    def is_current(self) -> bool:
        """Tells whether no file was changed since it was listed."""
        return self._files.is_current()

    @property
    def digest(self) -> str:
        """Names the bytes of all files."""
        return hashlib.sha256(" ".join(piece.digest for piece in self._opened).encode()).hexdigest()

    @property
    def lengths(self) -> None:
        """Tells of no steps behind those of an image."""

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes images by number, uint8. Raises `image-gone` where one cannot be decoded any more."""
        if len(self._opened) == 1 and self._opened[0].kept is not None:
            return Taken(self._opened[0].kept.index_select(0, rows))
        found = torch.empty((len(rows), *self._decode.shape), dtype=torch.uint8)
        waiting, first = [], 0
        for piece in self._opened:
            is_here = ((rows >= first) & (rows < first + piece.count)).nonzero()[:, 0]
            if piece.kept is None:
                waiting.append(is_here)
            else:
                found[is_here] = piece.kept.index_select(0, rows[is_here] - first)
            first += piece.count
        if waiting:
            self._decode_into(found, rows, torch.cat(waiting))
        return Taken(found)

    def _decode_into(self, found: Tensor, rows: Tensor, places: Tensor) -> None:
        pixels, at = found.numpy(), places.tolist()
        paths = [self._files.path(number) for number in rows[places].tolist()]

        def work(number: int) -> None:
            pixels[at[number]] = self._decode(read_media(paths[number]))

        for number, error in on_all_cores(len(at), work).items():
            raise failure("image-gone", file=str(paths[number]), reason=error.reason)

    def tensors(self) -> dict[str, Tensor]:
        """Names all that it holds; of what lies in the cache only the files are named."""
        names = ("values", "starts", "stamps", "pieces", "pixels")
        return {name: getattr(self, name) for name in names}


def _pictures(files: FileList, decode: Decode, held: int, pixels: Pixels | None = None) -> Pictures:
    nothing = np.empty((0, *decode.shape), dtype=np.uint8)
    return Pictures(
        torch.from_numpy(files.names),
        torch.from_numpy(files.starts),
        torch.from_numpy(files.stamps),
        pieces=torch.tensor([[len(files), held]], dtype=torch.int64),
        pixels=torch.from_numpy(nothing if pixels is None else pixels),
        folder=files.folder,
        decode=asdict(decode),
    )


def decode_new(files: FileList, decode: Decode) -> tuple[Pictures, dict[int, MediaError]]:
    """Decodes files of new rows, in memory where they are few; gives what was refused, by number."""
    if len(files) * math.prod(decode.shape) > MOST_BYTES_IN_MEMORY:
        return _pictures(files, decode, 0), {}
    pixels = np.empty((len(files), *decode.shape), dtype=np.uint8)

    def work(number: int) -> None:
        pixels[number] = decode(read_media(files.path(number)))

    refused = on_all_cores(len(files), work)
    return _pictures(files, decode, len(files), pixels), refused


def decode_once(files: FileList, decode: Decode, about: str) -> tuple[Pictures, dict[int, MediaError]]:
    """Decodes every file once, for all runs, into the cache; gives what was refused, by number.

    Where the images are too many for the cache, it only notes that all of them can be decoded.
    """
    refused: dict[int, MediaError] = {}
    if _in_cache(files, decode) is None:
        size_bytes = len(files) * math.prod(decode.shape)
        is_kept = size_bytes <= most_bytes() // CACHE_SHARE
        try:
            refused = _make_entry(files, decode, about, is_kept=is_kept)
        except OSError:
            # No room on the disk: each image is decoded when it is taken.
            refused = _make_entry(files, decode, about, is_kept=False)
    return _pictures(files, decode, 0 if refused else _IN_CACHE), refused


def _make_entry(files: FileList, decode: Decode, about: str, *, is_kept: bool) -> dict[int, MediaError]:
    size_bytes, lock = math.prod(decode.shape), Lock()

    @contextmanager
    def begin(folder: Path) -> Iterator[Keep]:
        # Not a memory map: where the disk is full, writing to one kills the process.
        with (folder / _PIXELS).open("wb") if is_kept else nullcontext() as stream:

            def keep(number: int, content: bytes) -> None:
                pixels = decode(content)
                if stream is not None:
                    with lock:
                        stream.seek(number * size_bytes)
                        stream.write(pixels.data)

            yield keep

    return keep_files(files, (_KIND, _key(files, decode), about), begin)


def _in_cache(files: FileList, decode: Decode) -> Piece | None:
    kept = find_kept(_KIND, _key(files, decode))
    if kept is None:
        return None
    path = kept.folder / _PIXELS
    if not path.exists():
        return Piece(len(files), None, kept.digest)
    shape = (len(files), *decode.shape)
    # Copied where it is written to; nobody does.
    pixels = np.memmap(path, np.uint8, mode="c", shape=shape)
    return Piece(len(files), torch.from_numpy(pixels), kept.digest)


def _key(files: FileList, decode: Decode) -> str:
    return files.key(asdict(decode), _code())


@cache
def _code() -> str:
    here = Path(__file__).parent
    return digest_of_code((here / "decodes.py", *(here.parent / "sources").glob("image_*.py")))
