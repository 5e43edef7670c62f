"""Training: from a job and a state to rows. The caller shows, writes and saves; nothing here does.

A run is a generator over a state that the caller owns. Between two rows the state is whole: it can
be saved, and a run restored from it goes on with the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Final

from torch import Tensor

from nncli.better import is_better
from nncli.errors import DataError, DivergedError
from nncli.training.activations import is_look_due, look
from nncli.training.divergence import refuse_non_finite_weights
from nncli.training.epoch_rows import EpochRows
from nncli.training.evaluation import HaltedError
from nncli.training.job import TrainJob
from nncli.training.recovery import SNAPSHOT_EVERY
from nncli.training.rows import (
    Best,
    DoneRow,
    EpochRow,
    Figures,
    ProgressRow,
    RewoundRow,
    Row,
    StoppedRow,
    value_of,
)
from nncli.training.state import TrainState
from nncli.training.stepping import Bounds, Moment, Update, batches_of_update, seed_draws
from nncli.training.unread import MOST_UNREAD, UnreadLosses

# Units: seconds between two ProgressRows, and between two looks at the losses on a device.
_PROGRESS_EVERY: Final = 0.1
_NO_BATCHES: Final[tuple[Bounds, ...]] = ()


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
        try:
            ended = yield from _one_epoch(job, state, stop, meter)
        except DivergedError:
            if job.policy != "rewind" or (row := _rewound(job, state)) is None:
                raise
            yield row
            continue
        if ended is None:
            yield StoppedRow(state.epoch + 1, state.step)
            return
        yield ended
    yield DoneRow(reason, state.epoch, state.step, state.best)


def _one_epoch(
    job: TrainJob, state: TrainState, stop: Callable[[], bool], meter: _Meter
) -> Generator[ProgressRow, None, EpochRow | None]:
    """Trains on what is left of an epoch and judges the network; None where it was asked to stop."""
    stopped = yield from _train_epoch(job, state, stop, meter)
    refuse_non_finite_weights(job, state)
    return None if stopped else _end_epoch(job, state, stop, meter)


def _rewound(job: TrainJob, state: TrainState) -> RewoundRow | None:
    """Goes back to what was good, with lower learning rates; None where that was done too often."""
    how, last = job.training.on_non_finite, state.step
    if how is None or state.mishaps.back is None or state.mishaps.rewound >= how.times:
        return None
    state.go_back(how.learning_rate_factor)
    rate = next(iter(state.updaters.values())).learning_rate
    return RewoundRow(state.epoch + 1, state.step, last, rate)


def _train_epoch(
    job: TrainJob, state: TrainState, stop: Callable[[], bool], meter: _Meter
) -> Generator[ProgressRow, None, bool]:
    """Trains on what is left of an epoch; returns whether it was asked to stop."""
    steps = job.steps_of_epoch()[state.batch :]
    whole = state.batch + len(steps)
    rows = EpochRows(job.train, job.order(state.epoch), job.train.ahead, job.training.seed, state.epoch)
    for module in state.networks.values():
        module.train()
    unread = UnreadLosses(job, state)
    goes_back = job.policy == "rewind"
    meter.epoch_began = time.monotonic()
    for batches, following in zip_longest(steps, steps[1:], fillvalue=_NO_BATCHES):
        if state.batch and job.is_over(state):
            break
        if goes_back and state.batch % SNAPSHOT_EVERY == 0:
            refuse_non_finite_weights(job, state)
            state.take_snapshot()
        if stop():
            unread.read()
            return True
        try:
            rows.turn(following)
            _step(job, state, rows, batches, unread)
        except DataError:
            # A file that is gone; what came before it is to be saved.
            unread.read()
            raise
        state.step += 1
        state.batch += 1
        state.is_whole = True
        meter.samples += batches[-1][1] - batches[0][0]
        now = meter.count(job, state)
        if now - meter.shown >= _PROGRESS_EVERY or len(unread) >= MOST_UNREAD:
            meter.shown = now
            unread.read()
            yield _progress(job, state, whole, meter)
    unread.read()
    return stop()


def _step(
    job: TrainJob, state: TrainState, rows_of: EpochRows, batches: Sequence[Bounds], unread: UnreadLosses
) -> None:
    """Runs every update of a step, in order, each as often as it says."""
    part, seed = job.train, job.training.seed
    place = 0
    is_due = state.step + 1 == state.statistics.due
    for update in job.updates:
        updater = state.updaters[update.name]
        for bounds in batches_of_update(update, batches):
            rows, moment = rows_of[bounds], Moment(seed, state.step, state.epoch)
            if update.draws:
                seed_draws(moment, place, job.device)
            work_out = partial(update.losses, part, rows, part.draw(seed, state.epoch, rows), moment)
            if unread.buffers is not None:
                unread.buffers.note()
            losses = work_out()
            state.is_whole = False
            # Before the update, so that a loss that is not finite leaves the weights as they were.
            if not unread.take(update, losses, rows):
                updater.skip()
            else:
                take = partial(updater.take, losses[0], work_out)
                if is_due:
                    _measured_update(job, state, update, take)
                else:
                    take()
                unread.note_gradients(update, rows, is_dropped=updater.has_dropped)
            place += 1
    if is_due:
        if is_look_due(job, state.step + 1):
            # A file that is gone is told by the step that trains on it, between two steps.
            with suppress(DataError):
                state.statistics.note_look(look(job, state))
        state.statistics.end_step(state.step + 1)


def _measured_update(job: TrainJob, state: TrainState, update: Update, take: Callable[[], bool]) -> None:
    """Changes the weights of an update, and measures how."""
    statistics = state.statistics
    if not statistics.knows(update.name):
        weights: dict[str, Tensor] = {}
        layers: list[str] = []
        for network in update.networks:
            start = f"{network}." if len(job.networks) > 1 else ""
            weights |= {start + name: each for name, each in state.networks[network].named_parameters()}
            layers += [start + call.name for call in job.networks[network].layers]
        statistics.know(update.name, weights, layers)
    statistics.around(update.name, take)


def _means(job: TrainJob, state: TrainState) -> dict[str, float | None]:
    """Divides the sums of losses by the batches whose losses are in them."""
    found: dict[str, float | None] = {}
    for update in job.updates:
        count = state.batch - state.mishaps.unseen.get(update.name, 0) / update.repeat
        sums = {name: state.loss_sums.get(name) for name in update.figures}
        found |= {name: total / count if total is not None else None for name, total in sums.items()}
    return found


def _progress(job: TrainJob, state: TrainState, batches: int, meter: _Meter) -> ProgressRow:
    losses = [_means(job, state)[update.figures[0]] for update in job.updates]
    return ProgressRow(state.epoch + 1, state.step, state.batch, batches, losses[0], meter.samples)


def _end_epoch(job: TrainJob, state: TrainState, stop: Callable[[], bool], meter: _Meter) -> EpochRow | None:
    """Judges the network, keeps its weights if they are the best so far, and closes the epoch.

    None where it was asked to stop on the way: the epoch stays open, and is judged after a resume.
    """
    train: Figures = _means(job, state)
    validation: Figures | None = None
    if job.validation:
        try:
            with state.averaged():
                figures = job.figures(job.validation, state, stop)
        except HaltedError:
            return None
        validation = {name: value if _is_finite(value) else None for name, value in figures.items()}
    skipped = state.mishaps.batches
    state.epoch, state.batch, state.loss_sums = state.epoch + 1, 0, {}
    state.mishaps.end_epoch()
    improved = _keep_best(job, state, train, validation)
    rates = {name: each.learning_rate for name, each in state.updaters.items() if each.has_schedule}
    for updater in state.updaters.values():
        updater.end_epoch(train, validation)
    state.enter_phase()
    seconds = meter.count(job, state) - meter.epoch_began
    counts = (meter.samples, seconds, rates, skipped)
    return EpochRow(state.epoch, state.step, train, validation, improved, *counts)


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
