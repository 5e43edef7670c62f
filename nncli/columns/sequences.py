"""What texts and rows of classes have in common: indices, cut to a length and laid side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nncli.columns.kind import Mistake
from nncli.columns.tokenizing import Tokens
from nncli.sources.tables import Column, Refusals
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from nncli.columns.stored import Ragged

MOST_STEPS: Final = 512
"""How long sequences are at most where `length` is not stated."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How sequences are laid out: at most `length` steps, cut and filled up at an end, shifted or not."""

    length: int
    truncate: Literal["end", "start", "error"] = "end"
    pad: Literal["end", "start"] = "end"
    shift: int = 0

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ValueError("a sequence has at least one step")

    def cut(self, steps: Tokens, most: int) -> Tokens:
        """Cuts a sequence to so many steps."""
        if len(steps) <= most:
            return steps
        return steps[len(steps) - most :] if self.truncate == "start" else steps[:most]

    def laid_out(self, rows: Sequence[Tokens], padding: int, begin: int, largest: int) -> Ragged:
        """Lays sequences side by side, in the smallest type that holds the largest index."""
        import torch

        from nncli.columns.stored import Ragged

        starts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        values = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        return Ragged(
            torch.from_numpy(values.astype(narrowest(largest))),
            torch.from_numpy(starts),
            self.length,
            padding,
            self.pad == "start",
            self.shift,
            begin,
        )


def narrowest(largest: int) -> type[np.uint8 | np.int16 | np.int32]:
    """Chooses the smallest integer type for indices up to the largest."""
    if largest <= np.iinfo(np.uint8).max:
        return np.uint8
    return np.int16 if largest <= np.iinfo(np.int16).max else np.int32


def layout_of(declared: ColumnSpec, counts: NDArray[np.int64]) -> Layout:
    """Makes the layout of a declaration; without a `length`, the longest of `counts` up to `MOST_STEPS`."""
    longest = int(counts.max()) if len(counts) else 1
    length = declared.length if isinstance(declared.length, int) else min(max(longest, 1), MOST_STEPS)
    return Layout(length, declared.truncate, declared.pad, declared.shift)


def refuse_steps(column: Column, counts: NDArray[np.int64], layout: Layout, refusals: Refusals) -> None:
    """Refuses `sequence-empty`, and `sequence-long` where nothing is to be cut."""
    refusals.add("sequence-empty", column, np.flatnonzero(counts == 0))
    if layout.truncate == "error":
        long = np.flatnonzero(counts > layout.length)
        refusals.add("sequence-long", column, long, length=layout.length)


def sequence_mistakes(declared: ColumnSpec, least: int) -> Iterator[Mistake]:
    """Finds a `length` that is no number of steps. Mistake: `sequence-length`."""
    length = declared.length
    is_count = isinstance(length, int) and not isinstance(length, bool)
    if length is not None and not (is_count and int(length) >= least):
        yield Mistake("sequence-length", "length", {"received": length, "least": least})
