"""The rows that are looked at: all of them, or of many an even draw, in memory with their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from nncli.columns.numbers import Numbers, number_cells
from nncli.data.dataset import PartName
from nncli.data.dividing import Division
from nncli.sources.tables import Rows, Table

if TYPE_CHECKING:
    import polars as pl

PARTS: Final[tuple[PartName, ...]] = ("train", "validation", "test")
MOST_ROWS: Final = 1_000_000
MOST_BYTES: Final = 256 * 2**20
"""The rows that are looked at take at most about this much."""
SLICE_ROWS: Final = 2**16
_PROBED_ROWS: Final = 1000
_NO_PART: Final = -1
PartNumbers: TypeAlias = NDArray[np.int8]


@final
@dataclass(frozen=True)
class Seen:
    """Rows of every source, one source behind the other.

    `part_of` numbers the part of each row in the order of `PARTS`, int8 (rows,). `total` counts the
    samples of all parts, of which these are all or a draw.
    """

    tables: tuple[Table, ...]
    part_of: PartNumbers
    total: int

    def __len__(self) -> int:
        return len(self.part_of)

    @property
    def is_draw(self) -> bool:
        """Tells whether there are more rows than these."""
        return len(self) < self.total

    def of_part(self, part: PartName) -> NDArray[np.bool_]:
        """Marks the rows of a part, bool (rows,)."""
        found: NDArray[np.bool_] = self.part_of == PARTS.index(part)
        return found

    def numbers(self, headers: Sequence[str]) -> Numbers:
        """Reads columns as float64 (rows, headers), NaN where a cell is empty."""
        return np.concatenate([number_cells(table, headers)[0] for table in self.tables])

    def texts(self, header: str) -> pl.Series:
        """Reads a column as text, null where a cell is empty."""
        import polars as pl

        return pl.concat([table.texts(header) for table in self.tables])

    def places(self, rows: Rows, header: str) -> tuple[str, ...]:
        """Says where cells stand: `FILE:LINE`."""
        return tuple(place_of(self.tables, int(row), header) for row in rows)


def place_of(tables: Sequence[Table], row: int, header: str) -> str:
    """Says where a row of tables, one behind the other, stands: `FILE:LINE`, or the file that it is."""
    for table in tables:
        if row < len(table):
            return table.said_place(row, header)
        row -= len(table)
    raise IndexError(row)


def parts_of(division: Division) -> dict[PartName, PartNumbers]:
    """Numbers the part of every row of every source; -1 where a row is in none."""
    found = {name: np.full(len(table), _NO_PART, np.int8) for name, table in division.tables.items()}
    for part, (source, rows) in division.samples.items():
        # In time, a forecast can be around the row behind the last.
        found[source][np.minimum(rows, len(division.tables[source]) - 1)] = PARTS.index(part)
    return found


def see(division: Division, headers: Sequence[str], most_rows: int = MOST_ROWS) -> Seen:
    """Takes the rows that are looked at, with the columns of `headers`.

    Of more than `most_rows`, or of rows that would not fit, as many are drawn from each part in its share.
    """
    parts = parts_of(division)
    total = sum(int((each != _NO_PART).sum()) for each in parts.values())
    tables = {name: table.only(headers) for name, table in division.tables.items()}
    most = min(most_rows, _fitting(tables["train"]))
    taken, numbers = [], []
    for name, table in tables.items():
        rows = _drawn(parts[name], most / total if total > most else 1.0)
        taken.append(_taken(table, rows))
        numbers.append(parts[name][rows])
    return Seen(tuple(taken), np.concatenate(numbers), total)


def _fitting(table: Table) -> int:
    """Counts the rows that take `MOST_BYTES`, going by the first ones."""
    probed = table.cells.slice(0, _PROBED_ROWS)
    return int(MOST_BYTES / max(probed.estimated_size() / max(probed.height, 1), 1))


def _drawn(part_of: PartNumbers, share: float) -> Rows:
    """Draws a share of the rows of each part, in the order of the file; the same in every look."""
    if share >= 1:
        return np.flatnonzero(part_of != _NO_PART)
    draw = np.random.Generator(np.random.PCG64(0))
    found = []
    for number in range(len(PARTS)):
        rows = np.flatnonzero(part_of == number)
        found.append(draw.choice(rows, int(np.ceil(len(rows) * share)), replace=False))
    return np.sort(np.concatenate(found))


def _taken(table: Table, rows: Rows) -> Table:
    """Takes rows slice by slice, so that a large table is never in memory."""
    import polars as pl

    if len(rows) == len(table):
        return replace(table, cells=table.frame)
    frames, empty = [], table.cells.slice(0, 0)
    for first, piece in table.slices(SLICE_ROWS):
        low, high = np.searchsorted(rows, [first, first + len(piece)])
        if high > low:
            frames.append(piece.take(rows[low:high] - first).frame)
    return replace(table, cells=pl.concat([empty, *frames]), lines=table.lines[rows])
