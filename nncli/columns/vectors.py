"""Columns of several numbers: lists in one cell, or one column for each number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.numbers import Numbers, is_number, number_cells, read_numbers, scale_of
from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.stored import Dense

SEPARATOR: Final = " "
MOST_NUMBERS: Final = 2**20
"""The most numbers of one vector."""


@dataclass(frozen=True, slots=True)
class VectorEncoder(Encoder):
    """The numbers of a row, each scaled by itself: `(value - mean) / deviation`.

    They stand in the columns of `numbers`, or, where that is empty, in one cell with `separator` between.
    """

    column: Column
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    numbers: tuple[str, ...] = ()
    separator: str = SEPARATOR
    unit: str | None = None
    type: Literal["vector"] = "vector"

    def __post_init__(self) -> None:
        if len(self.means) != len(self.deviations) or not self.means:
            raise ValueError("a vector has one mean and one deviation for each number")
        if self.numbers and len(self.numbers) != len(self.means):
            raise ValueError("a vector has one column for each number")
        if not all(deviation > 0 for deviation in self.deviations):
            raise ValueError("a deviation must be above 0")

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that are read."""
        return self.numbers or (self.column.header,)

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec((len(self.means),), "number")

    def target(self) -> TargetSpec:
        """Describes the column as a target."""
        return TargetSpec(self.column.name, "number", shape=(len(self.means),), unit=self.unit)

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes a column to float32 (N, numbers). Refuses as numbers do, and `vector-length`."""
        import torch

        from nncli.columns.stored import Dense

        if self.numbers:
            values = _of_columns(table, self.column, self.numbers, refusals)
        else:
            values = _of_cells(table, self.column, self.separator, refusals, len(self.means))
        scaled = (values - np.array(self.means)) / np.array(self.deviations)
        return Dense(torch.from_numpy(scaled.astype(np.float32)))

    def decode(self, values: Tensor) -> Tensor:
        """Takes scaled numbers, the last axis of which they are, back to the column's own unit."""
        import torch

        means = torch.tensor(self.means, dtype=torch.float64, device=values.device)
        deviations = torch.tensor(self.deviations, dtype=torch.float64, device=values.device)
        return (values.double() * deviations + means).to(values.dtype)

    def feature_columns(self, values: Tensor) -> Tensor:
        """Gives the numbers as they are."""
        return values

    def stated(self) -> Mapping[str, object]:
        """Names the columns in order, or the column and the length of its lists."""
        if self.numbers:
            return {"columns": self.numbers}
        return {"column": self.column.header, "length": len(self.means)}


def vector_headers(column: Column, declared: ColumnSpec, headers: Sequence[str]) -> tuple[str, ...]:
    """Lists the columns of a vector: as declared, those that match the glob in their order, or its own."""
    if declared.columns is None:
        return (column.header,)
    if isinstance(declared.columns, str):
        return tuple(each for each in headers if fnmatchcase(each, declared.columns))
    return tuple(declared.columns)


def _of_columns(table: Table, column: Column, headers: Sequence[str], refusals: Refusals) -> Numbers:
    values, _ = number_cells(table, headers)
    for index in np.flatnonzero(~is_number(values).all(axis=0)):
        each = Column(column.name, headers[int(index)], column.role)
        read_numbers(table, each, refusals, empty_allowed=False)
    return np.nan_to_num(values, posinf=0, neginf=0)


def _of_cells(
    table: Table, column: Column, separator: str, refusals: Refusals, length: int | None
) -> Numbers:
    """Reads lists of numbers, float64 (N, length); of the most frequent length where none is given."""
    import polars as pl

    kind = table.frame.schema[column.header]
    if kind.is_nested() and isinstance(kind, (pl.List, pl.Array)) and kind.inner.is_numeric():
        lists = table.frame[column.header].cast(pl.List(pl.Float64))
        empty = lists.is_null().to_numpy()
    else:
        texts = table.texts(column.header).str.strip_chars("[] \t")
        empty = texts.is_null().to_numpy()
        # Blanks between numbers are one separator, whatever their count.
        pieces = texts.str.replace_all(r"\s+", " ") if separator == SEPARATOR else texts
        lists = pieces.str.split(separator).list.eval(
            pl.element().str.strip_chars().cast(pl.Float64, strict=False)
        )
    counts = lists.list.len().fill_null(0).to_numpy()
    wanted = length or int(np.bincount(counts[~empty]).argmax() if (~empty).any() else 0)
    code = "target-empty" if column.role == "target" else "cell-empty"
    refusals.add(code, column, np.flatnonzero(empty), fix="")
    wrong = (counts != wanted) & ~empty
    refusals.add("vector-length", column, np.flatnonzero(wrong), needed=wanted)
    values = np.zeros((len(table), wanted))
    right = ~empty & ~wrong
    if right.any() and wanted:
        flat = lists.filter(pl.Series(right)).explode().to_numpy()
        values[right] = flat.reshape(-1, wanted)
    bad = ~is_number(values).all(axis=1)
    refusals.add("not-a-number", column, np.flatnonzero(bad))
    return np.where(is_number(values), values, 0)


def _read(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> Numbers:
    if declared.columns is not None:
        headers = vector_headers(column, declared, table.columns)
        return _of_columns(table, column, headers, refusals)
    length = declared.length if isinstance(declared.length, int) else None
    return _of_cells(table, column, declared.separator or SEPARATOR, refusals, length)


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    _read(column, declared, table, refusals)


def fit_vector(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> VectorEncoder | Problem:
    """Fits the scale of each number to the training rows. Problem: `column-empty`."""
    values = _read(column, declared, table, Refusals())
    if values.shape[1] == 0:
        return Problem("column-empty", None, column.path, {"name": column.name, "column": column.header})
    scales = [scale_of(values[:, index], declared.scale) for index in range(values.shape[1])]
    means, deviations = zip(*scales, strict=True)
    headers = vector_headers(column, declared, table.columns) if declared.columns is not None else ()
    return VectorEncoder(column, means, deviations, headers, declared.separator or SEPARATOR, declared.unit)


def _stand_in(column: Column, declared: ColumnSpec) -> VectorEncoder:
    length = len(declared.columns) if isinstance(declared.columns, tuple) else declared.length
    count = length if isinstance(length, int) and 0 < length <= MOST_NUMBERS else 3
    return VectorEncoder(column, (0.0,) * count, (1.0,) * count, unit=declared.unit)


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    if declared.columns is not None and declared.column is not None:
        yield Mistake("column-and-columns", "columns")
    length = declared.length
    if length is not None and not (type(length) is int and 0 < length <= MOST_NUMBERS):
        yield Mistake("length-form", "length", {"received": length, "most": f"{MOST_NUMBERS:,}"})
    if declared.scale == "quantile":
        yield Mistake("scale-unfit", "scale", {"type": declared.type, "received": declared.scale})


VECTOR: Final = Kind(
    check=_check,
    fit=fit_vector,
    stand_in=_stand_in,
    headers=vector_headers,
    mistakes=_mistakes,
)
