"""Texts read as files, small ones and large ones."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from nncli.errors import DataError, Problem
from nncli.sources import text_pieces
from nncli.sources.data_files import DataFile, find_file
from nncli.sources.files import read_table
from nncli.sources.pieces import Wanted
from nncli.sources.tables import Reading, Table

AS_EVER = Reading()


def small(content: str | bytes, name: str = "rows.csv") -> DataFile:
    """A file that is in memory."""
    return DataFile(Path(name), name, content.encode() if isinstance(content, str) else content)


def large(path: Path, content: str | bytes, piece_bytes: int = 64) -> DataFile:
    """A file that is read in pieces of so many bytes; `no_file_is_small` must be in force."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    text_pieces.PIECE_BYTES = piece_bytes
    found = find_file(path, path.name)
    assert isinstance(found, DataFile) and found.content is None
    return found


def table_of(file: DataFile, numbers: Collection[str] = (), reading: Reading = AS_EVER) -> Table:
    """Reads a file with some columns as numbers."""
    return read_table(file, reading, lambda headers: Wanted(None, frozenset(numbers)))


def refused(file: DataFile, numbers: Collection[str] = (), reading: Reading = AS_EVER) -> Problem:
    """Gives the one problem of a file."""
    with pytest.raises(DataError) as caught:
        table_of(file, numbers, reading)
    (problem,) = caught.value.problems
    return problem


def at(problem: Problem) -> tuple[int, int]:
    """Gives line and column of a problem."""
    assert problem.place is not None
    return problem.place.line, problem.place.column
