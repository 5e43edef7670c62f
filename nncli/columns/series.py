"""Series: several number columns side by side, read over a stretch of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.numbers import NUMBER, NumberEncoder, fit_number
from nncli.columns.targets import TargetSpec
from nncli.columns.vectors import vector_headers
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.stored import Dense


@dataclass(frozen=True, slots=True)
class SeriesEncoder(Encoder):
    """The variables of a series at one row, each a number column with a scale of its own."""

    column: Column
    variables: tuple[NumberEncoder, ...]
    type: Literal["series"] = "series"

    def __post_init__(self) -> None:
        if not self.variables:
            raise ValueError("a series has a variable")

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that are read."""
        return tuple(each.column.header for each in self.variables)

    def input(self) -> InputSpec:
        """Describes one step of the series as an input."""
        return InputSpec((sum(each.input().shape[0] for each in self.variables),), "number")

    def target(self) -> TargetSpec:
        """Describes one step of the series as a target."""
        unit = self.variables[0].unit
        return TargetSpec(self.column.name, "number", shape=(len(self.variables),), unit=unit)

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes every row to float32 (N, variables), with a flag beside each that has one."""
        import torch

        from nncli.columns.stored import Dense

        pieces = [each.encode(table, refusals, is_new).values for each in self.variables]
        return Dense(pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=1))

    def decode(self, values: Tensor) -> Tensor:
        """Takes scaled numbers back to the units of the variables, the last axis of which they are."""
        import torch

        if len(self.variables) == 1:
            return self.variables[0].decode(values)
        each = zip(self.variables, values.unbind(-1), strict=True)
        return torch.stack([variable.decode(numbers) for variable, numbers in each], dim=-1)

    def stated(self) -> Mapping[str, object]:
        """Names the columns in order."""
        if len(self.variables) == 1:
            return {"column": self.headers[0]}
        return {"columns": self.headers}


def _fit(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> SeriesEncoder | Problem:
    variables = []
    for header in vector_headers(column, declared, table.columns):
        fitted = fit_number(Column(column.name, header, column.role), declared, table, warnings)
        if isinstance(fitted, Problem):
            return fitted
        variables.append(fitted)
    return SeriesEncoder(column, tuple(variables))


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    for header in vector_headers(column, declared, table.columns):
        NUMBER.check(Column(column.name, header, column.role), declared, table, refusals)


def _stand_in(column: Column, declared: ColumnSpec) -> SeriesEncoder:
    headers = declared.columns if isinstance(declared.columns, tuple) else (column.header,)
    made = [NUMBER.stand_in(Column(column.name, each, column.role), declared) for each in headers]
    return SeriesEncoder(column, tuple(each for each in made if isinstance(each, NumberEncoder)))


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    if declared.columns is not None and declared.column is not None:
        yield Mistake("column-and-columns", "columns")
    if declared.window is None:
        yield Mistake("window-missing")
    if declared.missing == "keep":
        yield Mistake("missing-series", "missing")
    yield from NUMBER.mistakes(column, declared)


SERIES: Final = Kind(
    check=_check,
    fit=_fit,
    stand_in=_stand_in,
    headers=vector_headers,
    mistakes=_mistakes,
)
