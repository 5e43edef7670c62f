"""A folder of images or sounds to a table: `file`, and `label` where there is a folder for each class.

A folder of `images` and `masks` alone is a table of `file` and `mask`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from nncli.counted import counted
from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure, failures
from nncli.natural_order import natural_order
from nncli.sources.image_files import IMAGE_SUFFIXES
from nncli.sources.sound_files import SOUND_SUFFIXES
from nncli.sources.spots import Spot
from nncli.sources.tables import SHOWN, Source, Table

MEDIA: Final[Mapping[str, tuple[str, ...]]] = {
    "images": IMAGE_SUFFIXES,
    "sounds": SOUND_SUFFIXES,
}
"""What files of a folder are, by the end of their names."""
FILE, LABEL, MASK = "file", "label", "mask"
_PAIR: Final = ("images", "masks")
PartFolder: TypeAlias = Literal["train", "validation", "test"]
_PART_FOLDERS: Final[Mapping[str, PartFolder]] = {
    "train": "train", "validation": "validation", "valid": "validation", "val": "validation", "test": "test"
}  # fmt: skip
# What systems leave behind in folders.
_LEFT_BEHIND: Final = ("Thumbs.db", "desktop.ini", "__MACOSX")


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Where rows of a folder stand: each is a file."""

    folder: str
    names: tuple[str, ...]

    @property
    def unit(self) -> str:
        """A row is a file."""
        return "file"

    def spot(self, line: int, header: str) -> Spot:
        """Points at the file that is a row, counted from 1."""
        return Spot(Place(f"{self.folder}/{self.names[line - 1]}", 1, 1))


@dataclass(frozen=True)
class DataFolder:
    """One folder of data, listed; what its files hold is looked at by who decodes them.

    `shown` is its name in messages. `warnings` say what was left out.
    """

    path: Path
    shown: str
    table: Table
    warnings: tuple[Problem, ...] = ()

    def digest(self) -> str:
        """Names the files and their order."""
        return hashlib.sha256("\n".join(self.table.texts(FILE)).encode()).hexdigest()


@dataclass
class _Found:
    """What lies in a folder: files by their path below it, and what is wrong with others."""

    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


def part_folders(folder: Path) -> Mapping[PartFolder, Path]:
    """Finds folders `train`, `validation` (`val`, `valid`) and `test`, where a folder holds nothing else.

    Gives nothing where there is no `train`, or two for one part.
    """
    try:
        names = [each.name for each in os.scandir(folder) if not _is_hidden(each.name)]
    except OSError:
        return {}
    parts = {_PART_FOLDERS[name]: folder / name for name in names if name in _PART_FOLDERS}
    is_whole = len(parts) == len(names) and all(each.is_dir() for each in parts.values())
    return parts if is_whole and "train" in parts else {}


def find_folder(folder: Path, file: str) -> DataFolder:
    """Lists the images or sounds of a folder; `file` is its name in messages.

    The rows are sorted by label and name, numbers in them by value. Warns of `folder-hidden`. Raises, all
    without a place,
    `folder-empty`, `folder-files`, `folder-links`, `folder-mixed`, `folder-levels`, `folder-class-empty`,
    `folder-name`, `folder-pairs`, `data-closed`.
    """
    import polars as pl

    found = _walk(folder, file)
    problems = list(_problems(found, file))
    if problems:
        raise failures(problems)
    warnings = []
    if found.hidden:
        facts = {"file": file, "files": counted(len(found.hidden), "file"), "shown": _shown(found.hidden)}
        warnings.append(Problem("folder-hidden", facts=facts, severity="warning"))
    files = sorted(found.files, key=lambda path: [natural_order(part) for part in path.split("/")])
    columns = {FILE: files}
    if {path.partition("/")[0] for path in files} == {*_PAIR}:
        columns = _pairs(files, file)
        files = columns[FILE]
    elif "/" in files[0]:
        columns[LABEL] = [path.partition("/")[0] for path in files]
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    table = Table(
        frame, np.arange(1, len(files) + 1), Source(file, FolderFiles(file, tuple(files)), folder=str(folder))
    )
    return DataFolder(folder, file, table, tuple(warnings))


def _pairs(files: Sequence[str], file: str) -> dict[str, list[str]]:
    """Puts images beside the masks that have their names, whatever the ends of these."""
    images: dict[str, list[str]] = {}
    masks: dict[str, list[str]] = {}
    for path in files:
        below, _, name = path.partition("/")
        (images if below == _PAIR[0] else masks).setdefault(os.path.splitext(name)[0], []).append(path)
    alone = [
        path
        for name in images.keys() | masks.keys()
        if not len(images.get(name, ())) == len(masks.get(name, ())) == 1
        for path in (*images.get(name, ()), *masks.get(name, ()))
    ]
    if alone:
        files_alone = counted(len(alone), "file")
        raise failure("folder-pairs", file=file, files=files_alone, shown=_shown(alone))
    return {FILE: [path for (path,) in images.values()], MASK: [masks[name][0] for name in images]}


def is_medium(name: str) -> bool:
    """Tells by its name whether a file is an image or a sound."""
    return _kind(name) != ""


def table_of_file(path: Path) -> Table:
    """Makes a table of one image or sound, without a label."""
    import polars as pl

    frame = pl.DataFrame({FILE: [path.name]}, schema={FILE: pl.String})
    return Table(frame, np.arange(1, 2), Source(str(path), folder=str(path.parent)))


def _walk(folder: Path, file: str) -> _Found:
    found = _Found()
    root = os.path.realpath(folder)
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            entries = list(os.scandir(folder / below))
        except OSError as error:
            shown = f"{file}/{below}".rstrip("/")
            raise failure("data-closed", file=shown, reason=error.strerror) from None
        for entry in entries:
            path = f"{below}/{entry.name}".lstrip("/")
            if _is_hidden(entry.name):
                found.hidden.append(path)
            elif entry.is_symlink() and not _is_inside(entry, root):
                found.outside.append(path)
            elif entry.is_dir(follow_symlinks=False):
                found.folders.append(path)
                waiting.append(path)
            elif entry.is_file() and _kind(entry.name):
                found.files.append(path)
            else:
                found.unknown.append(path)
    return found


def _problems(found: _Found, file: str) -> Iterator[Problem]:
    if found.outside:
        facts = {"file": file, "links": counted(len(found.outside), "link"), "shown": _shown(found.outside)}
        yield Problem("folder-links", facts=facts)
    if found.unknown:
        known = [suffix for suffixes in MEDIA.values() for suffix in suffixes]
        facts = {
            "file": file,
            "files": counted(len(found.unknown), "file"),
            "shown": _shown(found.unknown),
            "known": known,
        }
        yield Problem("folder-files", facts=facts)
    strange = [path for path in found.files if not _is_utf8(path)]
    if strange:
        yield Problem("folder-name", facts={"file": file, "shown": _shown(strange)})
    if not found.files:
        if not found.unknown and not found.outside:
            yield Problem("folder-empty", facts={"file": file})
        return
    kinds = {_kind(path): path for path in reversed(found.files)}
    if len(kinds) > 1:
        yield Problem("folder-mixed", facts={"file": file, "shown": _shown(sorted(kinds.values()))})
    flat = [path for path in found.files if "/" not in path]
    if flat and len(flat) < len(found.files):
        yield Problem(
            "folder-levels", facts={"file": file, "files": counted(len(flat), "file"), "shown": _shown(flat)}
        )
    classes = {path.partition("/")[0] for path in found.files}
    empty = [name for name in found.folders if "/" not in name and name not in classes]
    if empty:
        yield Problem("folder-class-empty", facts={"file": file, "shown": _shown(empty)})


def _kind(name: str) -> str:
    """Tells what a file is by the end of its name; empty where it is neither image nor sound."""
    suffix = os.path.splitext(name)[1].lower()
    return next((kind for kind, suffixes in MEDIA.items() if suffix in suffixes), "")


def _is_inside(entry: os.DirEntry[str], root: str) -> bool:
    """Tells whether a link leads to a file below the folder; to a folder it might lead in circles."""
    target = os.path.realpath(entry.path)
    return os.path.isfile(target) and os.path.commonpath([root, target]) == root


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_BEHIND


def _is_utf8(path: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in path)


def _shown(paths: Sequence[str]) -> list[str]:
    first = sorted(paths, key=natural_order)[:SHOWN]
    return [f"`{path}`" for path in first] + (["…"] if len(paths) > SHOWN else [])
