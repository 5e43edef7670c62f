"""Losses of steps on their way to the sums of an epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, final

import torch
from torch import Tensor

from nncli.training.divergence import bad_gradients, diverged, refuse_non_finite_weights
from nncli.training.job import TrainJob
from nncli.training.recovery import Buffers
from nncli.training.state import TrainState
from nncli.training.stepping import Update

# Losses that are held on a device before they are read, however quick the steps are.
MOST_UNREAD: Final = 1000


@final
class UnreadLosses:
    """Losses that wait on the device, so that no step waits for them; on a CPU they are read at once."""

    def __init__(self, job: TrainJob, state: TrainState) -> None:
        self._job = job
        self._state = state
        # What is to be got over has to be known at once.
        self._at_once = job.device.type == "cpu" or job.policy != "stop"
        self.buffers = Buffers(state.networks.values()) if job.policy == "skip" else None
        self._waiting: list[tuple[Update, Tensor, Tensor, int]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, update: Update, losses: tuple[Tensor, ...], rows: Tensor) -> bool:
        """Adds up the losses of an update, now or later; tells whether the weights may follow them.

        Raises DivergedError: `diverged`.
        """
        if not self._at_once:
            kept = torch.stack([loss.detach() for loss in losses])
            self._waiting.append((update, kept, rows, self._state.step))
            return True
        first = losses[0].item()
        if not math.isfinite(first):
            return self._got_over(update, rows, first)
        values = [first, *(loss.item() for loss in losses[1:])] if len(losses) > 1 else (first,)
        self._add(update, values, self._state.step)
        return True

    def _got_over(self, update: Update, rows: Tensor, loss: float) -> bool:
        """Leaves a batch out where the spec says so, unless it is not the batch that is wrong."""
        mishaps = self._state.mishaps
        if self.buffers is None or not mishaps.may_skip(update.name):
            raise diverged(self._job, self._state, update, rows)
        self.buffers.put_back()
        refuse_non_finite_weights(self._job, self._state)
        mishaps.skip(update.name, is_unseen=True)
        self._state.trace.add(loss)
        return False

    def note_gradients(self, update: Update, rows: Tensor, *, is_dropped: bool) -> None:
        """Counts a batch whose gradients were left out, unless it is not the batch that is wrong.

        Raises DivergedError: `diverged`.
        """
        if self.buffers is None:
            return
        mishaps = self._state.mishaps
        if not is_dropped:
            mishaps.go_on(update.name)
            return
        self.buffers.put_back()
        if not mishaps.may_skip(update.name):
            raise bad_gradients(self._job, self._state, update, rows)
        mishaps.skip(update.name, is_unseen=False)

    def read(self) -> None:
        """Reads what waits, in its order. Raises DivergedError: `diverged`."""
        for updater in self._state.updaters.values():
            self._state.mishaps.batches += updater.count_left_out()
        if not self._waiting:
            return
        values = torch.cat([losses for _, losses, _, _ in self._waiting]).tolist()
        for update, losses, rows, step in self._waiting:
            own, values = values[: len(losses)], values[len(losses) :]
            if not math.isfinite(own[0]):
                back = self._state.step - step
                self._state.step -= back
                self._state.batch -= back
                raise diverged(self._job, self._state, update, rows)
            self._add(update, own, step)
        self._waiting.clear()

    def _add(self, update: Update, values: Sequence[float], step: int) -> None:
        sums, times = self._state.loss_sums, update.repeat
        self._state.trace.add(values[0])
        if update is self._job.updates[0]:
            self._state.statistics.add_loss(step + 1, values[0])
        for name, value in zip(update.figures, values, strict=True):
            sums[name] = sums.get(name, 0.0) + (value / times if times > 1 else value)
