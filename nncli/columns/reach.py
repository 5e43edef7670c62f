"""Where a column is read around a row: some steps before it, or the next ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from nncli.columns.targets import TargetSpec
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from nncli.columns.stored import Stored


WITHIN_CELLS: Final = ("text", "tokens")
"""The types of column whose cells are rows of steps: a `shift` of theirs stays within a cell."""


@dataclass(frozen=True, slots=True)
class Reach:
    """`length` steps from the one that is `first` steps behind a row; without a length, that one step."""

    first: int
    length: int | None = None

    def __post_init__(self) -> None:
        if self.length is not None and self.length < 1:
            raise ValueError("a window has a step")

    @property
    def stop(self) -> int:
        """The step behind the last one, counted from the row."""
        return self.first + (self.length or 1)

    def input(self, described: InputSpec) -> InputSpec:
        """Describes an input that is read like this, from what it is at one step."""
        if self.length is None:
            return described
        if described.vocabulary is not None:
            return replace(described, shape=(self.length,), type="index", has_mask=False)
        return InputSpec((self.length, *described.shape), "series")

    def target(self, described: TargetSpec) -> TargetSpec:
        """Describes a target that is read like this, from what it is at one step."""
        if self.length is None:
            return described
        shape = () if described.shape == (1,) else described.shape
        return replace(described, shape=(self.length, *shape))

    def of(self, column: Stored, *, is_target: bool) -> Stored:
        """Reads a column of single steps like this; one number at each step of a target has no axis."""
        from nncli.columns.stored import Windows

        values = column.tensors()["values"]
        if is_target and self.length is not None and values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        return Windows(values, self.first, self.length)


@dataclass(frozen=True, slots=True)
class Timeline:
    """How the rows of a file follow each other: by `time`, within each of `group`; else as they stand.

    Every `stride`-th row is one that a sample is around. `season` steps later things repeat themselves.
    """

    time: str | None = None
    format: str | None = None
    group: str | None = None
    stride: int = 1
    season: int | None = None


def reach_of(declared: ColumnSpec) -> Reach | None:
    """Tells where a column is read, from `window:` and `shift:`; None for the row itself."""
    if declared.type in WITHIN_CELLS:
        return None
    if declared.window is not None:
        first, stop = declared.window
        return Reach(first - declared.shift, stop - first)
    return Reach(-declared.shift) if declared.shift else None


def span(reaches: Mapping[str, Reach], role: str) -> tuple[int, int]:
    """Tells from which step to behind which one the columns of a role are read around a row."""
    own = [reach for name, reach in reaches.items() if name.startswith(f"{role}s.")]
    return min((r.first for r in own), default=0), max((r.stop for r in own), default=0)
