"""What is counted at the output of a layer while a look or a probe runs; no output is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Final, final

import torch
from torch import Tensor, nn

from nncli.network.beyond_torch.checkpoints import AsBefore
from nncli.network.compiled import LayerCall

# Beyond these outputs the slope is under a hundredth of its maximum: sigmoid at 6, tanh at 3.
_SATURATED: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "Sigmoid": lambda y: (y - 0.5).abs() > 0.49753,
    "Tanh": lambda y: y.abs() > 0.99505,
    "Hardsigmoid": lambda y: (y <= 0) | (y >= 1),
    "Hardtanh": lambda y: y.abs() >= 1,
}
# Units of these pass nothing on, forward or backward, where their output is zero.
_CAN_DIE: Final = frozenset({"ReLU", "ReLU6"})
# Layers whose units are channels on axis 1; of every other the units are on the last axis.
_CHANNELS_FIRST: Final = ("Conv", "BatchNorm", "GroupNorm", "InstanceNorm")


@final
class Counter:
    """The sums of one layer's output over all rows of a probe; they stay on the device until they are
    asked for.

    `unit_axis` is the axis whose entries are units: 1 for channels first, else -1.
    """

    def __init__(self, kind: str, unit_axis: int) -> None:
        self.rows = 0
        self._numbers = 0
        self._taken: list[tuple[Tensor, Tensor, Tensor, Tensor | None]] = []
        self._test = _SATURATED.get(kind)
        self._unit_axis = unit_axis if kind in _CAN_DIE else 0
        self._alive: Tensor | None = None

    def take(self, output: Tensor) -> None:
        """Counts the output of one batch, in as few calls as there can be: they are what a look takes."""
        values = output.detach()
        self.rows += values.shape[0]
        self._numbers += values.numel()
        flat = torch.count_nonzero(self._test(values)) if self._test else None
        norm = torch.linalg.vector_norm(values, dtype=torch.float64)
        self._taken.append((values.sum(dtype=torch.float64), norm, torch.count_nonzero(values), flat))
        if self._unit_axis and values.ndim > 1:
            others = [axis for axis in range(values.ndim) if axis != self._unit_axis % values.ndim]
            alive = values.amax(dim=others) > 0
            self._alive = alive if self._alive is None else self._alive | alive

    def sums(self) -> Tensor:
        """Gives what was added up, float64 (5,): numbers, their squares, those that are not zero, those at
        which the layer is flat, and units that are dead."""
        nothing = torch.zeros((), dtype=torch.float64, device=self._taken[0][0].device)
        rows = [
            torch.stack((total, norm * norm, there.double(), nothing if flat is None else flat.double()))
            for total, norm, there, flat in self._taken
        ]
        dead = nothing if self._alive is None else (~self._alive).sum().double()
        return torch.cat([torch.stack(rows).sum(0), dead.reshape(1)])

    @cached_property
    def _sums(self) -> Tensor:
        return self.sums()

    @property
    def finite(self) -> bool:
        """Tells whether every number that came is finite."""
        return bool(self._sums.isfinite().all())

    @property
    def mean(self) -> float:
        """The mean of every number that came."""
        return self._share(0)

    @property
    def rms(self) -> float:
        """The root of the mean square."""
        return float(self._share(1) ** 0.5)

    @property
    def std(self) -> float:
        """The standard deviation around the mean."""
        return float(max(self._share(1) - self.mean**2, 0.0) ** 0.5)

    @property
    def units(self) -> int:
        """The number of units that could be dead; 0 where none can."""
        return 0 if self._alive is None else self._alive.numel()

    @property
    def numbers(self) -> int:
        """How many numbers came."""
        return self._numbers

    @property
    def can_die(self) -> bool:
        """Tells whether units of the layer pass nothing on where their output is zero."""
        return self._unit_axis != 0

    @property
    def can_saturate(self) -> bool:
        """Tells whether there are outputs at which the layer is flat."""
        return self._test is not None

    @property
    def dead_share(self) -> float | None:
        """The share of units that were never positive on any row."""
        return None if self._alive is None else 1 - self._alive.float().mean().item()

    @property
    def saturated_share(self) -> float | None:
        """The share of outputs at which the layer hardly changes any more."""
        return self._share(3) if self._test else None

    def _share(self, which: int) -> float:
        return float(self._sums[which].item()) / self._numbers


@contextmanager
def counting(calls: Iterable[LayerCall], module: nn.Module) -> Iterator[dict[str, Counter]]:
    """Counts at the output of every layer while the block runs; the hooks are gone afterwards."""
    counters, handles, axis = {}, [], -1
    for call in calls:
        if call.parameters:
            axis = 1 if call.type.startswith(_CHANNELS_FIRST) else -1
        counter = counters[call.name] = Counter(call.type, axis)

        def look(_: nn.Module, __: object, output: object, counter: Counter = counter) -> None:
            values = output[0] if isinstance(output, tuple) else output
            if AsBefore.running:
                return
            if isinstance(values, Tensor) and values.is_floating_point() and values.numel():
                counter.take(values)

        handles.append(module.get_submodule(call.name).register_forward_hook(look))
    try:
        yield counters
    finally:
        for handle in handles:
            handle.remove()
