"""Columns whose cells hold several classes: a number 0 or 1 for each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nncli.columns.categories import as_text, in_order
from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    import polars as pl
    from torch import Tensor

    from nncli.columns.stored import Dense

SEPARATOR: Final = ","
_SHOWN_CLASSES: Final = 10
_MOST_CLASSES: Final = 65_536
"""A row takes four bytes for each class."""


@dataclass(frozen=True, slots=True)
class SetEncoder(Encoder):
    """Which of `classes` stand in a cell; an empty cell is the empty set.

    A text that is no class is refused unless `unknown` is to be kept: then it leaves no trace. In
    validation and test rows of an input it is only warned of.
    """

    column: Column
    classes: tuple[str, ...]
    separator: str = SEPARATOR
    unknown: Literal["error", "keep"] = "error"
    type: Literal["set"] = "set"

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes) or not self.classes or not self.separator:
            raise ValueError("classes must differ, and there must be one")

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec((len(self.classes),), "binary")

    def target(self) -> TargetSpec:
        """Describes the column as a target."""
        return TargetSpec(self.column.name, "set", self.classes, (len(self.classes),))

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes a column to float32 (N, classes). Refuses `class-unknown`, warns of `category-unseen`."""
        import torch

        from nncli.columns.stored import Dense

        members = _members(table, self.column, self.separator)
        known = {text: index for index, text in enumerate(self.classes)}
        found = (
            members["text"].replace_strict(known, default=-1, return_dtype=members["row"].dtype).to_numpy()
        )
        rows = members["row"].to_numpy()
        values = np.zeros((len(table), len(self.classes)), np.float32)
        values[rows[found >= 0], found[found >= 0]] = 1
        if self.unknown == "error":
            strange = np.zeros(len(table), np.bool_)
            strange[rows[found < 0]] = True
            self._refuse(strange, refusals, is_new)
        return Dense(torch.from_numpy(values))

    def _refuse(self, strange: Truths, refusals: Refusals, is_new: Truths | None) -> None:
        known = [f"`{each}`" for each in self.classes[:_SHOWN_CLASSES]]
        known += ["…"] if len(self.classes) > _SHOWN_CLASSES else []
        is_input = self.column.role == "input"
        warned = strange & is_new if is_new is not None and is_input else np.zeros_like(strange)
        refusals.add("class-unknown", self.column, np.flatnonzero(strange & ~warned), known=known)
        refusals.add("category-unseen", self.column, np.flatnonzero(warned), "warning", known=known)

    def feature_columns(self, values: Tensor) -> Tensor:
        """Gives a column for each class."""
        return values

    def counts(self) -> Mapping[str, int]:
        """Names how many classes there are."""
        return {"classes": len(self.classes)} if self.column.role == "target" else {}

    def stated(self) -> Mapping[str, object]:
        """Names the column and its classes in order."""
        return {"column": self.column.header, "classes": self.classes}


def _members(table: Table, column: Column, separator: str) -> pl.DataFrame:
    """Lists what stands in each cell: `row` and `text`, without blanks around it."""
    import polars as pl

    kind = table.frame.schema[column.header]
    if isinstance(kind, pl.List) and not kind.inner.is_nested():
        lists = table.frame[column.header].cast(pl.List(pl.String))
    else:
        lists = table.texts(column.header).str.split(separator)
    numbered = lists.alias("text").to_frame().with_row_index("row")
    exploded = numbered.explode("text").with_columns(pl.col("row").cast(pl.Int64))
    stripped = exploded.with_columns(pl.col("text").str.strip_chars())
    return stripped.filter(pl.col("text").is_not_null() & (pl.col("text") != ""))


def fit_set(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> SetEncoder | Problem:
    """Fits the classes to the training rows, or takes those that are declared; see `fit_classes`."""
    separator = declared.separator or SEPARATOR
    classes = tuple(map(as_text, declared.classes or ()))
    if not classes:
        counts = _members(table, column, separator)["text"].value_counts(name="rows")
        classes = in_order(counts.filter(counts["rows"] >= (declared.rare or 1))["text"].to_list())
    facts: dict[str, object] = {"name": column.name, "column": column.header}
    if not classes:
        return Problem("column-empty", None, column.path, facts)
    if len(classes) > _MOST_CLASSES:
        facts |= {"count": f"{len(classes):,}", "most": f"{_MOST_CLASSES:,}"}
        return Problem("set-wide", None, column.path, facts)
    unknown: Literal["error", "keep"] = "keep" if declared.rare else declared.unknown
    return SetEncoder(column, classes, separator, unknown)


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    _members(table, column, declared.separator or SEPARATOR)


def _stand_in(column: Column, declared: ColumnSpec) -> SetEncoder:
    return SetEncoder(column, tuple(map(as_text, declared.classes or ())) or ("0", "1", "2"))


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    classes = [as_text(each) for each in declared.classes or ()]
    if len(set(classes)) < len(classes) or (declared.classes is not None and not classes):
        yield Mistake("classes-repeated", "classes", {"classes": classes})
    for word in ("rare", "unknown"):
        if column.role == "target" and getattr(declared, word) not in (None, "error"):
            yield Mistake("unknown-target", word)


SET: Final = Kind(
    check=_check,
    fit=fit_set,
    stand_in=_stand_in,
    mistakes=_mistakes,
)
