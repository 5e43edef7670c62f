"""Encoded columns as they are kept, and how the rows of a batch are taken from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from nncli.draws import Draw


class Finish(Protocol):
    """What is done to a batch on its device, such as scaling pixels."""

    @property
    def is_drawn(self) -> bool:
        """Tells whether a batch that is trained on comes out different each time."""

    def __call__(self, values: Tensor, draw: Draw | None) -> Tensor:
        """Finishes values (B, …); `draw` is None where nothing is trained."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Some rows of a column: values (B, …), and where rows differ in length which steps are theirs.

    Shapes: `mask` is bool (B, steps), true where a step is valid; None where all are.
    """

    values: Tensor
    mask: Tensor | None = None


class TargetFinish(Protocol):
    """What is done to a batch of a target on its device; it also tells which of its values are there."""

    @property
    def is_drawn(self) -> bool:
        """Tells whether a batch that is trained on comes out different each time."""

    def __call__(self, values: Tensor, draw: Draw | None) -> Taken:
        """Finishes values (B, …); `draw` is None where nothing is trained."""


class Stored(Protocol):
    """A column of encoded samples; its tensors may lie in a file of the cache."""

    @property
    def rows(self) -> int:
        """Counts the samples."""

    @property
    def row_bytes(self) -> int | None:
        """Counts the bytes of one sample, where all have as many and none shares them with another."""

    @property
    def lengths(self) -> Tensor | None:
        """The steps of every sample, int64 (N,), where a mask tells how many are its own; else None."""

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes samples by number, int64 (B,), in the order given.

        With a draw, in training, a column may take another part of them each time.
        """

    def tensors(self) -> dict[str, Tensor]:
        """Names all that it holds, so that it can be kept and moved."""


@dataclass(frozen=True, slots=True)
class Dense:
    """Samples of one shape: `values` is (N, …). `mask` tells which of them are there, bool (N,)."""

    values: Tensor
    mask: Tensor | None = None

    @property
    def rows(self) -> int:
        """Counts the samples."""
        return len(self.values)

    @property
    def row_bytes(self) -> int:
        """Counts the bytes of one sample."""
        return math.prod(self.values.shape[1:]) * self.values.element_size()

    @property
    def lengths(self) -> None:
        """Tells of no steps behind those of a sample."""

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes samples by number."""
        mask = None if self.mask is None else self.mask.index_select(0, rows)
        return Taken(self.values.index_select(0, rows), mask)

    def tensors(self) -> dict[str, Tensor]:
        """Names all that it holds."""
        return {"values": self.values} | ({} if self.mask is None else {"mask": self.mask})


@dataclass(frozen=True, slots=True)
class Ragged:
    """Samples of different lengths, one behind the other.

    Shapes (N samples, T steps together): `values` (T, …), `starts` int64 (N + 1,). A batch is as long as
    its longest sample, or `length` where it is given; steps without a value hold `padding`, and stand
    behind those with one, or before them where `is_padded_before`. With a `shift` of -1 each step has
    the value of the next one, and the last step of a sample none; of 1, that of the step before, and the
    first one has `begin`.
    """

    values: Tensor
    starts: Tensor
    length: int | None = None
    padding: int = 0
    is_padded_before: bool = False
    shift: int = 0
    begin: int = 0

    @property
    def rows(self) -> int:
        """Counts the samples."""
        return len(self.starts) - 1

    @property
    def row_bytes(self) -> None:
        """Samples differ in length."""
        return None

    @property
    def lengths(self) -> Tensor:
        """The steps of every sample, int64 (N,)."""
        return self.starts[1:] - self.starts[:-1]

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes samples by number, filled up to one length."""
        first, lengths = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        longest = int(lengths.max()) if self.length is None and len(rows) else self.length or 0
        steps = torch.arange(longest, device=rows.device).expand(len(rows), longest)
        if self.is_padded_before:
            steps = steps - (longest - lengths)[:, None]
        mask = (steps >= 0) & (steps < lengths[:, None])
        values = self.values.new_full((len(rows), longest, *self.values.shape[1:]), self.padding)
        read = steps - self.shift
        known = mask & (read < lengths[:, None])
        values[known] = self.values.index_select(0, (first[:, None] + read.clamp(min=0))[known])
        if self.shift > 0:
            values[mask & (read < 0)] = self.begin
        return Taken(values, known)

    def tensors(self) -> dict[str, Tensor]:
        """Names all that it holds."""
        return {"values": self.values, "starts": self.starts}


@dataclass(frozen=True, slots=True)
class Windows:
    """Stretches of one long column around a row: `length` steps of `values` (T, …), the first one
    `first` steps behind the row. Without a length a sample is that one step alone.
    """

    values: Tensor
    first: int
    length: int | None = None

    @property
    def rows(self) -> int:
        """Counts the rows that a stretch can be around."""
        return len(self.values)

    @property
    def row_bytes(self) -> None:
        """Stretches share their steps."""
        return None

    @property
    def lengths(self) -> None:
        """Tells of no steps behind those of a sample."""

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes the stretches around rows by number; the caller keeps to rows that have them whole."""
        if self.length is None:
            return Taken(self.values.index_select(0, rows + self.first))
        steps = rows[:, None] + torch.arange(self.first, self.first + self.length, device=rows.device)
        taken = self.values.index_select(0, steps.flatten())
        return Taken(taken.reshape(len(rows), self.length, *self.values.shape[1:]))

    def tensors(self) -> dict[str, Tensor]:
        """Names all that it holds."""
        return {"values": self.values}
