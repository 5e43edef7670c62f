"""Rows as they were read, before any encoding, with the line that each of them stands on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from nncli.counted import counted
from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure
from nncli.sources.array_cells import array_of
from nncli.sources.frames import StoredFrame
from nncli.sources.spots import SourceText, Spot

if TYPE_CHECKING:
    import polars as pl

Rows: TypeAlias = NDArray[np.int64]
Severity: TypeAlias = Literal["error", "warning"]
SHOWN: Final = 5
"""How many bad cells a message shows."""
_NO_LINES: Final = np.empty(0, np.int64)
_SHOWN_CHARACTERS: Final = 60
"""How much of a bad cell a message shows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bytes of a table are read; `delimiter` None follows the suffix: tab for .tsv, else comma."""

    delimiter: str | None = None
    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its three names: in the spec, in the file (`header`), and its role.

    `view_of` is the name that is declared where the column is one of several views of it.
    """

    name: str
    header: str
    role: Literal["input", "target"]
    view_of: str = ""

    @property
    def path(self) -> str:
        """The YAML path of the column's declaration."""
        return f"data.{self.role}s.{self.view_of or self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows came from, so that a cell can be pointed at.

    `file` is its name in messages. `text` is None where rows have no lines (Parquet, rows from Python).
    `is_new` tells rows for a network that is trained already: what their columns are cannot be declared
    otherwise any more. Paths in cells start from `folder`, empty for the working folder.
    """

    file: str
    text: SourceText | None = None
    is_new: bool = False
    folder: str = ""

    def spot(self, line: int, header: str = "") -> Spot:
        """Finds a cell by the line, or the number, of its row."""
        return self.text.spot(line, header) if self.text else Spot(Place(self.file, line, 1))


@dataclass(frozen=True)
class Table:
    """Rows of a file: text columns of CSV and JSONL, typed columns of Parquet and arrays.

    `cells` are in memory, or in the cache where the file is large: `frame` reads all of them, so columns
    are better taken one by one, or rows in slices. A column of CSV or JSONL that was read as numbers is
    float64, NaN where a cell is empty and infinity where it is no number.
    `lines` counts from 1: the line that a row begins on, or the row where there are no lines.
    `headers` are those of the file where cells were read of some columns only.
    """

    cells: pl.DataFrame | StoredFrame
    lines: Rows
    source: Source
    reading: Reading = field(default_factory=Reading)
    headers: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.cells.height

    @property
    def columns(self) -> tuple[str, ...]:
        """The headers, in the order of the file."""
        return self.headers or tuple(self.cells.columns)

    @property
    def frame(self) -> pl.DataFrame:
        """All cells, in memory."""
        return self.cells.load() if isinstance(self.cells, StoredFrame) else self.cells

    def take(self, rows: Rows) -> Table:
        """Picks rows by position, in the order given."""
        return replace(self.take_cells(rows), lines=self.lines[rows])

    def take_cells(self, rows: Rows) -> Table:
        """Picks rows without their lines, where no cell will be pointed at: lines of many take memory."""
        import polars as pl

        cells = self.cells
        if isinstance(cells, StoredFrame):
            picked = cells.take(rows)
        else:
            # Column by column, so that less is in memory twice.
            picked = pl.DataFrame([cells[header].gather(rows) for header in cells.columns])
        return replace(self, cells=picked, lines=_NO_LINES)

    def only(self, headers: Sequence[str]) -> Table:
        """Keeps some of the columns; nothing is copied."""
        import polars as pl

        wanted, cells = list(dict.fromkeys(headers)), self.cells
        if isinstance(cells, StoredFrame):
            return replace(self, cells=cells.only(wanted))
        return replace(self, cells=pl.DataFrame([cells[header] for header in wanted]))

    def slices(self, most_rows: int) -> Iterator[tuple[int, Table]]:
        """Walks over the rows in pieces, each in memory, with the number of its first row."""
        for first, cells in self._pieces(most_rows):
            yield first, replace(self, cells=cells, lines=self.lines[first : first + cells.height])

    def _pieces(self, most_rows: int) -> Iterator[tuple[int, pl.DataFrame]]:
        if isinstance(self.cells, StoredFrame):
            yield from self.cells.slices(most_rows)
            return
        for first in range(0, len(self), most_rows):
            yield first, self.cells.slice(first, most_rows)

    def extremes(self, header: str) -> tuple[float, float] | None:
        """Gives the least and the greatest number of a column of finite numbers, where that is known."""
        return self.cells.extremes.get(header) if isinstance(self.cells, StoredFrame) else None

    def series(self, header: str) -> pl.Series:
        """Gives the cells of a column as they were read."""
        return self.only([header]).frame[header]

    def array(self, header: str) -> NDArray[np.generic]:
        """Gives a column as one array (N, …): of numbers, or of lists of one length.

        Raises `cells-nested` where lists differ in length or hold something else.
        """
        found = array_of(self.series(header))
        if found is None:
            kind = self.cells.schema[header]
            raise failure("cells-nested", self.header_place(), column=header, kind=str(kind))
        return found

    def refuse_nested(self, header: str) -> None:
        """Raises `cells-nested` for a column of lists, structures or bytes."""
        import polars as pl

        kind = self.cells.schema[header]
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise failure("cells-nested", self.header_place(), column=header, kind=str(kind))

    def raw(self, header: str) -> pl.Series:
        """Gives the cells of a column as text, as they are in the file. Raises `cells-nested`."""
        import polars as pl

        self.refuse_nested(header)
        return self.series(header).cast(pl.String)

    def texts(self, header: str) -> pl.Series:
        """Gives the cells of a column as text, null where they are empty. Raises `cells-nested`."""
        import polars as pl

        series = self.raw(header)
        nulls = [*self.reading.nulls, *(["NaN"] if self.cells.schema[header].is_float() else [])]
        empty = series.is_in(pl.Series(nulls, dtype=pl.String).implode()).fill_null(False)
        return series.set(empty, None) if empty.any() else series

    def header_place(self) -> Place:
        """The first line of the file, where the headers of a CSV file stand."""
        return self.source.spot(1).place

    def place(self, row: int, header: str) -> Place:
        """Points at a cell; at the start of its line where it cannot be told further."""
        return self.source.spot(int(self.lines[row]), header).place

    def said_place(self, row: int, header: str = "") -> str:
        """Says where a row stands: `FILE:LINE`, or the file that it is, as in a folder."""
        place, text = self.place(row, header), self.source.text
        return place.file if text and text.unit == "file" else f"{place.file}:{place.line}"

    def _shown(self, header: str, rows: list[int]) -> list[str | None]:
        """Gives some cells as text; lists and bytes are told by what they are."""
        import polars as pl

        kind = self.cells.schema[header]
        if kind.is_nested() or kind == pl.Binary:
            return [str(kind)] * len(rows)
        return [
            None if text is None else str(text) for text in self.series(header).gather(rows).cast(pl.String)
        ]

    def cells_problem(self, code: str, column: Column, rows: Rows, **facts: object) -> Problem:
        """Makes one problem of all bad cells of a column: counted, at the first, five shown."""
        unit = self.source.text.unit if self.source.text else "row"
        shown = [int(row) for row in rows[:SHOWN]]
        spots = [self.source.spot(int(self.lines[row]), column.header) for row in shown]
        texts = [spot.cell for spot in spots]
        if any(text is None for text in texts):
            texts = self._shown(column.header, shown)
        files = {spot.place.file for spot in spots}
        lines = [
            str(spot.place.line) + (f" of {PurePath(spot.place.file).name}" if len(files) > 1 else "")
            for spot in spots
        ]
        cells = [f"{unit} {line} `{_short(text)}`" for line, text in zip(lines, texts, strict=True)]
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
        return Problem(code, spots[0].place, column.path, said | facts)


@final
class Refusals:
    """What is wrong with the cells of a table, gathered while it is read in slices.

    `first` is the number of the first row of the slice that is read at the moment. `covered` lists the
    rows that count, by column as in `inputs.age`; of columns that it does not name all do.
    """

    def __init__(self, covered: Mapping[str, Rows] | None = None, first: int = 0) -> None:
        self.first = first
        self._covered = covered or {}
        self._found: dict[tuple[str, Column, Severity], tuple[list[Rows], Mapping[str, object]]] = {}

    def add(
        self, code: str, column: Column, rows: Rows, severity: Severity = "error", **facts: object
    ) -> None:
        """Notes cells by their rows in the slice; those of one column and code become one problem."""
        rows = rows + self.first
        counted_rows = self._covered.get(column.path.removeprefix("data."))
        rows = rows if counted_rows is None else rows[np.isin(rows, counted_rows)]
        if len(rows):
            found = self._found.setdefault((code, column, severity), ([], facts))
            found[0].append(rows)

    def join(self, others: Refusals) -> None:
        """Takes over what was found in another slice of the same table."""
        for place, (rows, facts) in others._found.items():
            self._found.setdefault(place, ([], facts))[0].extend(rows)

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


def _short(cell: str | None) -> str | None:
    return f"{cell[:_SHOWN_CHARACTERS]}…" if cell and len(cell) > _SHOWN_CHARACTERS else cell
