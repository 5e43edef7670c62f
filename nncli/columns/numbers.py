"""Number columns: a strict reading, a fill for empty cells, and the scale of the training part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nncli.columns.kind import Encoder, Kind, Mistake, Truths, constant_warning
from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.sources.number_texts import numbers_of
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.stored import Dense

Numbers = NDArray[np.float64]
_LARGEST: Final = float(np.finfo(np.float32).max)
"""Tensors are float32: a larger number would become infinite there."""
_CHECKED_ROWS: Final = 2**18
_BLOCK_ROWS: Final = 2**16
_QUANTILES: Final = 257
"""How finely `scale: quantile` knows the distribution of a column."""
_OUTERMOST: Final = 1e-4
"""The share of rows beyond the outermost value that `scale: quantile` gives: 3.7 deviations."""


@dataclass(frozen=True, slots=True)
class NumberEncoder(Encoder):
    """One number per row: filled, `log(1 + value)` where `log`, then `(value - mean) / deviation`.

    `missing` is what an empty cell counts as; None refuses it. `gaps` says what else tells of it: a
    second number (flag), or a mask (keep). `mean` 0 and `deviation` 1 leave the numbers as they are.
    With `quantiles`, ascending and equally likely, a number becomes the normal one of the same rank.
    """

    column: Column
    missing: float | None = None
    mean: float = 0.0
    deviation: float = 1.0
    log: bool = False
    gaps: Literal["fill", "flag", "keep"] = "fill"
    quantiles: tuple[float, ...] = ()
    unit: str | None = None
    type: Literal["number"] = "number"

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError("a deviation must be above 0")
        if any(later < sooner for sooner, later in zip(self.quantiles, self.quantiles[1:], strict=False)):
            raise ValueError("quantiles must ascend")

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec((2 if self.gaps == "flag" else 1,), "number", has_mask=self.gaps == "keep")

    def target(self) -> TargetSpec:
        """Describes the column as a target."""
        return TargetSpec(
            self.column.name, "number", shape=(1,), has_mask=self.gaps == "keep", unit=self.unit
        )

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes a column to float32 (N, 1), or (N, 2) with a flag."""
        import torch

        from nncli.columns.stored import Dense

        numbers = read_numbers(table, self.column, refusals, empty_allowed=self.missing is not None)
        refuse_for_log(self.column, self.log, numbers, refusals)
        empty = np.isnan(numbers)
        filled = np.where(empty, self.missing or 0.0, numbers) if empty.any() else numbers
        scaled = self.scaled(filled).astype(np.float32)
        if self.gaps == "flag":
            return Dense(torch.from_numpy(np.stack([scaled, empty.astype(np.float32)], axis=1)))
        mask = torch.from_numpy(~empty) if self.gaps == "keep" else None
        return Dense(torch.from_numpy(scaled).unsqueeze(1), mask)

    def scaled(self, numbers: Numbers) -> Numbers:
        """Scales numbers that are all there."""
        import torch

        if self.log:
            # What cannot be taken the logarithm of was refused; here it only must not warn.
            numbers = np.log1p(np.maximum(numbers, -1 + 1e-12))
        if self.quantiles:
            ranks = np.interp(numbers, self.quantiles, np.linspace(0, 1, len(self.quantiles)))
            inner = torch.from_numpy(np.clip(ranks, _OUTERMOST, 1 - _OUTERMOST))
            normal: Numbers = torch.special.ndtri(inner).numpy()
            return normal
        return (numbers - self.mean) / self.deviation

    def decode(self, values: Tensor) -> Tensor:
        """Takes scaled numbers back to the column's own unit, in the type and shape they come in."""
        import torch

        if self.quantiles:
            ranks = torch.special.ndtr(values.double()).cpu().numpy()
            grid = np.linspace(0, 1, len(self.quantiles))
            numbers = torch.from_numpy(np.interp(ranks, grid, self.quantiles)).to(values.device)
        else:
            numbers = values.double() * self.deviation + self.mean
        return (torch.expm1(numbers) if self.log else numbers).to(values.dtype)

    def feature_columns(self, values: Tensor) -> Tensor:
        """Gives the numbers as they are."""
        return values


def read_numbers(table: Table, column: Column, refusals: Refusals, *, empty_allowed: bool) -> Numbers:
    """Reads a column as float64, NaN where a cell is empty.

    Refuses `not-a-number` for words, booleans, infinities and what float32 cannot hold; `cell-empty`
    or `target-empty` where empty cells are not allowed.
    """
    numbers = _cells(table, column.header)
    # A NaN is neither; the extremes take less time than looking at every number.
    if len(numbers) and -_LARGEST <= numbers.min() <= numbers.max() <= _LARGEST:
        return numbers
    known, empty = is_number(numbers), np.isnan(numbers)
    refusals.add("not-a-number", column, np.flatnonzero(~empty & ~known))
    if not empty_allowed:
        code = "target-empty" if column.role == "target" else "cell-empty"
        refusals.add(code, column, np.flatnonzero(empty), fix="median")
    return numbers


def refuse_for_log(column: Column, log: bool, numbers: Numbers, refusals: Refusals) -> None:
    """Refuses `number-for-log`: numbers of -1 or less have no log(1 + value)."""
    if log:
        refusals.add("number-for-log", column, np.flatnonzero(numbers <= -1))


def number_cells(table: Table, headers: Sequence[str]) -> tuple[Numbers, Truths]:
    """Parses columns to float64 (N, columns), and marks empty cells.

    Empty cells are NaN; words, and what is too large, are infinite. Raises `cells-nested`.
    """
    values = [_cells(table, header) for header in headers]
    numbers = values[0][:, None] if len(values) == 1 else np.stack(values, axis=1)
    return numbers, np.isnan(numbers)


def _cells(table: Table, header: str) -> Numbers:
    import polars as pl

    if table.cells.schema[header].is_numeric():
        values = table.series(header).cast(pl.Float64)
    else:
        values = numbers_of(table.raw(header), table.reading.nulls)
    # Nulls are NaN there.
    found: Numbers = values.to_numpy()
    return found


def is_number(numbers: Numbers) -> Truths:
    """Marks what a float32 tensor can hold."""
    # Twice a comparison takes less memory than the absolute values.
    return (numbers <= _LARGEST) & (numbers >= -_LARGEST)


def fit_number(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> NumberEncoder | Problem:
    """Fits fill and scale to the training rows. Problem: `column-empty`. Warning: `column-constant`."""
    numbers = read_numbers(table, column, Refusals(), empty_allowed=True)
    # Columns can be most of the memory: they are copied only where that changes them.
    empty = np.isnan(numbers) if len(numbers) and np.isnan(numbers.min()) else None
    present = numbers if empty is None else numbers[~empty]
    missing = _fill(declared, present)
    if present.size == 0 and (missing is None or not isinstance(declared.missing, Mapping)):
        return Problem("column-empty", None, column.path, {"name": column.name, "column": column.header})
    if len(numbers) > 1 and numbers.min() == numbers.max():
        warnings.append(constant_warning(column))
    # Where gaps are told of, what fills them is no number of the column.
    told = declared.missing in ("flag", "keep")
    filled = present if told or missing is None or empty is None else np.where(empty, missing, numbers)
    shaped = np.log1p(filled) if declared.log else filled
    gaps: Any = declared.missing if declared.missing in ("flag", "keep") else "fill"
    fields: dict[str, Any] = {"log": declared.log, "gaps": gaps, "unit": declared.unit}
    if declared.scale == "quantile" and shaped.min() < shaped.max():
        quantiles = tuple(map(float, np.quantile(shaped, np.linspace(0, 1, _QUANTILES))))
        return NumberEncoder(column, missing, quantiles=quantiles, **fields)
    mean, deviation = scale_of(shaped, declared.scale)
    return NumberEncoder(column, missing, mean, deviation, **fields)


def scale_of(numbers: Numbers, scale: str = "standard") -> tuple[float, float]:
    """Gives what is taken away and what is divided by: of `standard` mean and population deviation.

    The deviation of a constant is 1. It is told by its extremes: the rounded mean of equal numbers can
    differ from them.
    """
    if scale == "none":
        return 0.0, 1.0
    lowest, highest = float(numbers.min()), float(numbers.max())
    if lowest == highest:
        return lowest, 1.0
    if scale == "minmax":
        return lowest, highest - lowest
    mean = float(numbers.mean())
    if len(numbers) <= _BLOCK_ROWS:
        return mean, float(numbers.std()) or 1.0
    # Block by block, so that what is in between stays in the processor.
    squares = 0.0
    for first in range(0, len(numbers), _BLOCK_ROWS):
        apart = numbers[first : first + _BLOCK_ROWS] - mean
        squares += float(np.square(apart, out=apart).sum())
    return mean, math.sqrt(squares / len(numbers)) or 1.0


def _fill(declared: ColumnSpec, present: Numbers) -> float | None:
    if isinstance(declared.missing, Mapping):
        return float(declared.missing["constant"])
    if declared.missing == "error" or present.size == 0:
        return None
    return float(np.median(present) if declared.missing == "median" else present.mean())


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    lowest, highest = table.extremes(column.header) or (-np.inf, np.inf)
    if -_LARGEST <= lowest <= highest <= _LARGEST and not (declared.log and lowest <= -1):
        return
    before = refusals.first
    # Slice by slice, since a column of a large table is large.
    for first, piece in table.only([column.header]).slices(_CHECKED_ROWS):
        refusals.first = before + first
        numbers = read_numbers(piece, column, refusals, empty_allowed=declared.missing != "error")
        refuse_for_log(column, declared.log, numbers, refusals)
    refusals.first = before


def _stand_in(column: Column, declared: ColumnSpec) -> NumberEncoder:
    gaps: Any = declared.missing if declared.missing in ("flag", "keep") else "fill"
    return NumberEncoder(column, 0.0, gaps=gaps, unit=declared.unit)


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    missing = declared.missing
    if column.role == "target" and missing not in ("error", "keep"):
        yield Mistake("missing-target", "missing")
    elif isinstance(missing, Mapping) and not _is_constant(missing["constant"]):
        yield Mistake("missing-constant", "missing", {"received": missing["constant"]})


def _is_constant(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 3e38


NUMBER: Final = Kind(
    check=_check,
    fit=fit_number,
    stand_in=_stand_in,
    has_numbers=True,
    mistakes=_mistakes,
)
