"""Number columns: a strict reading, a fill for empty cells, and the scale of the training part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nncli.errors import Problem
from nncli.sources.tables import Column, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

Numbers = NDArray[np.float64]
_LARGEST: Final = float(np.finfo(np.float32).max)
"""Tensors are float32: a larger number would become infinite there."""


@dataclass(frozen=True, slots=True)
class NumberEncoder:
    """One number per row: filled, then `(value - mean) / deviation`.

    `missing` is what an empty cell counts as; None refuses it. `mean` 0 and `deviation` 1 leave the
    numbers as they are.
    """

    column: Column
    missing: float | None = None
    mean: float = 0.0
    deviation: float = 1.0
    type: Literal["number"] = "number"

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError("a deviation must be above 0")

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that are read."""
        return (self.column.header,)

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec((1,), "number")

    def encode(self, table: Table, problems: list[Problem]) -> Tensor:
        """Encodes a column to float32 (N, 1); bad cells become problems."""
        import torch

        numbers = read_numbers(table, self.column, problems, empty_allowed=self.missing is not None)
        filled = np.where(np.isnan(numbers), self.missing or 0.0, numbers)
        return torch.from_numpy(((filled - self.mean) / self.deviation).astype(np.float32)).unsqueeze(1)


def read_numbers(table: Table, column: Column, problems: list[Problem], *, empty_allowed: bool) -> Numbers:
    """Reads a column as float64, NaN where a cell is empty.

    Problems: `not-a-number` for words, booleans, infinities and what float32 cannot hold; `cell-empty`
    or `target-empty` where empty cells are not allowed.
    """
    cells, empties = number_cells(table, [column.header])
    numbers, empty = cells[:, 0], empties[:, 0]
    bad = ~empty & ~is_number(numbers)
    if bad.any():
        problems.append(table.cells_problem("not-a-number", column, np.flatnonzero(bad)))
    if empty.any() and not empty_allowed:
        code = "target-empty" if column.role == "target" else "cell-empty"
        problems.append(table.cells_problem(code, column, np.flatnonzero(empty), fix="median"))
    return numbers


def number_cells(table: Table, headers: Sequence[str]) -> tuple[Numbers, NDArray[np.bool_]]:
    """Parses columns to float64 (N, columns), and marks empty cells.

    Empty cells and words are NaN, what is too large is infinite. Raises `cells-nested`.
    """
    import polars as pl

    nulls = pl.Series(table.reading.nulls, dtype=pl.String).implode()
    values, empties = [], []
    for index, header in enumerate(headers):
        if table.frame.schema[header].is_numeric():
            value = pl.col(header).cast(pl.Float64)
            empty = value.is_null() | value.is_nan()
        else:
            table.refuse_nested(header)
            text = pl.col(header).cast(pl.String).str.strip_chars()
            text = pl.when(text.is_in(nulls)).then(None).otherwise(text)
            value, empty = text.cast(pl.Float64, strict=False), text.is_null()
        values.append(value.alias(str(index)))
        empties.append(empty.alias(str(index)))
    return table.frame.select(values).to_numpy(), table.frame.select(empties).to_numpy()


def is_number(numbers: Numbers) -> NDArray[np.bool_]:
    """Marks what a float32 tensor can hold."""
    return np.abs(numbers) <= _LARGEST


def fit_number(column: Column, declared: ColumnSpec, numbers: Numbers) -> NumberEncoder | Problem:
    """Fits fill and scale to the training part's numbers. Problem: `column-empty`."""
    present = numbers[~np.isnan(numbers)]
    missing = _fill(declared, present)
    if present.size == 0 and (missing is None or not isinstance(declared.missing, Mapping)):
        return Problem("column-empty", None, column.path, {"name": column.name, "column": column.header})
    filled = numbers if missing is None else np.where(np.isnan(numbers), missing, numbers)
    mean, deviation = (0.0, 1.0) if declared.scale == "none" else scale_of(filled)
    return NumberEncoder(column, missing, mean, deviation)


def scale_of(numbers: Numbers) -> tuple[float, float]:
    """Gives mean and population deviation; the deviation of a constant is 1.

    A constant is told by its extremes: the rounded mean of equal numbers can differ from them.
    """
    lowest, highest = float(numbers.min()), float(numbers.max())
    if lowest == highest:
        return lowest, 1.0
    return float(numbers.mean()), float(numbers.std()) or 1.0


def _fill(declared: ColumnSpec, present: Numbers) -> float | None:
    if isinstance(declared.missing, Mapping):
        return float(declared.missing["constant"])
    if declared.missing == "error" or present.size == 0:
        return None
    return float(np.median(present) if declared.missing == "median" else present.mean())
