"""Cells that lie in files of the cache instead of memory: read again by column, or a few rows at a time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl


def extremes_of(frame: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Gives the least and the greatest number of every float64 column; NaN where one cell is none."""
    import polars as pl

    columns = {each.name: each.to_numpy() for each in frame if each.dtype == pl.Float64 and len(each)}
    return {header: (float(each.min()), float(each.max())) for header, each in columns.items()}


def extremes_together(found: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Gives those of the columns that every frame has, with finite numbers alone."""
    whole = {}
    for header in found[0] if found else ():
        pairs = [each.get(header, (math.nan, math.nan)) for each in found]
        if all(math.isfinite(number) for pair in pairs for number in pair):
            whole[header] = (min(low for low, _ in pairs), max(high for _, high in pairs))
    return whole


@final
@dataclass(frozen=True)
class StoredFrame:
    """A table in Arrow files, one behind the other; nothing of it is in memory.

    `ends` counts the rows up to the end of each file. A file has its columns in any order, and the cells
    of one that it lacks are null. `extremes` is the least and the greatest number of each float64 column
    all cells of which are finite. It answers what a Polars frame is asked most.
    """

    paths: tuple[Path, ...]
    ends: tuple[int, ...]
    schema: pl.Schema
    extremes: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """Counts the rows."""
        return self.ends[-1] if self.ends else 0

    @property
    def columns(self) -> list[str]:
        """The headers."""
        return list(self.schema)

    def only(self, headers: Sequence[str]) -> StoredFrame:
        """Keeps some of the columns."""
        import polars as pl

        return replace(self, schema=pl.Schema({header: self.schema[header] for header in headers}))

    def load(self) -> pl.DataFrame:
        """Reads all rows into memory."""
        return self.slice(0, self.height)

    def slice(self, first: int, count: int) -> pl.DataFrame:
        """Reads some of the rows into memory; fewer where there are not so many."""
        import polars as pl

        frames, stop = [], min(first + count, self.height)
        start = bisect_right(self.ends, first)
        for number in range(start, len(self.paths)):
            before = self.ends[number - 1] if number else 0
            if before >= stop:
                break
            frame = self._read(number)
            frames.append(frame.slice(max(first - before, 0), stop - max(first, before)))
        return pl.concat(frames, rechunk=False) if frames else pl.DataFrame(schema=self.schema)

    def slices(self, most_rows: int) -> Iterator[tuple[int, pl.DataFrame]]:
        """Walks over the rows in pieces of at most so many, each with the number of its first row.

        No piece reaches from one file into the next, so that a file is read once.
        """
        for number, (before, _) in enumerate(pairwise((0, *self.ends))):
            frame = self._read(number)
            for first in range(0, frame.height, most_rows):
                yield before + first, frame.slice(first, most_rows)

    def take(self, rows: NDArray[np.int64]) -> pl.DataFrame:
        """Reads rows by position into memory, in the order given; a file is read once."""
        import polars as pl

        order = None if (rows[1:] >= rows[:-1]).all() else np.argsort(rows, kind="stable")
        ascending = rows if order is None else rows[order]
        frames, borders = [], np.searchsorted(ascending, (0, *self.ends))
        for number, (first, stop) in enumerate(pairwise(borders)):
            if first < stop:
                before = self.ends[number - 1] if number else 0
                frames.append(self._read(number)[ascending[first:stop] - before])
        found = pl.concat(frames, rechunk=False) if frames else pl.DataFrame(schema=self.schema)
        if order is None:
            return found
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        return found[places]

    def _read(self, number: int) -> pl.DataFrame:
        import polars as pl

        path = self.paths[number]
        found = list(pl.read_ipc_schema(path))
        # By number: Polars takes some names for patterns.
        wanted = [found.index(header) for header in self.schema if header in found]
        frame = pl.read_ipc(path, columns=wanted)
        rows = self.ends[number] - (self.ends[number - 1] if number else 0)
        return pl.DataFrame(
            [
                frame[header]
                if header in frame.columns
                else pl.Series(header, [None], dtype=kind).extend_constant(None, rows - 1)
                for header, kind in self.schema.items()
            ]
        )
