"""What is counted at the output of a layer while a probe runs; no output is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, final

import torch
from torch import Tensor

# Beyond these outputs the slope is under a hundredth of its maximum: sigmoid at 6, tanh at 3.
_SATURATED: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "Sigmoid": lambda y: (y - 0.5).abs() > 0.49753,
    "Tanh": lambda y: y.abs() > 0.99505,
    "Hardsigmoid": lambda y: (y <= 0) | (y >= 1),
    "Hardtanh": lambda y: y.abs() >= 1,
}
# Units of these pass nothing on, forward or backward, where their output is zero.
_CAN_DIE: Final = frozenset({"ReLU", "ReLU6"})


@final
class Counter:
    """The sums of one layer's output over all rows of a probe.

    `unit_axis` is the axis whose entries are units: 1 for channels first, else -1.
    """

    def __init__(self, kind: str, unit_axis: int) -> None:
        self.rows = 0
        self.finite = True
        self._numbers = 0
        self._sum = 0.0
        self._squares = 0.0
        self._saturated = 0
        self._test = _SATURATED.get(kind)
        self._unit_axis = unit_axis if kind in _CAN_DIE else 0
        self._alive: Tensor | None = None

    def take(self, output: Tensor) -> None:
        """Counts the output of one batch."""
        values = output.detach()
        self.rows += values.shape[0]
        self._numbers += values.numel()
        self._sum += values.sum(dtype=torch.float64).item()
        self._squares += values.double().square().sum().item()
        self.finite = self.finite and bool(values.isfinite().all())
        if self._test:
            self._saturated += int(self._test(values).sum())
        if self._unit_axis and values.ndim > 1:
            alive = (values > 0).movedim(self._unit_axis, 0).flatten(1).any(dim=1)
            self._alive = alive if self._alive is None else self._alive | alive

    @property
    def mean(self) -> float:
        """The mean of every number that came."""
        return self._sum / self._numbers

    @property
    def rms(self) -> float:
        """The root of the mean square."""
        return float((self._squares / self._numbers) ** 0.5)

    @property
    def std(self) -> float:
        """The standard deviation around the mean."""
        return float(max(self._squares / self._numbers - self.mean**2, 0.0) ** 0.5)

    @property
    def units(self) -> int:
        """The number of units that could be dead; 0 where none can."""
        return 0 if self._alive is None else self._alive.numel()

    @property
    def dead_share(self) -> float | None:
        """The share of units that were never positive on any row."""
        return None if self._alive is None else 1 - self._alive.float().mean().item()

    @property
    def saturated_share(self) -> float | None:
        """The share of outputs at which the layer hardly changes any more."""
        return self._saturated / self._numbers if self._test else None
