"""Files that are decoded once for all runs: an entry of the cache for each list of them, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from nncli.cache_folder import find_entry, new_entry
from nncli.columns.file_lists import FileList
from nncli.sources.media_files import MediaError, on_all_cores, read_media

Keep: TypeAlias = Callable[[int, bytes], None]
"""Decodes and keeps one file, by its number. Raises MediaError."""
_DIGEST: Final = "sha256"


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry with decoded files, and the digest of their bytes."""

    folder: Path
    digest: str


class _RefusedError(Exception):
    """Ends an entry of the cache that came to nothing."""


def find_kept(kind: str, key: str) -> Kept | None:
    """Finds what was decoded before."""
    folder = find_entry(kind, key)
    return None if folder is None else Kept(folder, (folder / _DIGEST).read_text())


def keep_files(
    files: FileList,
    entry: tuple[str, str, str],
    begin: Callable[[Path], AbstractContextManager[Keep]],
) -> dict[int, MediaError]:
    """Decodes all files into an entry, its kind, key and what it is about; gives what was refused, by number.

    `begin` opens what is written in the folder of the entry, for as long as files are decoded. Raises
    OSError where there is no room.
    """
    hashes = np.zeros((len(files), 32), dtype=np.uint8)
    refused: dict[int, MediaError] = {}
    with suppress(_RefusedError), new_entry(*entry) as folder:
        with begin(folder) as keep:

            def work(number: int) -> None:
                content = read_media(files.path(number))
                hashes[number] = np.frombuffer(hashlib.sha256(content).digest(), np.uint8)
                keep(number, content)

            refused = on_all_cores(len(files), work)
        if refused:
            raise _RefusedError
        (folder / _DIGEST).write_text(hashlib.sha256(hashes.data).hexdigest())
    return refused


def digest_of_code(paths: Iterable[Path]) -> str:
    """Digests the code that decides what decoded files are."""
    hashed = hashlib.sha256()
    for path in sorted(paths):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()
