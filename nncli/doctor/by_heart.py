"""Whether a network can learn one batch by heart: what cannot do that will learn nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import nn

from nncli.data.dataset import Data
from nncli.diagnosis.facts import constant_loss
from nncli.diagnosis.outcomes import outcome_of
from nncli.diagnosis.replays import bare, learning_rate
from nncli.doctor.measuring import Patient, fresh_job
from nncli.errors import DivergedError
from nncli.spec.schema import TrainingSpec
from nncli.training.loop import train
from nncli.training.rows import EpochRow

STEPS: Final = 300
ROWS: Final = 32
ENOUGH: Final = 0.05
"""By heart is an error of no more than this share of that of one answer for all rows."""
_FACTORS: Final = (1.0, 10.0, 0.1)


@dataclass(frozen=True)
class ByHeart:
    """What came of it with one learning rate: the loss of every step, and the share of the error left."""

    rows: int
    losses: tuple[float, ...]
    error: float
    rate: float | None

    @property
    def is_learned(self) -> bool:
        """Tells whether the batch is known by heart."""
        return self.error <= ENOUGH


def learn_by_heart(patient: Patient) -> ByHeart:
    """Trains fresh weights on one batch, without dropout, decay or schedule; the best of three rates.

    Torch's random generators stay as they are.
    """
    devices = [patient.device] if patient.device.type == "cuda" else []
    best: ByHeart | None = None
    with torch.random.fork_rng(devices=devices):
        for factor in _FACTORS:
            found = _learned(patient, factor)
            if best is None or found.error < best.error:
                best = found
            if best.is_learned:
                break
    assert best is not None
    return best


def _learned(patient: Patient, factor: float) -> ByHeart:
    data = _one_batch(patient.data)
    length = {"steps": STEPS, "epochs": None, "minutes": None, "batch_size": ROWS, "accumulate": 1}
    training = bare(patient.training).model_copy(update={**length, "regularise": None})
    job, state = fresh_job(patient, data, _without_decay(training))
    for updater in state.updaters.values():
        updater.scale_learning_rate(factor)
    for module in state.networks[job.network].modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    losses: list[float] = []
    rate = learning_rate(patient.training)
    shown = None if rate is None else rate * factor
    try:
        rows = train(replace(job, validation=None, watch=None), state, lambda: False)
        losses += [value for row in rows for value in _loss_of(row)]
    except DivergedError:
        return ByHeart(job.train.rows, tuple(losses), math.inf, shown)
    assert job.judge is not None
    outcome = outcome_of(state.networks[job.network], job.train, None, job.judge, None)
    constant = constant_loss(job.judge.objective, job.train)
    left = outcome.train.error / outcome.train.blind if outcome.train.blind else outcome.train.error
    if outcome.train.spread is not None and constant:
        left = outcome.train.loss / constant
    return ByHeart(job.train.rows, tuple(losses), left, shown)


def _loss_of(row: object) -> Iterator[float]:
    if isinstance(row, EpochRow) and (loss := row.train.get("loss")) is not None:
        yield loss


def _without_decay(training: TrainingSpec) -> TrainingSpec:
    call = training.optimizer
    others = {name: each for name, each in call.keywords.items() if name != "weight_decay"}
    return training.model_copy(update={"optimizer": replace(call, keywords=others)})


def _one_batch(data: Data) -> Data:
    part = data.parts["train"]
    index = part.index[:: max(1, part.rows // ROWS)][:ROWS]
    return replace(data, parts={"train": replace(part, index=index)})
