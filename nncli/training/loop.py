"""Training: from a job and a state to rows. The caller shows, writes and saves; nothing here does.

A run is a generator over a state that the caller owns. Between two rows the state is whole: it can
be saved, and a run restored from it goes on with the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, final

import torch
from torch import Tensor

from nncli.errors import DataError
from nncli.training.divergence import diverged, refuse_non_finite_weights
from nncli.training.evaluation import HaltedError
from nncli.training.job import TrainJob, is_better
from nncli.training.rows import Best, DoneRow, EpochRow, Figures, ProgressRow, Row, StoppedRow, value_of
from nncli.training.state import TrainState
from nncli.training.stepping import Bounds, Moment, Update, batches_of_update, seed_draws

# Units: seconds between two ProgressRows, and between two looks at the losses on a device.
_PROGRESS_EVERY: Final = 0.1
# Losses that are held on a device before they are read, however quick the steps are.
_MOST_UNREAD: Final = 1000


@dataclass
class _Meter:
    """What this process has done: rows trained on, and times of the clock."""

    samples: int = 0
    epoch_began: float = field(default_factory=time.monotonic)
    shown: float = 0.0
    counted: float = field(default_factory=time.monotonic)

    def count(self, job: TrainJob, state: TrainState) -> float:
        """Reads the clock, and counts the time since it was read last where that ends the run."""
        now = time.monotonic()
        if job.training.minutes is not None:
            state.seconds += now - self.counted
            self.counted = now
        return now


def train(job: TrainJob, state: TrainState, stop: Callable[[], bool]) -> Iterator[Row]:
    """Trains until the job is done, or until `stop` answers true; yields rows.

    Raises DivergedError: `diverged`, before a loss or weight that is not finite leaves.
    """
    meter = _Meter()
    while (reason := job.reason_to_end(state)) is None:
        stopped = yield from _train_epoch(job, state, stop, meter)
        refuse_non_finite_weights(job, state)
        ended = None if stopped else _end_epoch(job, state, stop, meter)
        if ended is None:
            yield StoppedRow(state.epoch + 1, state.step)
            return
        yield ended
    yield DoneRow(reason, state.epoch, state.step, state.best)


def _train_epoch(
    job: TrainJob, state: TrainState, stop: Callable[[], bool], meter: _Meter
) -> Generator[ProgressRow, None, bool]:
    """Trains on what is left of an epoch; returns whether it was asked to stop."""
    order = job.order(state.epoch)
    steps = job.steps_of_epoch()
    for module in state.networks.values():
        module.train()
    unread = _Unread(job, state, order, steps)
    meter.epoch_began = time.monotonic()
    for batches in steps[state.batch :]:
        if state.batch and job.is_over(state):
            break
        if stop():
            unread.read()
            return True
        try:
            _step(job, state, order, batches, unread)
        except DataError:
            # A file that is gone; what came before it is to be saved.
            unread.read()
            raise
        state.step += 1
        state.batch += 1
        state.is_whole = True
        meter.samples += batches[-1][1] - batches[0][0]
        now = meter.count(job, state)
        if now - meter.shown >= _PROGRESS_EVERY or len(unread) >= _MOST_UNREAD:
            meter.shown = now
            unread.read()
            yield _progress(job, state, len(steps), meter)
    unread.read()
    return stop()


def _step(
    job: TrainJob, state: TrainState, order: Tensor, batches: Sequence[Bounds], unread: _Unread
) -> None:
    """Runs every update of a step, in order, each as often as it says."""
    part, seed = job.train, job.training.seed
    place = 0
    for update in job.updates:
        for first, last in batches_of_update(update, batches):
            rows, moment = order[first:last], Moment(seed, state.step, state.epoch)
            if update.draws:
                seed_draws(moment, place, job.device)
            work_out = partial(update.losses, part, rows, part.draw(seed, state.epoch, rows), moment)
            losses = work_out()
            state.is_whole = False
            # Before the update, so that a loss that is not finite leaves the weights as they were.
            unread.take(update, losses, rows)
            state.updaters[update.name].take(losses[0], work_out)
            place += 1


@final
class _Unread:
    """Losses that wait on the device, so that no step waits for them; on a CPU they are read at once."""

    def __init__(
        self, job: TrainJob, state: TrainState, order: Tensor, steps: Sequence[Sequence[Bounds]]
    ) -> None:
        self._job = job
        self._state = state
        self._order = order
        self._steps = steps
        self._at_once = job.device.type == "cpu"
        self._waiting: list[tuple[Update, Tensor, int]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, update: Update, losses: tuple[Tensor, ...], rows: Tensor) -> None:
        """Adds up the losses of an update, now or later. Raises DivergedError: `diverged`."""
        if not self._at_once:
            kept = torch.stack([loss.detach() for loss in losses])
            self._waiting.append((update, kept, self._state.step))
            return
        first = losses[0].item()
        if not math.isfinite(first):
            raise diverged(self._job, self._state, update, rows)
        self._add(update, [first, *(loss.item() for loss in losses[1:])] if len(losses) > 1 else (first,))

    def read(self) -> None:
        """Reads what waits, in its order. Raises DivergedError: `diverged`."""
        if not self._waiting:
            return
        values = torch.cat([losses for _, losses, _ in self._waiting]).tolist()
        for update, losses, step in self._waiting:
            own, values = values[: len(losses)], values[len(losses) :]
            if not math.isfinite(own[0]):
                back = self._state.step - step
                self._state.step -= back
                self._state.batch -= back
                first, last = self._steps[self._state.batch][0]
                raise diverged(self._job, self._state, update, self._order[first:last])
            self._add(update, own)
        self._waiting.clear()

    def _add(self, update: Update, values: Sequence[float]) -> None:
        sums, times = self._state.loss_sums, update.repeat
        self._state.trace.add(values[0])
        for name, value in zip(update.figures, values, strict=True):
            sums[name] = sums.get(name, 0.0) + (value / times if times > 1 else value)


def _means(state: TrainState) -> dict[str, float | None]:
    return {name: total / state.batch for name, total in state.loss_sums.items()}


def _progress(job: TrainJob, state: TrainState, batches: int, meter: _Meter) -> ProgressRow:
    losses = [_means(state)[update.figures[0]] for update in job.updates]
    return ProgressRow(state.epoch + 1, state.step, state.batch, batches, losses[0], meter.samples)


def _end_epoch(job: TrainJob, state: TrainState, stop: Callable[[], bool], meter: _Meter) -> EpochRow | None:
    """Judges the network, keeps its weights if they are the best so far, and closes the epoch.

    None where it was asked to stop on the way: the epoch stays open, and is judged after a resume.
    """
    train: Figures = _means(state)
    validation: Figures | None = None
    if job.validation:
        try:
            with state.averaged():
                figures = job.figures(job.validation, state, stop)
        except HaltedError:
            return None
        validation = {name: value if _is_finite(value) else None for name, value in figures.items()}
    state.epoch, state.batch, state.loss_sums = state.epoch + 1, 0, {}
    improved = _keep_best(job, state, train, validation)
    rates = {name: each.learning_rate for name, each in state.updaters.items() if each.has_schedule}
    for updater in state.updaters.values():
        updater.end_epoch(train, validation)
    seconds = meter.count(job, state) - meter.epoch_began
    return EpochRow(state.epoch, state.step, train, validation, improved, meter.samples, seconds, rates)


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _keep_best(job: TrainJob, state: TrainState, train: Figures, validation: Figures | None) -> bool:
    early = job.training.stop_early
    if early:
        value = value_of(early.watch, train, validation)
        if is_better(early.watch, value, state.watched):
            state.watched, state.watched_epoch = value, state.epoch
    if job.watch is None:
        return False
    value = value_of(job.watch, train, validation)
    best = state.best.value if state.best else None
    if value is None or not is_better(job.watch, value, best):
        return False
    state.keep_best(Best(state.epoch, state.step, job.watch, value))
    return True
