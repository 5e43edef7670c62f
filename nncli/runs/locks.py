"""One process writes into a run folder at a time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, final

from nncli.messages.catalogue import failure
from nncli.operating_system import BINARY, NO_FOLLOW, NO_WAIT, release_lock, take_lock
from nncli.runs.atomic import disk_errors

LOCK_NAME: Final = ".lock"

# Who only asks whether a run is held has its lock for a moment. Units: seconds between two looks.
_LOOKS: Final = 10
_BETWEEN: Final = 0.02


@final
class RunLock:
    """Holds a run folder while a `with` block runs; the system lets go when the process ends.

    The lock file stays: removing it would let two processes hold two files of the same name.
    Errors: run-in-use, disk-full, disk-failed, folder-read-only, file-linked.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._descriptor = -1

    def __enter__(self) -> RunLock:
        path = self._run / LOCK_NAME
        with disk_errors(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW | NO_WAIT | BINARY, 0o644)
        try:
            with disk_errors(path):
                if not _take_soon(descriptor):
                    raise failure("run-in-use", run=self._run, process=_holder(descriptor))
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, f"{os.getpid()}\n".encode())
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        release_lock(self._descriptor)
        os.close(self._descriptor)


def _take_soon(descriptor: int) -> bool:
    for _ in range(_LOOKS):
        if take_lock(descriptor):
            return True
        time.sleep(_BETWEEN)
    return take_lock(descriptor)


def is_held(run: Path) -> bool:
    """Tells whether a process holds a run; nothing is left behind."""
    try:
        descriptor = os.open(run / LOCK_NAME, os.O_RDONLY | NO_FOLLOW | NO_WAIT | BINARY)
    except OSError:
        return False
    try:
        is_free = take_lock(descriptor)
        if is_free:
            release_lock(descriptor)
        return not is_free
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    """Reads the process id of the one who holds the lock; empty where it is not there yet."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, 20).decode("ascii", "replace").strip()
    return text if text.isdecimal() else ""
