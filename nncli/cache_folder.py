"""The one place of everything that is kept to be quicker next time: bounded, and safe to remove at any time.

An entry is a folder, `KIND/KEY`, and its key names all that it depends on. It is made aside, synced and
renamed, so that what is there is whole. Whoever uses an entry holds a shared lock on it until the process
ends, and only what nobody holds is removed: the one that was not used for longest first.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nncli.messages.catalogue import failure
from nncli.operating_system import BINARY, sync_folder, take_lock

FOLDER_VARIABLE: Final = "NNCLI_CACHE"
SIZE_VARIABLE: Final = "NNCLI_CACHE_SIZE"
MOST_BYTES: Final = 20 * 10**9
FREE_SHARE: Final = 10
"""Without NNCLI_CACHE_SIZE the cache keeps at most 20 GB, and at most a tenth of what the disk has left."""

_PARTIAL: Final = ".partial"
_LOCK: Final = "lock"
_ABOUT: Final = "about.json"
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kMGT]?)(i?)B?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}

# Descriptors of the locks that this process holds, by entry; entries of the second kind are removed at exit.
_held: dict[Path, int] = {}
_own_alone: dict[tuple[str, str], Path] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the cache keeps under one key; `about` says what it belongs to, `used` is seconds of the epoch."""

    kind: str
    key: str
    path: Path
    about: str
    size_bytes: int
    used: float


def cache_folder() -> Path:
    """Gives the folder of the cache: NNCLI_CACHE, else the usual place of the system for caches."""
    stated = os.environ.get(FOLDER_VARIABLE)
    if stated:
        return Path(stated)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "nncli"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/nncli"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nncli"


def most_bytes() -> int:
    """Tells how much the cache may keep. Raises `cache-size`."""
    stated = os.environ.get(SIZE_VARIABLE)
    if stated:
        size = _SIZE.fullmatch(stated.strip())
        if not size:
            raise failure("cache-size", variable=SIZE_VARIABLE, received=stated)
        return int(float(size[1]) * (1024 if size[3] else 1000) ** _POWERS[size[2].lower()])
    free_bytes = MOST_BYTES * FREE_SHARE
    for folder in (cache_folder(), *cache_folder().absolute().parents):
        with suppress(OSError):
            free_bytes = shutil.disk_usage(folder).free
            break
    # What the cache has already would be free without it.
    return min(MOST_BYTES, (free_bytes + sum(each.size_bytes for each in list_cache())) // FREE_SHARE)


def find_entry(kind: str, key: str) -> Path | None:
    """Gives the folder of an entry, which stays until this process ends, or None where there is none."""
    if (kind, key) in _own_alone:
        return _own_alone[kind, key]
    # A home that cannot be found is a RuntimeError.
    with suppress(OSError, RuntimeError):
        path = cache_folder() / kind / key
        if _hold(path):
            with suppress(PermissionError):
                os.utime(path / _LOCK)
            return path
    return None


@contextmanager
def new_entry(kind: str, key: str, about: str) -> Iterator[Path]:
    """Gives an empty folder to fill, and puts it in place when the block ends; `find_entry` gives it then.

    Where the block fails, nothing is left. Where the cache cannot be written, the entry lies among the
    temporary files of the system until this process ends. Errors: OSError, `cache-size`.
    """
    limit_bytes = most_bytes()
    folder = _folder_aside(kind, key) or Path(tempfile.mkdtemp(prefix=f"nncli-{kind}-"))
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | BINARY, 0o600)
    try:
        _try_lock(descriptor)
        yield folder
        (folder / _ABOUT).write_text(json.dumps({"about": about}), encoding="utf-8")
        _sync(folder)
        _try_lock(descriptor, is_shared=True)
        _put_in_place(folder, kind, key)
    except BaseException:
        _remove(folder)
        raise
    finally:
        os.close(descriptor)
    _make_room(limit_bytes)


def remove_damaged(kind: str, key: str) -> None:
    """Removes an entry that is not as it was written; who reads its files goes on reading them."""
    with suppress(OSError, RuntimeError):
        path = cache_folder() / kind / key
        if path in _held:
            os.close(_held.pop(path))
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PARTIAL}")
        os.rename(path, aside)
        _remove(aside)


def list_cache() -> tuple[Entry, ...]:
    """Lists what the cache keeps, used last first."""
    found = [entry for path in _folders() if (entry := _entry(path))]
    return tuple(sorted(found, key=lambda entry: entry.used, reverse=True))


def clear_cache() -> tuple[Entry, ...]:
    """Removes everything that no other process uses, and gives what was removed."""
    for path in list(_held):
        os.close(_held.pop(path))
    removed = tuple(entry for entry in list_cache() if _remove_unused(entry.path))
    _remove_abandoned()
    return removed


def _folders() -> Iterator[Path]:
    with suppress(OSError, RuntimeError):
        for kind in sorted(each for each in cache_folder().iterdir() if each.is_dir()):
            yield from (each for each in sorted(kind.iterdir()) if each.is_dir())


def _entry(path: Path) -> Entry | None:
    if path.suffix == _PARTIAL:
        return None
    try:
        about = str(json.loads((path / _ABOUT).read_text(encoding="utf-8"))["about"])
        used = (path / _LOCK).stat().st_mtime
        size_bytes = sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Entry(path.parent.name, path.name, path, about, size_bytes, used)


def _hold(path: Path) -> bool:
    """Takes a shared lock on an entry that is whole, unless this process has one."""
    if path in _held and (path / _ABOUT).exists():
        return True
    descriptor = os.open(path / _LOCK, os.O_RDONLY | BINARY)
    # Between opening and locking, the entry may have been removed, or removed and made again.
    is_held = _try_lock(descriptor, is_shared=True) and (path / _ABOUT).exists()
    if not is_held or os.fstat(descriptor).st_ino != (path / _LOCK).stat().st_ino:
        os.close(descriptor)
        return False
    _held[path] = descriptor
    return True


def _folder_aside(kind: str, key: str) -> Path | None:
    with suppress(OSError, RuntimeError):
        parent = cache_folder() / kind
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = parent / f"{key}.{secrets.token_hex(4)}{_PARTIAL}"
        folder.mkdir(mode=0o700)
        return folder
    return None


def _put_in_place(folder: Path, kind: str, key: str) -> None:
    with suppress(OSError, RuntimeError):
        path = cache_folder() / kind / key
        with suppress(OSError):
            os.rename(folder, path)
            sync_folder(path.parent)
        # Another process may have been first: what it made is the same.
        if _hold(path):
            _remove(folder)
            return
    _own_alone[kind, key] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _try_lock(descriptor: int, *, is_shared: bool = False) -> bool:
    """Locks where the file system can; where it cannot, nothing is ever removed by itself."""
    try:
        return take_lock(descriptor, is_shared=is_shared)
    except OSError:
        return True


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDWR | BINARY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir())):
        sync_folder(path)


def _make_room(limit_bytes: int) -> None:
    _remove_abandoned()
    entries = list_cache()
    total_bytes = sum(entry.size_bytes for entry in entries)
    for entry in reversed(entries):
        if total_bytes <= limit_bytes:
            break
        if _remove_unused(entry.path):
            total_bytes -= entry.size_bytes


def _remove_abandoned() -> None:
    """Removes what a process that ended left half made."""
    for path in _folders():
        if path.suffix == _PARTIAL:
            _remove_unused(path)


def _remove_unused(path: Path) -> bool:
    """Removes a folder that no process holds."""
    try:
        descriptor = os.open(path / _LOCK, os.O_RDWR | BINARY)
    except OSError:
        return False
    try:
        if path in _held or not take_lock(descriptor):
            return False
        # Under another name first, so that nobody finds it half removed.
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_PARTIAL}")
        os.rename(path, aside)
        _remove(aside)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _remove(folder: Path) -> None:
    """Removes a folder; its lock goes last, so that what is left of it can be told and removed later."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _LOCK:
            path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
