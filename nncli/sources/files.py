"""A data file to a table: by its suffix, from bytes that are read once or a piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from nncli.errors import Problem
from nncli.sources.arrow_files import open_arrow
from nncli.sources.data_files import DataFile
from nncli.sources.delimited import open_delimited
from nncli.sources.json_lines import open_json_lines
from nncli.sources.numpy_files import open_npy, open_npz
from nncli.sources.parquet import open_parquet
from nncli.sources.pieces import OpenedFile, Wanted
from nncli.sources.safetensors_files import open_safetensors
from nncli.sources.storing import table_of
from nncli.sources.tables import Reading, Table
from nncli.sources.text_files import open_text

Reader: TypeAlias = Callable[[DataFile, Reading], OpenedFile]
Choice: TypeAlias = Callable[[tuple[str, ...]], Wanted]

READERS: Final[dict[str, Reader]] = {
    ".csv": lambda file, reading: open_delimited(file, reading.delimiter or ",", reading),
    ".tsv": lambda file, reading: open_delimited(file, reading.delimiter or "\t", reading),
    ".jsonl": open_json_lines,
    ".ndjson": open_json_lines,
    ".parquet": open_parquet,
    ".arrow": open_arrow,
    ".feather": open_arrow,
    ".txt": open_text,
    ".npz": open_npz,
    ".npy": open_npy,
    ".safetensors": open_safetensors,
}


def format_problem(path: Path) -> Problem | None:
    """Says why a file of this suffix cannot be read as a table, if so."""
    if path.suffix.lower() in READERS:
        return None
    return Problem("data-format", facts={"file": path, "suffix": path.suffix, "known": list(READERS)})


def all_as_written(headers: tuple[str, ...]) -> Wanted:
    """Wants all columns, and text where the file is text."""
    return Wanted()


def read_table(file: DataFile, reading: Reading, choose: Choice = all_as_written) -> Table:
    """Reads a file as its suffix says; `choose` tells from the headers what is wanted."""
    opened = READERS[file.path.suffix.lower()](file, reading)
    return table_of(opened, choose(opened.headers))
