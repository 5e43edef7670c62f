"""Whether a network can learn one batch by heart: what cannot do that will learn nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import nn

from nncli.diagnosis.facts import constant_loss
from nncli.diagnosis.outcomes import outcome_of
from nncli.diagnosis.replays import MakeJob, bare, learning_rate
from nncli.errors import DivergedError
from nncli.spec.schema import TrainingSpec
from nncli.training.loop import train
from nncli.training.rows import EpochRow

STEPS: Final = 300
ROWS: Final = 32
ENOUGH: Final = 0.05
"""By heart is an error of no more than this share of that of one answer for all rows."""
MOSTLY: Final = 0.3
_FACTORS: Final = (1.0, 10.0, 0.1)


@dataclass(frozen=True)
class ByHeart:
    """What came of it with one learning rate: the loss of every step, and the share of the error left."""

    rows: int
    losses: tuple[float, ...]
    error: float
    rate: float | None

    @property
    def is_mostly_learned(self) -> bool:
        """Tells whether most of the batch is known."""
        return self.error < MOSTLY

    @property
    def is_learned(self) -> bool:
        """Tells whether the batch is known by heart."""
        return self.error <= ENOUGH


def learn_by_heart(training: TrainingSpec, make: MakeJob, times: float = 1.0) -> ByHeart:
    """Trains fresh weights on one batch, without dropout, decay or schedule; the best of three rates
    around so many times that of the spec.

    `make` gives a job whose training rows are the batch. Torch's random generators stay as they are.
    """
    best: ByHeart | None = None
    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(devices=devices):
        for factor in _FACTORS:
            found = _learned(training, make, times * factor)
            if best is None or found.error < best.error:
                best = found
            if best.is_learned:
                break
    assert best is not None
    return best


def _learned(training: TrainingSpec, make: MakeJob, factor: float) -> ByHeart:
    length = {"steps": STEPS, "epochs": None, "minutes": None, "batch_size": ROWS, "accumulate": 1}
    rate = learning_rate(training)
    shown = None if rate is None else rate * factor
    plain = bare(training).model_copy(update={**length, "regularise": None})
    job, state = make(_without_decay(plain))
    state.statistics.leave_out()
    assert job.judge is not None
    for updater in state.updaters.values():
        updater.scale_learning_rate(factor)
    module = state.networks[job.network]
    for part in module.modules():
        if isinstance(part, nn.modules.dropout._DropoutNd):
            part.p = 0.0
    losses: list[float] = []
    try:
        for row in train(replace(job, validation=None, watch=None), state, lambda: False):
            loss = row.train.get("loss") if isinstance(row, EpochRow) else None
            losses += [] if loss is None else [loss]
    except DivergedError:
        return ByHeart(job.train.rows, tuple(losses), math.inf, shown)
    fit = outcome_of(module, job.train, None, job.judge, None).train
    constant = constant_loss(job.judge.objective, job.train)
    left = fit.error / fit.blind if fit.blind else fit.error
    if fit.spread is not None and constant:
        left = fit.loss / constant
    return ByHeart(job.train.rows, tuple(losses), left, shown)


def _without_decay(training: TrainingSpec) -> TrainingSpec:
    call = training.optimizer
    others = {name: each for name, each in call.keywords.items() if name != "weight_decay"}
    return training.model_copy(update={"optimizer": replace(call, keywords=others)})
