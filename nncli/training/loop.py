"""Training: from a job and a state to rows. The caller shows, writes and saves; nothing here does.

A run is a generator over a state that the caller owns. Between two rows the state is whole: it can
be saved, and a run restored from it goes on with the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from nncli.data.sampling import batch_bounds
from nncli.training.divergence import diverged, refuse_non_finite_weights
from nncli.training.evaluation import evaluate
from nncli.training.job import TrainJob, is_better
from nncli.training.rows import Best, DoneRow, EpochRow, Figures, ProgressRow, Row, StoppedRow, value_of
from nncli.training.state import TrainState

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


def train(job: TrainJob, state: TrainState, stop: Callable[[], bool]) -> Iterator[Row]:
    """Trains until the job is done, or until `stop` answers true; yields rows.

    Raises DivergedError: `diverged`, before a loss or weight that is not finite leaves.
    """
    meter = _Meter()
    while (reason := job.reason_to_end(state)) is None:
        stopped = yield from _train_epoch(job, state, stop, meter)
        refuse_non_finite_weights(job, state)
        if stopped:
            yield StoppedRow(state.epoch + 1, state.step)
            return
        yield _end_epoch(job, state, meter)
    yield DoneRow(reason, state.epoch, state.step, state.best)


def _train_epoch(
    job: TrainJob, state: TrainState, stop: Callable[[], bool], meter: _Meter
) -> Generator[ProgressRow, None, bool]:
    """Trains on what is left of an epoch; returns whether it was asked to stop."""
    order = job.order(state.epoch)
    bounds = batch_bounds(job.train.rows, job.training.batch_size)
    module = state.networks[job.network].train()
    updater = state.updaters[job.network]
    reads_at_once = job.device.type == "cpu"
    unread: list[Tensor] = []
    meter.epoch_began = time.monotonic()
    for first, last in bounds[state.batch :]:
        if state.step == job.training.steps:
            break
        if stop():
            _read(job, state, order, unread)
            return True
        rows = order[first:last]
        loss = _forward(job, module, rows, state.epoch)
        if reads_at_once:
            # Before the update, so that a loss that is not finite leaves the weights as they were.
            value = loss.item()
            if not math.isfinite(value):
                raise diverged(job, state, rows)
            state.loss_sum += value
        else:
            unread.append(loss.detach())
        updater.take(loss, partial(_forward, job, module, rows, state.epoch))
        state.step += 1
        state.batch += 1
        meter.samples += last - first
        now = time.monotonic()
        if now - meter.shown >= _PROGRESS_EVERY or len(unread) >= _MOST_UNREAD:
            meter.shown = now
            _read(job, state, order, unread)
            yield _progress(state, len(bounds), meter)
    _read(job, state, order, unread)
    return stop()


def _forward(job: TrainJob, module: nn.Module, rows: Tensor, epoch: int) -> Tensor:
    part = job.train
    draw = part.draw(job.training.seed, epoch, rows)
    inputs, truth = part.batch(rows, draw)
    return job.judge.objective.loss(module(*inputs), truth)


def _read(job: TrainJob, state: TrainState, order: Tensor, unread: list[Tensor]) -> None:
    """Reads the losses that wait on the device, adding them up in their order."""
    if not unread:
        return
    values = torch.stack(unread).tolist()
    unread.clear()
    for back, value in zip(range(len(values), 0, -1), values, strict=True):
        if not math.isfinite(value):
            state.step -= back
            state.batch -= back
            first, last = batch_bounds(job.train.rows, job.training.batch_size)[state.batch]
            raise diverged(job, state, order[first:last])
        state.loss_sum += value


def _progress(state: TrainState, batches: int, meter: _Meter) -> ProgressRow:
    mean = state.loss_sum / state.batch
    return ProgressRow(state.epoch + 1, state.step, state.batch, batches, mean, meter.samples)


def _end_epoch(job: TrainJob, state: TrainState, meter: _Meter) -> EpochRow:
    """Judges the network, keeps its weights if they are the best so far, and closes the epoch."""
    train: Figures = {"loss": state.loss_sum / state.batch}
    validation: Figures | None = None
    if job.validation:
        module, size = state.networks[job.network], job.training.batch_size
        figures = evaluate(module, job.validation, job.judge, size).figures
        validation = {name: value if _is_finite(value) else None for name, value in figures.items()}
    state.epoch, state.batch, state.loss_sum = state.epoch + 1, 0, 0.0
    improved = _keep_best(job, state, train, validation)
    rates = {name: each.learning_rate for name, each in state.updaters.items() if each.has_schedule}
    for updater in state.updaters.values():
        updater.end_epoch(train, validation)
    seconds = time.monotonic() - meter.epoch_began
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
