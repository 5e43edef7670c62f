"""What differs between operating systems about files: locks, and folders that survive a power loss."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Final

NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
BINARY: Final[int] = getattr(os, "O_BINARY", 0)
NO_WAIT: Final[int] = getattr(os, "O_NONBLOCK", 0)
_FAR: Final = 1 << 30
"""Windows hides the bytes that are locked, so the one that is locked lies behind the text."""
_NO_FOLDER_SYNC: Final = (errno.EINVAL, errno.ENOTSUP)


def sync_folder(path: Path) -> None:
    """Makes the names in a folder survive a power loss, where the system can do that."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def take_lock(descriptor: int, *, is_shared: bool = False) -> bool:
        """Locks a file for this process, or says that another holds it; never waits.

        Windows has no shared locks: none is taken, since it keeps open files from being removed anyway.
        """
        if is_shared:
            return True
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def release_lock(descriptor: int) -> None:
        """Lets go of a lock that is not shared."""
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def take_lock(descriptor: int, *, is_shared: bool = False) -> bool:
        """Locks a file for this process, or says that another holds it; never waits.

        Several can share a lock; a lock that is held already becomes what is asked for.
        """
        kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release_lock(descriptor: int) -> None:
        """Lets go of a lock."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
