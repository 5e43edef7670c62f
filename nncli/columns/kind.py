"""What a kind of column is: how its cells are checked, its encoder fitted, and what flows out of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.stored import Finish, Stored, TargetFinish

Truths: TypeAlias = NDArray[np.bool_]


class Encoder:
    """Turns the cells of one column into tensors; fitted once, it travels in the weights file.

    Every kind has a frozen dataclass below this class. Its fields are numbers, texts and tuples of them,
    so that they come back from JSON as they were.
    """

    column: Column

    @property
    def reads_files(self) -> bool:
        """Tells whether cells are the names of files."""
        return False

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that are read."""
        return (self.column.header,)

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        raise NotImplementedError

    def target(self) -> TargetSpec:
        """Describes the column as a target."""
        raise NotImplementedError

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Stored:
        """Encodes the rows of a table; what cannot be encoded is refused.

        `is_new` marks rows, bool (N,), in which what training did not see is only warned of.
        """
        raise NotImplementedError

    def finish(self) -> Finish | None:
        """Gives what is done to each batch on its device, if anything."""
        return None

    def target_finish(self) -> TargetFinish | None:
        """Gives what is done to each batch of a target on its device, if anything."""
        return None

    def feature_columns(self, values: Tensor) -> Tensor | None:
        """Gives the part that the column has in `features`, float32 (N, width); None where it has none."""
        return None

    def counts(self) -> Mapping[str, int]:
        """Names what the column declares to the network: `{"vocabulary": 65}` is `$NAME.vocabulary`."""
        return {}

    def stated(self) -> Mapping[str, object]:
        """Names the words of the declaration that were worked out from the data."""
        return {"column": self.column.header}

    def lent(self) -> Mapping[str, object]:
        """Names the words of a declaration by which another column takes its vocabulary."""
        return {}

    def words(self, values: Tensor, mask: Tensor | None = None) -> list[str]:
        """Gives the cells of predicted classes at each step, int64 (N, steps), where a column has such."""
        raise NotImplementedError

    def decode(self, values: Tensor) -> Tensor:
        """Takes predicted numbers back to the unit of the column, in the type and shape they come in."""
        return values


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a declaration, below `key` where one of its words is meant."""

    code: str
    key: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def _own_header(column: Column, declared: ColumnSpec, headers: Sequence[str]) -> tuple[str, ...]:
    return (column.header,)


def _no_mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of column.

    `check` refuses cells that can never be what is declared. `fit` gets the training rows, with the columns
    that `headers` chooses among those of a file, and may add warnings. `stand_in` gives an encoder of
    plausible sizes where no data are read.
    `mistakes` finds what is wrong in a declaration by itself. `has_numbers` tells that every cell is a
    number, so that text is read as float64: NaN where a cell is empty, infinity where it is no number.
    `reads_files` tells that every cell is the path of a file.
    """

    check: Callable[[Column, ColumnSpec, Table, Refusals], None]
    fit: Callable[[Column, ColumnSpec, Table, list[Problem]], Encoder | Problem]
    stand_in: Callable[[Column, ColumnSpec], Encoder]
    may_be_target: bool = True
    has_numbers: bool = False
    reads_files: bool = False
    headers: Callable[[Column, ColumnSpec, Sequence[str]], tuple[str, ...]] = _own_header
    mistakes: Callable[[Column, ColumnSpec], Iterator[Mistake]] = _no_mistakes


def constant_warning(column: Column) -> Problem:
    """Warns of a column that never changes."""
    facts = {"name": column.name, "column": column.header}
    return Problem("column-constant", None, column.path, facts, "warning")
