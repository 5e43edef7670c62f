"""The rows of the batches of an epoch; what is not held of them is read a step ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from torch import Tensor

from nncli.training.ahead import Ahead, Upcoming
from nncli.training.held import HeldPart
from nncli.training.stepping import Bounds


@final
class EpochRows:
    """Rows by the bounds of their batch; `order` is that of the epoch, int64 (rows,) on the device."""

    def __init__(self, part: HeldPart, order: Tensor, ahead: Ahead | None, seed: int, epoch: int) -> None:
        self._part = part
        self._order = order
        self._ahead = ahead
        self._of = (seed, epoch)
        self._on_cpu = order.cpu() if ahead is not None else order
        self._now: dict[Bounds, Tensor] = {}
        self._next: dict[Bounds, Tensor] = {}

    def turn(self, following: Sequence[Bounds]) -> None:
        """Begins a step that another one follows, of these batches."""
        if self._ahead is None:
            return
        self._now = self._next
        self._next = {bounds: self._order[slice(*bounds)] for bounds in following}
        upcoming = []
        for bounds, rows in self._next.items():
            on_cpu = self._on_cpu[slice(*bounds)]
            upcoming.append(Upcoming(rows, on_cpu, self._part.draw(*self._of, on_cpu)))
        self._ahead.turn(upcoming)

    def __getitem__(self, bounds: Bounds) -> Tensor:
        """Gives the numbers of the rows of a batch, int64 (B,) on the device."""
        found = self._now.get(bounds)
        return self._order[slice(*bounds)] if found is None else found
