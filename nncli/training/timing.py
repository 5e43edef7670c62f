"""Where the time of a step goes, and how much of the machine's arithmetic it uses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

import torch

from nncli.training.job import TrainJob
from nncli.training.measuring import seconds_of_step
from nncli.training.state import TrainState
from nncli.training.stepping import HALVES, Moment

Limit: TypeAlias = Literal["arithmetic", "data", "optimizer", "memory", "calls"]
# Steps are measured for so long, in blocks of which the quickest counts: other work only adds.
_SECONDS: Final = 1.0
_BLOCKS: Final = 5
_SIDE: Final = 1024
# Shares above which something limits: of the time of a step, and of the peak of arithmetic.
_MUCH_DATA: Final = 0.3
_MUCH_OPTIMIZER: Final = 0.4
_MUCH_ARITHMETIC: Final = 0.5
# A step of a small network is over before arithmetic counts.
_SHORT_SECONDS: Final = 1e-3


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Seconds of one step, by what they are spent on."""

    data: float
    forward: float
    backward: float
    optimizer: float

    @property
    def whole(self) -> float:
        """All of them together."""
        return self.data + self.forward + self.backward + self.optimizer


def time_step(job: TrainJob, state: TrainState) -> StepTimes:
    """Measures the parts of a step on the first batches; the state is trained on, and not to be kept."""
    for module in state.networks.values():
        module.train()
    seconds = seconds_of_step(job, state)
    steps = max(1, round(_SECONDS / _BLOCKS / max(seconds, 1e-9)))
    blocks = [_block(job, state, steps) for _ in range(_BLOCKS)]
    return StepTimes(*(min(getattr(each, name) for each in blocks) for name in StepTimes.__slots__))


def _block(job: TrainJob, state: TrainState, steps: int) -> StepTimes:
    """Measures some steps in a row. Taking a batch is timed apart, and taken off what comes with it."""
    clock = _clock(job.device)
    order, bounds = job.order(0), [batches[0] for batches in job.steps_of_epoch()]
    data = losses = taken = stepped = 0.0
    for number in range(steps):
        first, last = bounds[number % len(bounds)]
        rows, moment = order[first:last], Moment(job.training.seed, number, 0)
        draw = job.train.draw(job.training.seed, 0, rows)
        for update in job.updates:
            updater = state.updaters[update.name]
            began = clock()
            job.train.inputs(rows, draw)
            with_data = clock()
            work_out = partial(update.losses, job.train, rows, draw, moment)
            losses_of_batch = work_out()
            with_losses = clock()
            updater.take(losses_of_batch[0], work_out)
            with_gradients = clock()
            updater.step()
            data += with_data - began
            losses += with_losses - with_data
            taken += with_gradients - with_losses
            stepped += clock() - with_gradients
    each = [value / steps for value in (data, losses - data, taken - stepped, stepped)]
    return StepTimes(*(max(value, 0.0) for value in each))


def _clock(device: torch.device) -> Callable[[], float]:
    if device.type != "cuda":
        return time.perf_counter

    def clock() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return clock


def peak_flops(precision: str, device: torch.device) -> float:
    """Measures the operations a second of a product of matrices, in the numbers that steps have."""
    numbers = HALVES.get(precision, torch.float32)
    side = _SIDE * (8 if device.type == "cuda" else 1)
    left, right = (torch.randn(side, side, device=device).to(numbers) for _ in range(2))
    clock = _clock(device)
    least = float("inf")
    for _ in range(_BLOCKS + 1):
        began = clock()
        left @ right
        least = min(least, clock() - began)
    return 2 * side**3 / least


def limit_of(times: StepTimes, share_of_peak: float | None) -> Limit:
    """Tells what a step would have to have more of to be quicker."""
    if times.data > _MUCH_DATA * times.whole:
        return "data"
    if share_of_peak is not None and share_of_peak > _MUCH_ARITHMETIC:
        return "arithmetic"
    if times.optimizer > _MUCH_OPTIMIZER * times.whole:
        return "optimizer"
    return "calls" if times.whole < _SHORT_SECONDS else "memory"
