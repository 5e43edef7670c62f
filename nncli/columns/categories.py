"""Category and binary columns: texts to the index of their class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nncli.errors import Problem
from nncli.sources.tables import Column, Rows, Table, counted
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    import polars as pl
    from torch import Tensor

_POSITIVE_WORDS: Final = ("1", "true", "yes")
_SHOWN_CLASSES: Final = 10


@dataclass(frozen=True, slots=True)
class ClassEncoder:
    """The index of a text among `classes`; of a binary column the negative class comes first.

    `missing` is the class that an empty cell counts as; None refuses it. A text that training did not
    see has, in validation and test rows, the index after the last class: a row of its own in an
    Embedding, no column in one-hot `features`.
    """

    column: Column
    classes: tuple[str, ...]
    missing: str | None = None
    type: Literal["category", "binary"] = "category"

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes) or not self.classes:
            raise ValueError("classes must differ, and there must be one")
        if self.type == "binary" and len(self.classes) != 2:
            raise ValueError("a binary column has two classes")

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that are read."""
        return (self.column.header,)

    def input(self) -> InputSpec:
        """Describes the column as an input; the last index of a category is kept for the unseen."""
        if self.type == "binary":
            return InputSpec((1,), "binary")
        return InputSpec((), "category", vocabulary=len(self.classes) + 1)

    def encode(
        self, table: Table, problems: list[Problem], unseen: Literal["error", "warning"] = "error"
    ) -> Tensor:
        """Encodes a column: a binary input to float32 (N, 1), all else to int64 (N,).

        Problems: `class-unknown`; `category-unseen` instead, where `unseen` allows it.
        """
        import polars as pl
        import torch

        texts = read_texts(table, self.column, self.missing, problems)
        known = self._spellings()
        found = texts.replace_strict(
            pl.Series(list(known), dtype=pl.String),
            pl.Series(list(known.values()), dtype=pl.Int64),
            default=len(self.classes),
            return_dtype=pl.Int64,
        )
        indices = found.fill_null(len(self.classes)).to_numpy().astype(np.int64)
        strange = np.flatnonzero((indices == len(self.classes)) & texts.is_not_null().to_numpy())
        if strange.size:
            problems.append(self._strange(table, strange, unseen))
        if self.type == "binary" and self.column.role == "input":
            return torch.from_numpy((indices == 1).astype(np.float32)).unsqueeze(1)
        return torch.from_numpy(indices)

    def _spellings(self) -> dict[str, int]:
        """Maps texts to classes; a truth value is the same in every spelling that formats have for it."""
        known = {text: index for index, text in enumerate(self.classes)}
        for index, text in enumerate(self.classes):
            if text.lower() in ("true", "false"):
                for other in (text.lower(), text.capitalize(), text.upper()):
                    known.setdefault(other, index)
        return known

    def _strange(self, table: Table, rows: Rows, unseen: Literal["error", "warning"]) -> Problem:
        shown = [f"`{each}`" for each in self.classes[:_SHOWN_CLASSES]]
        known = [*shown, *(["…"] if len(self.classes) > _SHOWN_CLASSES else [])]
        lenient = unseen == "warning" and self.type == "category" and self.column.role == "input"
        code = "category-unseen" if lenient else "class-unknown"
        problem = table.cells_problem(code, self.column, rows, known=known)
        severity: Literal["error", "warning"] = "warning" if lenient else "error"
        return Problem(problem.code, problem.place, problem.path, problem.facts, severity)


def read_texts(table: Table, column: Column, missing: str | None, problems: list[Problem]) -> pl.Series:
    """Reads a column as text, empty cells filled. Problems: `cell-empty`, `target-empty`."""
    texts = table.texts(column.header)
    if missing is not None:
        return texts.fill_null(missing)
    empty = np.flatnonzero(texts.is_null().to_numpy())
    if empty.size:
        code = "target-empty" if column.role == "target" else "cell-empty"
        problems.append(table.cells_problem(code, column, empty, fix="{constant: missing}"))
    return texts


def fit_classes(column: Column, declared: ColumnSpec, texts: pl.Series) -> ClassEncoder | Problem:
    """Fits the classes to the training part's texts, or takes those that are declared.

    Problems: `binary-values`, `class-single` for a target, `positive-unknown`.
    """
    constant = constant_of(declared)
    # An empty cell may come first at predict, so its class is there even if training has no gap.
    seen = {*texts.drop_nulls().unique().to_list(), *([constant] if constant is not None else [])}
    classes = tuple(map(as_text, declared.classes or ())) or in_order(seen)
    facts = {"name": column.name, "column": column.header, "count": len(classes)}
    facts |= {"values": [f"`{each}`" for each in classes[:_SHOWN_CLASSES]]}
    if declared.type == "binary":
        if len(classes) != 2:
            many = len(classes) if len(classes) > 2 else ""
            found = counted(len(classes), "value")
            return Problem("binary-values", None, column.path, facts | {"many": many, "found": found})
        positive = _positive(declared, classes)
        if positive not in classes:
            return Problem("positive-unknown", None, column.path, facts | {"positive": positive})
        classes = (classes[1 - classes.index(positive)], positive)
    elif column.role == "target" and len(classes) < 2:
        return Problem("class-single", None, column.path, facts)
    elif not classes:
        return Problem("column-empty", None, column.path, facts)
    kind: Literal["category", "binary"] = "binary" if declared.type == "binary" else "category"
    return ClassEncoder(column, classes, constant, kind)


def constant_of(declared: ColumnSpec) -> str | None:
    """Gives the text of `missing: {constant: VALUE}`, or None."""
    return as_text(declared.missing["constant"]) if isinstance(declared.missing, Mapping) else None


def in_order(texts: Iterable[str]) -> tuple[str, ...]:
    """Sorts classes: numbers by value where all are numbers, else texts by their characters."""
    import polars as pl

    found = sorted(texts)
    values = pl.Series(found, dtype=pl.String).cast(pl.Float64, strict=False)
    if values.is_finite().fill_null(False).all():
        return tuple(text for _, text in sorted(zip(values.to_list(), found, strict=True)))
    return tuple(found)


def as_text(value: object) -> str:
    """Writes a value of YAML or Python as a table has it: `true`, `3`, `0.5`."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _positive(declared: ColumnSpec, classes: tuple[str, ...]) -> str:
    if declared.positive is not None:
        return as_text(declared.positive)
    return next((each for each in classes if each.lower() in _POSITIVE_WORDS), classes[-1])
