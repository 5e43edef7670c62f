"""What a spec names as data to a table: a file by its suffix, several by a glob, a saved data set."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failures
from nncli.natural_order import natural_order
from nncli.near_paths import unreadable
from nncli.sources.data_files import LARGE_BYTES, DataFile, find_file
from nncli.sources.hub_folders import find_hub_folder, is_hub_folder
from nncli.sources.packed_files import SUFFIX
from nncli.sources.pieces import OpenedFile, Wanted
from nncli.sources.several import FileSet, open_several
from nncli.sources.tables import Reading, Table

DataSource: TypeAlias = DataFile | FileSet
Choice: TypeAlias = Callable[[tuple[str, ...]], Wanted]

FORMATS: Final = (
    ".csv",
    ".tsv",
    ".jsonl",
    ".ndjson",
    ".parquet",
    ".arrow",
    ".feather",
    ".txt",
    ".npz",
    ".npy",
    ".safetensors",
)
"""The suffixes of files that can be read as a table; readers.py has their readers."""
PACKABLE: Final = (".csv", ".tsv", ".jsonl", ".ndjson")
"""The formats that may be packed by gzip, `.csv.gz`: they are read from their start to their end."""
MOST_FILES: Final = 100_000
_UNOPENED: Final = {
    "data-missing": "no such file",
    "data-irregular": "it is no file",
    "data-closed": "it is closed",
    "glob-empty": "no file is named like that",
}


def format_problem(path: Path) -> Problem | None:
    """Says why a file of this suffix cannot be read as a table, if so."""
    if _form(path) in FORMATS:
        return None
    return Problem("data-format", facts={"file": path, "suffix": path.suffix, "known": list(FORMATS)})


def find_source(folder: Path, source: str) -> DataSource | Problem:
    """Finds a file, the files that a glob names, or a saved data set; paths start from `folder`.

    Problems, without a place: `data-format`, `data-irregular`, `data-missing`, `data-closed`, `glob-empty`,
    `glob-mixed`, `glob-many`, `hub-parts`, `hub-state`. Raises what unpacking a file raises.
    """
    path = folder / source
    if glob.has_magic(source) and not os.path.lexists(path):
        return _find_several(folder, source)
    if is_hub_folder(path):
        return find_hub_folder(path, str(path))
    # A folder is told to be one, whatever its name ends in; so is a name that may be meant as one.
    is_folder = os.path.isdir(path) or not (path.suffix or path.exists())
    return (None if is_folder else format_problem(path)) or find_file(path, str(path))


def unfound(problem: Problem, source: Path | str) -> NncliError:
    """Makes the error for a source that was typed: that it cannot be opened is a mistake of usage."""
    if problem.code not in _UNOPENED:
        return failures([problem])
    kind = problem.facts.get("kind")
    reason = f"it is {kind}" if kind else problem.facts.get("reason") or _UNOPENED[problem.code]
    return unreadable(Path(source), str(reason))


def all_as_written(headers: tuple[str, ...]) -> Wanted:
    """Wants all columns, and text where the file is text."""
    return Wanted()


def read_table(source: DataSource, reading: Reading, choose: Choice = all_as_written) -> Table:
    """Reads a source as its suffix says; `choose` tells from the headers what is wanted."""
    if isinstance(source, FileSet):
        opened: OpenedFile = open_several(
            source, tuple(_open(each, reading) for each in source.files), reading
        )
    else:
        opened = _open(source, reading)
    from nncli.sources.storing import table_of

    return table_of(opened, choose(opened.headers))


def _open(file: DataFile, reading: Reading) -> OpenedFile:
    from nncli.sources.readers import READERS

    return READERS[_form(file.path)](file, reading)


def _form(path: Path) -> str:
    """Gives the suffix that says the format; that of the file inside where it is packed."""
    suffix = path.suffix.lower()
    inner = Path(path.stem).suffix.lower() if suffix == SUFFIX else ""
    return inner if inner in PACKABLE else suffix


def _find_several(folder: Path, source: str) -> FileSet | Problem:
    """Finds the files of a glob, numbers in their names in order."""
    found = glob.glob(source, root_dir=folder, recursive=True)
    names = sorted((name for name in found if os.path.isfile(folder / name)), key=natural_order)
    facts: dict[str, object] = {"pattern": str(folder / source)}
    if not names:
        return Problem("glob-empty", facts=facts)
    if len(names) > MOST_FILES:
        return Problem("glob-many", facts=facts | {"files": f"{len(names):,}", "most": f"{MOST_FILES:,}"})
    forms = sorted({_form(Path(name)) for name in names})
    if len(forms) > 1:
        return Problem("glob-mixed", facts=facts | {"forms": forms})
    problem = format_problem(folder / names[0])
    if problem:
        return problem
    is_large = sum(os.stat(folder / name).st_size for name in names) >= LARGE_BYTES
    files: list[DataFile] = []
    for name in names:
        file = find_file(folder / name, str(folder / name), 0 if is_large else None)
        if isinstance(file, Problem):
            return file
        files.append(file)
    shown = tuple(Path(name).as_posix() for name in names)
    return FileSet(Path(names[0]), str(folder / source), tuple(files), shown)
