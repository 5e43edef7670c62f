"""Opening and reading regular files: no pipe is waited for, no device is opened for long."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotRegularError(OSError):
    """What was opened is a folder, a pipe or a device."""

    def __init__(self, *, is_folder: bool) -> None:
        super().__init__()
        self.is_folder = is_folder
        self.strerror = "it is a directory" if is_folder else "it is not a regular file"


def open_regular_file(path: Path, *, follow: bool = True) -> BinaryIO:
    """Opens a file for reading; a link is followed unless that is forbidden.

    Raises NotRegularError, OSError where it is missing or cannot be read, ValueError for a path that
    no file can have.
    """
    # Without O_NONBLOCK a pipe would wait for somebody to write into it.
    names = ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY", *(() if follow else ("O_NOFOLLOW",)))
    flags = os.O_RDONLY
    for name in names:
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise NotRegularError(is_folder=stat.S_ISDIR(mode))
    return open(descriptor, "rb")


def read_regular_file(path: Path, *, follow: bool = True, most_bytes: int = -1) -> bytes:
    """Reads a file, once and whole or up to a number of bytes. Raises as `open_regular_file` does."""
    with open_regular_file(path, follow=follow) as file:
        if most_bytes < 0:
            return file.read()
        # A read takes memory for all that it may read, and small files are many.
        size_bytes = os.fstat(file.fileno()).st_size
        pieces, left = [], most_bytes
        while left and (piece := file.read(min(left, size_bytes + 1))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)
