"""Reading and writing that a crash, a full disk or a planted link never leaves half done."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Protocol

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.operating_system import BINARY, NO_FOLLOW, sync_folder
from nncli.regular_files import NotRegularError, open_regular_file, read_regular_file

PARTIAL: Final = ".partial"
"""The end of every name that is not yet, or no longer, part of a run."""

_PIECE_BYTES: Final = 2**20
_MODE: Final = 0o644
_FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_FORBIDDEN: Final = (errno.EROFS, errno.EACCES, errno.EPERM)


class Pieces(Protocol):
    """What a file is to hold, made piece by piece."""

    def __len__(self) -> int:
        """Counts all bytes."""

    def __iter__(self) -> Iterator[bytes | memoryview]:
        """Makes the pieces in order."""


def write_atomic(path: Path, content: bytes | Pieces) -> None:
    """Puts a file in place whole or not at all; a link at `path` is replaced, never followed.

    Errors: disk-full, disk-failed, folder-read-only; the file that was there before stays.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        with disk_errors(path, len(content)):
            write_new(partial, content)
            os.replace(partial, path)
            sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


@contextmanager
def atomic_stream(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file that is put in place when the block ends, and not at all where it fails.

    Errors: disk-full, disk-failed, folder-read-only; the file that was there before stays.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        with disk_errors(path):
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY, _MODE)
            with open(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def write_new(path: Path, content: bytes | Pieces) -> str:
    """Writes and syncs a file that must not exist yet, inside a folder that is still partial.

    Returns the sha256 of what was written.
    Errors: OSError; the caller knows how many bytes the whole folder needs.
    """
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY, _MODE)
    with open(descriptor, "wb") as file:
        for piece in (content,) if isinstance(content, bytes) else content:
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def append_line(path: Path, line: str) -> None:
    """Adds a line to a file, which is made where it is missing.

    The line is not synced: `rows.synced_size` does that once for many.
    Errors: disk-full, disk-failed, folder-read-only, file-linked.
    """
    content = f"{line}\n".encode()
    with disk_errors(path, len(content)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW | BINARY, _MODE)
        with open(descriptor, "ab") as file:
            size = os.fstat(descriptor).st_size
            try:
                file.write(content)
                file.flush()
            except OSError:
                # Half a line would be the beginning of the next one.
                with suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise


def rename_over_empty(folder: Path, target: Path) -> None:
    """Renames a folder to a name that is free or that of an empty folder.

    Errors: OSError where something is there; of several callers at once, one succeeds.
    """
    if sys.platform == "win32" and target.is_dir():
        target.rmdir()
    os.rename(folder, target)


def read_regular(path: Path) -> bytes:
    """Reads a file that a person named, once and whole; a link to it is followed.

    Errors: file-not-regular; OSError where it is missing or cannot be read.
    """
    return _read(path, follow=True)


def read_own(path: Path) -> bytes:
    """Reads a file inside a run folder; a link could lead anywhere and is refused.

    Errors: file-linked, file-not-regular; OSError where it is missing or cannot be read.
    """
    refuse_link(path)
    return _read(path, follow=False)


def digest_own(path: Path) -> tuple[str, int]:
    """Reads a file inside a run folder piece by piece: its sha256 and its bytes. Errors: as `read_own`."""
    refuse_link(path)
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with open_regular_file(path, follow=False) as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                size_bytes += len(piece)
    except NotRegularError as error:
        raise failure("file-not-regular", file=path) from error
    return digest.hexdigest(), size_bytes


def _read(path: Path, *, follow: bool) -> bytes:
    try:
        return read_regular_file(path, follow=follow)
    except NotRegularError as error:
        raise failure("file-not-regular", file=path) from error


def refuse_link(path: Path) -> None:
    """Refuses a symbolic link, and a file that has a second name elsewhere; one that is not there passes.

    Errors: file-linked.
    """
    try:
        status = os.lstat(path)
    except OSError:
        return
    hard_linked = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
    if stat.S_ISLNK(status.st_mode) or hard_linked:
        raise failure("file-linked", file=path)


def check_space(path: Path, needed_bytes: int) -> None:
    """Refuses to begin where the disk has too little room for `needed_bytes` below `path`.

    Errors: disk-full.
    """
    free_bytes = _free_bytes(path)
    if free_bytes is not None and free_bytes < needed_bytes:
        raise failure("disk-full", file=path, needed_bytes=needed_bytes, free_bytes=free_bytes)


@contextmanager
def disk_errors(path: Path, needed_bytes: int = 0) -> Iterator[None]:
    """Turns what the system says about writing `path` into a problem that a person can act on.

    Errors: disk-full, disk-failed, folder-read-only, file-linked.
    """
    try:
        yield
    except OSError as error:
        raise _disk_failure(path, needed_bytes, error) from error


def _disk_failure(path: Path, needed_bytes: int, error: OSError) -> NncliError:
    if error.errno in _FULL:
        return failure("disk-full", file=path, needed_bytes=needed_bytes, free_bytes=_free_bytes(path))
    if error.errno in _FORBIDDEN:
        return failure("folder-read-only", file=path, folder=path.parent)
    if error.errno == errno.ELOOP:
        return failure("file-linked", file=path)
    return failure("disk-failed", file=path, reason=error.strerror or str(error))


def _free_bytes(path: Path) -> int | None:
    for folder in (path, *path.absolute().parents):
        with suppress(OSError):
            return shutil.disk_usage(folder).free
    return None
