"""Rows as they were read, before any encoding, with the line that each of them stands on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure

if TYPE_CHECKING:
    import polars as pl

Rows: TypeAlias = NDArray[np.int64]
Severity: TypeAlias = Literal["error", "warning"]
SHOWN: Final = 5
"""How many bad cells a message shows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bytes of a table are read; `delimiter` None follows the suffix: tab for .tsv, else comma."""

    delimiter: str | None = None
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its three names: in the spec, in the file (`header`), and its role."""

    name: str
    header: str
    role: Literal["input", "target"]

    @property
    def path(self) -> str:
        """The YAML path of the column's declaration."""
        return f"data.{self.role}s.{self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows came from, so that a cell can be pointed at.

    `content` is the text as UTF-8 with "\\n" line ends, empty where rows have no lines (Parquet, rows
    from Python). `delimiter` is empty where the lines are JSON. `is_new` tells rows for a network
    that is trained already: what their columns are cannot be declared otherwise any more.
    """

    file: str
    content: bytes = b""
    delimiter: str = ""
    is_new: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of a file: one text column per field of CSV and JSONL, typed columns of Parquet.

    `lines` counts from 1: the line that a row begins on, or the row where there are no lines.
    """

    frame: pl.DataFrame
    lines: Rows
    source: Source
    reading: Reading = field(default_factory=Reading)

    def __len__(self) -> int:
        return self.frame.height

    @property
    def columns(self) -> tuple[str, ...]:
        """The headers, in the order of the file."""
        return tuple(self.frame.columns)

    def take(self, rows: Rows) -> Table:
        """Picks rows by position, in the order given."""
        return replace(self, frame=self.frame[rows], lines=self.lines[rows])

    def only(self, headers: Sequence[str]) -> Table:
        """Keeps some of the columns; nothing is copied."""
        return replace(self, frame=self.frame.select(list(dict.fromkeys(headers))))

    def slices(self, most_rows: int) -> Iterator[tuple[int, Table]]:
        """Walks over the rows in pieces, each with the number of its first row; nothing is copied."""
        for first in range(0, len(self), most_rows):
            frame, lines = self.frame.slice(first, most_rows), self.lines[first : first + most_rows]
            yield first, replace(self, frame=frame, lines=lines)

    def refuse_nested(self, header: str) -> None:
        """Raises `cells-nested` for a column of lists, structures or bytes."""
        import polars as pl

        kind = self.frame.schema[header]
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise failure("cells-nested", self.header_place(), column=header, kind=str(kind))

    def raw(self, header: str) -> pl.Series:
        """Gives the cells of a column as text, as they are in the file. Raises `cells-nested`."""
        import polars as pl

        self.refuse_nested(header)
        return self.frame[header].cast(pl.String)

    def texts(self, header: str) -> pl.Series:
        """Gives the cells of a column as text, null where they are empty. Raises `cells-nested`."""
        import polars as pl

        series = self.raw(header)
        nulls = [*self.reading.nulls, *(["NaN"] if self.frame.schema[header].is_float() else [])]
        empty = series.is_in(pl.Series(nulls, dtype=pl.String).implode())
        return series.set(empty.fill_null(False), None)

    def header_place(self) -> Place:
        """The first line of the file, where the headers of a CSV file stand."""
        return Place(self.source.file, 1, 1, self._line(1))

    def place(self, row: int, header: str) -> Place:
        """Points at a cell; at the start of its line where it cannot be told further."""
        line = int(self.lines[row])
        text = self._line(line)
        if self.source.delimiter:
            column = _field_start(text, self.columns.index(header), self.source.delimiter)
        else:
            column = text.find(json.dumps(header, ensure_ascii=False)) + 1
        return Place(self.source.file, line, max(column, 1), text)

    def _line(self, line: int) -> str:
        lines = self.source.content.split(b"\n", line)
        return lines[line - 1].decode("utf-8") if len(lines) >= line else ""

    def cells_problem(self, code: str, column: Column, rows: Rows, **facts: object) -> Problem:
        """Makes one problem of all bad cells of a column: counted, at the first, five shown."""
        unit = "line" if self.source.content else "row"
        raw = self.raw(column.header)
        cells = [f"{unit} {self.lines[row]} `{raw[int(row)]}`" for row in rows[:SHOWN]]
        lines = [str(self.lines[row]) for row in rows[:SHOWN]]
        more = ["…"] if len(rows) > SHOWN else []
        said: dict[str, object] = {
            "name": column.name,
            "column": column.header,
            "count": len(rows),
            "rows": counted(len(rows), "row"),
            "cells": [*cells, *more],
            "trained": column.header if self.source.is_new else "",
            "lines": f"{unit}{'s' if len(rows) > 1 else ''} " + ", ".join([*lines, *more]),
        }
        return Problem(code, self.place(int(rows[0]), column.header), column.path, said | facts)


@final
class Refusals:
    """What is wrong with the cells of a table, gathered while it is read in slices.

    `first` is the number of the first row of the slice that is read at the moment.
    """

    def __init__(self) -> None:
        self.first = 0
        self._found: dict[tuple[str, Column, Severity], tuple[list[Rows], Mapping[str, object]]] = {}

    def add(
        self, code: str, column: Column, rows: Rows, severity: Severity = "error", **facts: object
    ) -> None:
        """Notes cells by their rows in the slice; those of one column and code become one problem."""
        if len(rows):
            found = self._found.setdefault((code, column, severity), ([], facts))
            found[0].append(rows + self.first)

    @property
    def are_errors(self) -> bool:
        """Tells whether anything is worse than a warning."""
        return any(severity == "error" for _, _, severity in self._found)

    def problems(self, table: Table) -> list[Problem]:
        """Makes the problems, each at its first cell in the whole table."""
        return [
            replace(table.cells_problem(code, column, np.concatenate(rows), **facts), severity=severity)
            for (code, column, severity), (rows, facts) in self._found.items()
        ]


def counted(count: int, word: str) -> str:
    """Writes a count with its word: `1 row`, `1,200 rows`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _field_start(line: str, index: int, delimiter: str) -> int:
    """Finds the column, from 1, where a field of a line begins; 0 where a quoted field spans lines."""
    quoted = False
    for position, character in enumerate(line):
        if index == 0:
            return position + 1
        if character == '"':
            quoted = not quoted
        elif character == delimiter and not quoted:
            index -= 1
    return len(line) + 1 if index == 0 and not quoted else 0
