"""The average of weights over a run, which is evaluated and kept in place of the last ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, final

import torch
from torch import Tensor, nn

from nncli.messages.catalogue import failure
from nncli.network.compiled import stored_tensors
from nncli.network.parametrized import parametrized
from nncli.training.optimizer_state import laid_out_like

AVERAGE: Final = "average"


@dataclass(frozen=True, slots=True)
class Averaging:
    """How weights are averaged: with a `decay` after every update, else alike after every epoch.

    `first` is the update from which on that is done, `epoch` the updates of one epoch.
    """

    decay: float | None
    first: int
    epoch: int


@final
class Average:
    """The average of what a module learns, and of its buffers, such as running statistics.

    It is that of torch.optim.swa_utils.AveragedModel with `use_buffers=True`.
    """

    def __init__(self, module: nn.Module, how: Averaging) -> None:
        frozen = {id(each) for each in module.parameters() if not each.requires_grad}
        # A mean of directions has no length of one: a spectral norm goes on from where it is.
        directions = {id(b) for each in parametrized(module) for b in each.learned.buffers()}
        self._current = {
            name: tensor
            for name, tensor in stored_tensors(module).items()
            if tensor.is_floating_point() and id(tensor) not in frozen | directions
        }
        self._how = how
        self._average: dict[str, Tensor] = {}
        self._count = 0

    def after_update(self, updates: int) -> None:
        """Takes in the weights after some number of updates, where it is time to."""
        how = self._how
        if updates < how.first or (how.decay is None and updates % how.epoch):
            return
        with torch.no_grad():
            if self._count:
                share = 1 / (self._count + 1) if how.decay is None else 1 - how.decay
                averages, current = list(self._average.values()), list(self._current.values())
                torch._foreach_lerp_(averages, current, share)
            else:
                self._average = {name: tensor.detach().clone() for name, tensor in self._current.items()}
        self._count += 1

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Puts the average in the place of the weights, and these back afterwards."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for name, average in self._average.items():
            current = self._current[name]
            current.data, average.data = average.data, current.data

    def tensors(self) -> dict[str, Tensor]:
        """Names the average as a checkpoint does: `<parameter>/average`."""
        return {f"{name}/{AVERAGE}": tensor for name, tensor in self._average.items()}

    def scalars(self) -> dict[str, object]:
        """Lists what is no tensor."""
        return {"count": self._count}

    def restore(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Puts copies of everything back. Raises WeightsError `checkpoint-differs`."""
        self._count = int(scalars["count"])
        saved = {name: tensors[f"{name}/{AVERAGE}"] for name in self._current} if self._count else {}
        for name, tensor in saved.items():
            if tensor.shape != self._current[name].shape:
                raise failure("checkpoint-differs", differing=[f"{name}/{AVERAGE} has another shape"])
        self._average = {name: laid_out_like(self._current[name], tensor) for name, tensor in saved.items()}
