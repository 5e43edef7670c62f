"""Gradients between a loss and the optimiser: added up over batches, regularised and clipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import torch
from torch import Tensor, nn

from nncli.messages.catalogue import failure
from nncli.training.gradient_kernels import FiniteCheck, backward, overflow_of
from nncli.training.kernels import Optimizer
from nncli.training.optimizer_state import laid_out_like
from nncli.training.schedules import Horizon

GRADIENT: Final = "gradient"


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done with gradients.

    `accumulate` batches make an update. `l1` is added to the loss for each unit of weight in `pulled`.
    No gradient is larger than `largest_value`, nor all together than `largest_norm`. Where
    other updates stand beside it, gradients are worked out for its own weights alone. With `is_careful` those
    that are not finite are dropped. `scaled_on` is the kind of device on which losses are scaled, as steps in
    float16 need it; else empty.
    """

    accumulate: int = 1
    l1: float = 0.0
    pulled: Sequence[Tensor] = ()
    largest_value: float | None = None
    largest_norm: float | None = None
    is_alone: bool = True
    is_careful: bool = False
    scaled_on: str = ""


@final
class Gradients:
    """Works out the gradients of a module for an optimiser; `batches` is how long the run is."""

    def __init__(self, module: nn.Module, optimizer: Optimizer, handling: Handling, batches: Horizon) -> None:
        self._parameters = dict(module.named_parameters())
        self._all = list(self._parameters.values())
        self._optimizer = optimizer
        self._handling = handling
        self._inputs = None if handling.is_alone else [p for p in self._all if p.requires_grad]
        self._batches = batches
        self._taken = 0
        self._waiting = 0
        self._wanted = 1
        # Whether the gradients that came last were dropped.
        self.dropped = False
        # Counted on the device, which no step waits for.
        self._left_out: Tensor | None = None
        self._scaler = torch.amp.GradScaler(handling.scaled_on) if handling.scaled_on else None
        # A scaler leaves such steps out by itself, and looks for a better scale.
        is_careful = handling.is_careful and self._scaler is None
        self._are_finite = FiniteCheck(module) if is_careful else None

    def take(self, loss: Tensor) -> bool:
        """Adds the gradients of a batch; tells whether there are enough for an update."""
        if self._handling.accumulate == 1:
            self._optimizer.zero_grad()
            backward(self._scaled(loss), self._inputs)
            return not self._drops()
        self._begin_group()
        backward(self._scaled(loss / self._wanted), self._inputs)
        self._drops()
        return self._counted()

    def skip(self) -> bool:
        """Leaves a batch out; tells whether there are enough for an update now."""
        if self._handling.accumulate == 1:
            return False
        self._begin_group()
        return self._counted()

    def _begin_group(self) -> None:
        if not self._waiting:
            self._optimizer.zero_grad()
            self._wanted = self._group()

    def _counted(self) -> bool:
        self._taken += 1
        self._waiting = (self._waiting + 1) % self._wanted
        return self._waiting == 0

    def _drops(self) -> bool:
        """Drops gradients that are not finite, with what was added up before them."""
        if self._are_finite is None:
            return False
        self.dropped = not self._are_finite()
        if self.dropped:
            self._optimizer.zero_grad()
        return self.dropped

    def _group(self) -> int:
        """Counts the batches of the next update: those that are left of the epoch, and of the run."""
        epoch, whole = self._batches.epoch, self._batches.whole
        left = [self._handling.accumulate, epoch - self._taken % epoch]
        return max(min([*left, whole - self._taken] if whole is not None else left), 1)

    def _scaled(self, loss: Tensor) -> Tensor:
        return loss if self._scaler is None else self._scaler.scale(loss)

    def change_weights(self) -> bool:
        """Lets the optimiser change the weights; tells whether there are gradients to do so.

        Where scaled gradients are not finite it leaves them, which nobody knows before their device is asked.
        """
        # Every batch may have been left out.
        if all(p.grad is None for p in self._all):
            return False
        scaler: Any = self._scaler
        if scaler is None:
            self.prepare()
            self._optimizer.step()
            return True
        scaler.unscale_(self._optimizer)
        self.prepare()
        scaler.step(self._optimizer)
        left_out = self._wanted * overflow_of(scaler, self._optimizer)
        self._left_out = left_out if self._left_out is None else self._left_out + left_out
        scaler.update()
        return True

    def count_left_out(self) -> int:
        """Counts the batches whose scaled gradients overflowed since this was asked last."""
        count, self._left_out = self._left_out, None
        return 0 if count is None else int(count.item())

    def prepare(self) -> None:
        """Makes the gradients what the optimiser is to see."""
        how = self._handling
        if how.l1:
            pairs = [(p.detach(), p.grad) for p in how.pulled if p.grad is not None]
            for weights, gradient in pairs:
                gradient.add_(weights.sign(), alpha=how.l1)
        if how.largest_value is not None:
            nn.utils.clip_grad_value_(self._all, how.largest_value)
        if how.largest_norm is not None:
            nn.utils.clip_grad_norm_(self._all, how.largest_norm)

    @property
    def is_scaled(self) -> bool:
        """Tells whether gradients are scaled, so that they may overflow."""
        return self._scaler is not None

    def tensors(self) -> dict[str, Tensor]:
        """Names the gradients that wait for more batches: `<parameter>/gradient`."""
        named = self._parameters.items() if self._waiting else ()
        return {f"{name}/{GRADIENT}": p.grad for name, p in named if p.grad is not None}

    def scalars(self) -> dict[str, object]:
        """Lists where it stands; empty where nothing is added up or scaled."""
        scale: dict[str, object] = {"scale": self._scaler.state_dict()} if self._scaler else {}
        if self._handling.accumulate == 1:
            return scale
        return {**scale, "taken": self._taken, "waiting": self._waiting, "wanted": self._wanted}

    def restore(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Puts copies of everything back. Raises WeightsError `checkpoint-differs`."""
        self._left_out = None
        if self._scaler is not None:
            self._scaler.load_state_dict(dict(scalars["scale"]))
        if self._handling.accumulate == 1:
            return
        self._taken, self._waiting, self._wanted = (
            int(scalars[key]) for key in ("taken", "waiting", "wanted")
        )
        for name, parameter in self._parameters.items():
            saved = tensors.get(f"{name}/{GRADIENT}")
            if saved is not None and saved.shape != parameter.shape:
                raise failure("checkpoint-differs", differing=[f"{name}/{GRADIENT} has another shape"])
            parameter.grad = None if saved is None else laid_out_like(parameter, saved)
