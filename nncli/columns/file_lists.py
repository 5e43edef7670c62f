"""The files that a column names, as arrays: a million of them are no objects, and can be kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Stamps = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FileList:
    """Files below a folder, in order.

    Shapes (N files): `names` holds their paths as UTF-8, uint8, one behind the other, `starts` where each
    begins, int64 (N + 1,). `stamps` is size and time of change when they were listed, int64 (N, 2).
    """

    folder: str
    names: NDArray[np.uint8]
    starts: NDArray[np.int64]
    stamps: Stamps

    def __len__(self) -> int:
        return len(self.starts) - 1

    def name(self, number: int) -> str:
        """Gives the path of a file as its cell has it."""
        return self.names[self.starts[number] : self.starts[number + 1]].tobytes().decode()

    def path(self, number: int) -> Path:
        """Gives the path of a file from the working folder."""
        return Path(self.folder, self.name(number))

    def part(self, first: int, stop: int) -> FileList:
        """Gives some of the files that follow each other."""
        starts = self.starts[first : stop + 1]
        names = self.names[starts[0] : starts[-1]]
        return FileList(self.folder, names, starts - starts[0], self.stamps[first:stop])

    def is_current(self) -> bool:
        """Tells whether no file was changed since it was listed."""
        return np.array_equal(self.stamps, _stamps(self.path(number) for number in range(len(self))))

    def key(self, *facts: object) -> str:
        """Names the files as they are now, with some facts more."""
        hashed = hashlib.sha256(repr((os.path.abspath(self.folder), facts)).encode())
        for array in (self.names, self.starts, self.stamps):
            hashed.update(np.ascontiguousarray(array).data)
        return hashed.hexdigest()


def list_files(folder: str, names: Sequence[str]) -> FileList:
    """Lists files by the paths in cells; one that is not there has no size."""
    encoded = [name.encode("utf-8", "surrogatepass") for name in names]
    starts = np.zeros(len(names) + 1, dtype=np.int64)
    np.cumsum([len(each) for each in encoded], out=starts[1:])
    joined = np.frombuffer(bytearray(b"".join(encoded)), dtype=np.uint8)
    return FileList(folder, joined, starts, _stamps(Path(folder, name) for name in names))


def _stamps(paths: Iterator[Path]) -> Stamps:
    found = [_stamp(path) for path in paths]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return -1, 0
    return status.st_size, status.st_mtime_ns
