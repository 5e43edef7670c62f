"""Columns of rows of classes: a cell such as `B-PER O O` has a class at each step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nncli.columns.categories import STAND_IN_CLASSES, as_text, constant_of, in_order, read_texts
from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.sequences import Layout, layout_of, refuse_steps, sequence_mistakes
from nncli.columns.targets import TargetSpec
from nncli.columns.texts import TextEncoder
from nncli.columns.tokenizing import Tokens
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.stored import Ragged, Stored

_STAND_IN_STEPS: Final = 16
_SHOWN_CLASSES: Final = 10


@dataclass(frozen=True, slots=True)
class TagEncoder(Encoder):
    """The index of a class at each step of a cell, whose classes stand between separators.

    `separator` None is white space of any length. As an input, the index after the last class stands for
    padding, and for the step before the first one.
    """

    column: Column
    classes: tuple[str, ...]
    layout: Layout
    separator: str | None = None
    missing: str | None = None
    type: Literal["tokens"] = "tokens"

    def __post_init__(self) -> None:
        if len(set(self.classes)) < len(self.classes) or not self.classes:
            raise ValueError("classes must differ, and there must be one")

    def input(self) -> InputSpec:
        """Describes the column as an input: an index at each step."""
        return InputSpec((self.layout.length,), "index", len(self.classes) + 1, True)

    def target(self) -> TargetSpec:
        """Describes the column as a target: a class at each step."""
        return TargetSpec(self.column.name, "category", self.classes, (self.layout.length,), True)

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Ragged:
        """Encodes cells to indices. Refuses `tag-unknown`, `sequence-empty`, `sequence-long`."""
        known = {text: index for index, text in enumerate(self.classes)}
        strange: list[int] = []
        rows: list[Tokens] = []
        for at, cell in enumerate(read_texts(table, self.column, self.missing, refusals, kind="tokens")):
            # An empty cell was refused as such.
            found = [0] if cell is None else [known.get(each, -1) for each in split(cell, self.separator)]
            strange += [at] if -1 in found else []
            rows.append(np.array(found, np.int32))
        shown = [f"`{each}`" for each in self.classes[:_SHOWN_CLASSES]]
        more = ["…"] if len(self.classes) > _SHOWN_CLASSES else []
        refusals.add("tag-unknown", self.column, np.array(strange, np.int64), known=[*shown, *more])
        refuse_steps(self.column, np.array([len(row) for row in rows], np.int64), self.layout, refusals)
        outside = len(self.classes) if self.column.role == "input" else 0
        cut = [self.layout.cut(row, self.layout.length) for row in rows]
        return self.layout.laid_out(cut, outside, outside, len(self.classes))

    def counts(self) -> Mapping[str, int]:
        """Names the classes of a target, the indices of an input, and the steps."""
        if self.column.role == "target":
            return {"classes": len(self.classes), "steps": self.layout.length}
        return {"vocabulary": len(self.classes) + 1, "steps": self.layout.length}

    def stated(self) -> Mapping[str, object]:
        """Names the column, its classes in order, and the most steps."""
        return {"column": self.column.header, "classes": self.classes, "length": self.layout.length}

    def lent(self) -> Mapping[str, object]:
        """Gives the classes to a column that shares them."""
        return {"classes": self.classes}

    def words(self, values: Tensor, mask: Tensor | None = None) -> list[str]:
        """Gives the cells of predicted indices, int64 (N, steps), as they would stand in a table."""
        between = " " if self.separator is None else self.separator
        return [
            between.join(self.classes[index] for index in row[row_mask].tolist())
            for row, row_mask in zip(values, values >= 0 if mask is None else mask, strict=True)
        ]


def refuse_unaligned(
    encoders: Iterable[Encoder], columns: Mapping[Column, Stored], refusals: Refusals
) -> None:
    """Refuses `sequence-steps`: rows whose classes are not as many as the words of the text beside them.

    Where the classes also flow in shifted, they are written one after the other, and can be of any number.
    """
    encoders = list(encoders)
    written = {each.column.header for each in encoders if isinstance(each, TagEncoder) and each.layout.shift}
    texts = [each for each in encoders if isinstance(each, TextEncoder) and each.tokenizer.takes_words]
    for tags in encoders:
        if not isinstance(tags, TagEncoder) or tags.column.header in written or len(texts) != 1:
            continue
        steps = [_steps(columns[each.column]) for each in (tags, texts[0])]
        other = texts[0].column.header
        refusals.add("sequence-steps", tags.column, np.flatnonzero(steps[0] != steps[1]), other=other)


def _steps(column: Stored) -> NDArray[np.int64]:
    starts: NDArray[np.int64] = column.tensors()["starts"].numpy()
    return np.diff(starts)


def split(cell: str, separator: str | None) -> list[str]:
    """Takes a cell apart: at white space, or at a separator, without the white space around."""
    if separator is None or not separator.strip():
        return cell.split()
    return [part.strip() for part in cell.split(separator)] if cell.strip() else []


def fit_tags(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> TagEncoder | Problem:
    """Fits the classes to the training rows: those of the column, and of all that share its classes.

    `table` has the columns to learn from. Problems: `column-empty`, `class-single` for a target.
    """
    missing = constant_of(declared)
    found = {
        header: _cells(header, column, missing, table) for header in (column.header, *table.cells.schema)
    }
    rows = [split(cell, declared.separator) for cell in found[column.header]]
    seen = {text for cells in found.values() for cell in cells for text in split(cell, declared.separator)}
    classes = tuple(map(as_text, declared.classes or ())) or in_order(seen)
    facts = {"name": column.name, "column": column.header, "count": len(classes)}
    if not classes:
        return Problem("column-empty", None, column.path, facts)
    if column.role == "target" and len(classes) < 2:
        return Problem("class-single", None, column.path, facts | {"values": [f"`{classes[0]}`"]})
    layout = layout_of(declared, np.array([len(row) for row in rows], np.int64))
    return TagEncoder(column, classes, layout, declared.separator, missing)


def _cells(header: str, column: Column, missing: str | None, table: Table) -> list[str]:
    as_column = Column(header, header, column.role)
    texts = read_texts(table, as_column, missing, Refusals(), empty_allowed=True)
    return [cell for cell in texts if cell is not None]


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    read_texts(table, column, constant_of(declared), refusals, kind="tokens")


def _stand_in(column: Column, declared: ColumnSpec) -> TagEncoder:
    classes = tuple(map(as_text, declared.classes or ())) or STAND_IN_CLASSES
    return TagEncoder(column, classes, layout_of(declared, np.array([_STAND_IN_STEPS], np.int64)))


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    missing = declared.missing
    if column.role == "target" and missing != "error":
        yield Mistake("missing-target", "missing")
    elif missing != "error" and not isinstance(missing, Mapping):
        facts = {"type": declared.type, "received": as_text(missing), "example": "{constant: CLASS}"}
        yield Mistake("missing-fill", "missing", facts)
    classes = [as_text(each) for each in declared.classes or ()]
    if len(set(classes)) < len(classes) or (declared.classes is not None and not classes):
        yield Mistake("classes-repeated", "classes", {"classes": classes})
    yield from sequence_mistakes(declared, 1)


TAGS: Final = Kind(
    check=_check,
    fit=fit_tags,
    stand_in=_stand_in,
    mistakes=_mistakes,
)
