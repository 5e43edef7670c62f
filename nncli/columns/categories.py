"""Category and binary columns: texts to the index of their class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nncli.columns.kind import Encoder, Kind, Mistake, Truths, constant_warning
from nncli.columns.targets import TargetSpec
from nncli.counted import counted
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec
from nncli.spec.writing import as_flow

if TYPE_CHECKING:
    import polars as pl
    from torch import Tensor

    from nncli.columns.stored import Dense

STAND_IN_CLASSES: Final = ("0", "1", "2")
_POSITIVE_WORDS: Final = ("1", "true", "yes")
_SHOWN_CLASSES: Final = 10
_COUNTED_ROWS: Final = 2**18


@dataclass(frozen=True, slots=True)
class ClassEncoder(Encoder):
    """The index of a text among `classes`; of a binary column the negative class comes first.

    `missing` is the class that an empty cell counts as; None refuses it, unless `gaps` are kept as a
    mask. A text that is no class has the index after the last one: a row of its own in an Embedding, no
    column in one-hot `features`. It is refused unless `unknown` is to be kept, and only warned of in
    validation and test rows.
    """

    column: Column
    classes: tuple[str, ...]
    missing: str | None = None
    type: Literal["category", "binary"] = "category"
    unknown: Literal["error", "keep"] = "error"
    gaps: Literal["fill", "keep"] = "fill"

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes) or not self.classes:
            raise ValueError("classes must differ, and there must be one")
        if self.type == "binary" and len(self.classes) != 2:
            raise ValueError("a binary column has two classes")

    def input(self) -> InputSpec:
        """Describes the column as an input; the last index of a category is kept for the unseen."""
        if self.type == "binary":
            return InputSpec((1,), "binary")
        return InputSpec((), "category", vocabulary=len(self.classes) + 1)

    def target(self) -> TargetSpec:
        """Describes the column as a target."""
        return TargetSpec(self.column.name, self.type, self.classes, has_mask=self.gaps == "keep")

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes a column: a binary input to float32 (N, 1), all else to int64 (N,).

        Refuses `class-unknown`; warns of `category-unseen` instead where `is_new` allows it.
        """
        import polars as pl
        import torch

        from nncli.columns.stored import Dense

        keeps = self.gaps == "keep"
        texts = read_texts(table, self.column, self.missing, refusals, kind=self.type, empty_allowed=keeps)
        known = self._spellings()
        found = texts.replace_strict(
            pl.Series(list(known), dtype=pl.String),
            pl.Series(list(known.values()), dtype=pl.Int64),
            default=len(self.classes),
            return_dtype=pl.Int64,
        )
        present = texts.is_not_null().to_numpy()
        indices = found.fill_null(len(self.classes)).to_numpy().astype(np.int64)
        if self.unknown == "error":
            self._refuse((indices == len(self.classes)) & present, refusals, is_new)
        if self.type == "binary" and self.column.role == "input":
            return Dense(torch.from_numpy((indices == 1).astype(np.float32)).unsqueeze(1))
        if keeps:
            return Dense(torch.from_numpy(np.where(present, indices, 0)), torch.from_numpy(present))
        return Dense(torch.from_numpy(indices))

    def feature_columns(self, values: Tensor) -> Tensor:
        """Gives a column for each class, or the 0 and 1 of a binary column."""
        import torch

        if self.type == "binary":
            return values
        # The index of the unseen comes last and has no column: its row is all zeros.
        return (values.unsqueeze(1) == torch.arange(len(self.classes))).to(torch.float32)

    def counts(self) -> Mapping[str, int]:
        """Names how many classes a target has, and how many indices an input."""
        if self.column.role == "target":
            return {"classes": len(self.classes)}
        return {} if self.type == "binary" else {"vocabulary": len(self.classes) + 1}

    def stated(self) -> Mapping[str, object]:
        """Names the column, its classes in order, and the positive one."""
        said: dict[str, object] = {"column": self.column.header, "classes": self.classes}
        return said | ({"positive": self.classes[1]} if self.type == "binary" else {})

    def _spellings(self) -> dict[str, int]:
        """Maps texts to classes; a truth value is the same in every spelling that formats have for it."""
        known = {text: index for index, text in enumerate(self.classes)}
        for index, text in enumerate(self.classes):
            if text.lower() in ("true", "false"):
                for other in (text.lower(), text.capitalize(), text.upper()):
                    known.setdefault(other, index)
        return known

    def _refuse(self, strange: Truths, refusals: Refusals, is_new: Truths | None) -> None:
        shown = [f"`{each}`" for each in self.classes[:_SHOWN_CLASSES]]
        known = [*shown, *(["…"] if len(self.classes) > _SHOWN_CLASSES else [])]
        lenient = self.type == "category" and self.column.role == "input" and is_new is not None
        warned = strange & is_new if lenient and is_new is not None else np.zeros_like(strange)
        refusals.add("class-unknown", self.column, np.flatnonzero(strange & ~warned), known=known)
        refusals.add("category-unseen", self.column, np.flatnonzero(warned), "warning", known=known)


def read_texts(
    table: Table,
    column: Column,
    missing: str | None,
    refusals: Refusals,
    *,
    kind: str = "category",
    empty_allowed: bool = False,
) -> pl.Series:
    """Reads a column of a kind as text, empty cells filled. Refuses `cell-empty`, `target-empty`."""
    texts = table.texts(column.header)
    if missing is not None:
        return texts.fill_null(missing)
    if not empty_allowed:
        code = "target-empty" if column.role == "target" else "cell-empty"
        empty = np.flatnonzero(texts.is_null().to_numpy())
        refusals.add(code, column, empty, fix=_fill(kind, texts) if len(empty) else "")
    return texts


def _fill(kind: str, texts: pl.Series) -> str:
    """Writes what empty cells may count as: a class of their own, or one that is there already."""
    if kind == "tokens":
        return "{constant: CLASS}"
    # A binary column has room for two classes alone.
    commonest = texts.drop_nulls().mode().sort().to_list() if kind == "binary" else []
    return as_flow({"constant": next(iter(commonest), "missing")})


def fit_classes(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> ClassEncoder | Problem:
    """Fits the classes to the training rows, or takes those that are declared.

    Classes in fewer than `rare` rows are left to the unknown. Problems: `binary-values`, `class-single`
    for a target, `positive-unknown`, `column-empty`. Warning: `column-constant`.
    """
    constant = constant_of(declared)
    texts = read_texts(table, column, constant, Refusals(), empty_allowed=True)
    classes = tuple(map(as_text, declared.classes or ())) or _seen(declared, texts, constant)
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
    if len(classes) == 1:
        warnings.append(constant_warning(column))
    kind: Literal["category", "binary"] = "binary" if declared.type == "binary" else "category"
    unknown: Literal["error", "keep"] = "keep" if declared.rare else declared.unknown
    gaps: Literal["fill", "keep"] = "keep" if declared.missing == "keep" else "fill"
    return ClassEncoder(column, classes, constant, kind, unknown, gaps)


def _seen(declared: ColumnSpec, texts: pl.Series, constant: str | None) -> tuple[str, ...]:
    counts = Counter[str]()
    # Slice by slice, since what counting takes grows with the rows.
    for first in range(0, len(texts), _COUNTED_ROWS):
        found = texts.slice(first, _COUNTED_ROWS).drop_nulls().value_counts(name="rows")
        counts.update(dict(found.rows()))
    frequent = [text for text, rows in counts.items() if rows >= (declared.rare or 1)]
    # An empty cell may come first at predict, so its class is there even if training has no gap.
    return in_order({*frequent, *([constant] if constant is not None else [])})


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


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    keeps = declared.missing == "keep"
    read_texts(table, column, constant_of(declared), refusals, kind=declared.type, empty_allowed=keeps)


def _stand_in(column: Column, declared: ColumnSpec) -> ClassEncoder:
    classes = tuple(map(as_text, declared.classes or ())) or STAND_IN_CLASSES
    if declared.type == "binary":
        return ClassEncoder(column, classes[:2], type="binary")
    return ClassEncoder(column, classes)


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    missing = declared.missing
    if column.role == "target" and missing not in ("error", "keep"):
        yield Mistake("missing-target", "missing")
    elif missing in ("median", "mean", "flag") or (missing == "keep" and column.role == "input"):
        classes = [*map(as_text, declared.classes or ()), "CLASS" if declared.type == "binary" else "missing"]
        facts = {"type": declared.type, "received": missing, "example": as_flow({"constant": classes[0]})}
        yield Mistake("missing-fill", "missing", facts)
    for word in ("rare", "unknown"):
        if column.role == "target" and getattr(declared, word) not in (None, "error"):
            yield Mistake("unknown-target", word)
    classes = [as_text(each) for each in declared.classes or ()]
    if len(set(classes)) < len(classes) or (declared.classes is not None and not classes):
        yield Mistake("classes-repeated", "classes", {"classes": classes})
    elif declared.type == "binary" and classes:
        if len(classes) != 2:
            yield Mistake("classes-binary", "classes", {"count": len(classes)})
        elif declared.positive is not None and as_text(declared.positive) not in classes:
            facts = {"positive": declared.positive, "values": classes}
            yield Mistake("positive-unknown", "positive", facts)


CATEGORY: Final = Kind(
    check=_check,
    fit=fit_classes,
    stand_in=_stand_in,
    mistakes=_mistakes,
)
BINARY: Final = Kind(
    check=_check,
    fit=fit_classes,
    stand_in=_stand_in,
    mistakes=_mistakes,
)
