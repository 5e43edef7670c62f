"""A source read without being told how: its delimiter, encoding and words for empty cells are tried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from nncli.errors import DataError, Problem
from nncli.sources.files import DataSource, find_source, read_table, unfound
from nncli.sources.folders import find_folder, part_folders
from nncli.sources.hub_folders import is_hub_folder
from nncli.sources.tables import Reading, Table

NULL_WORDS: Final = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
DELIMITERS: Final = (None, ";", "\t", "|")
MOST_ROWS: Final = 200_000
"""Of a longer table so many rows are looked at, taken evenly."""


def read_by_trying(path: Path) -> Table:
    """Reads a source; another delimiter, encoding and words for empty cells are found by trying."""
    if path.is_dir() and not is_hub_folder(path):
        return find_folder(part_folders(path).get("train", path), str(path)).table
    source = find_source(Path(), str(path))
    if isinstance(source, Problem):
        raise unfound(source, path)
    table = _first_readable(source)
    if len(table) > MOST_ROWS:
        table = table.take(np.unique(np.linspace(0, len(table) - 1, MOST_ROWS).astype(np.int64)))
    found = {word for each in table.columns for word in _null_words(table, each)}
    nulls = ("", *(word for word in NULL_WORDS if word in found))
    return replace(table, reading=replace(table.reading, nulls=nulls))


def _first_readable(source: DataSource, encoding: str = "utf-8") -> Table:
    refused: DataError | None = None
    for delimiter in DELIMITERS:
        try:
            return read_table(source, Reading(delimiter, encoding))
        except DataError as error:
            looks = str(error.problems[0].facts.get("looks", ""))
            if error.problems[0].code == "data-encoding" and looks and encoding == "utf-8":
                return _first_readable(source, looks)
            # Only a wrong delimiter is worth another try; the first answer is the one to give.
            refused = refused or error
            if refused.problems[0].code != "delimiter-wrong":
                break
    assert refused is not None
    raise refused


def _null_words(table: Table, header: str) -> list[str]:
    """Finds the words of a column that mean an empty cell."""
    import polars as pl

    if table.cells.schema[header] != pl.String:
        return []
    stripped = table.texts(header).str.strip_chars()
    words = stripped.filter(stripped.is_in(pl.Series(NULL_WORDS).implode()).fill_null(False)).unique()
    return [str(word) for word in words]
