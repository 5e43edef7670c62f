"""First steps run again: with other learning rates, with less regularisation, with a patch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch

from nncli.errors import DivergedError
from nncli.spec.schema import TrainingSpec
from nncli.training.held import HeldPart
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.optimizers import default_learning_rate
from nncli.training.prediction import evaluating
from nncli.training.state import TrainState

STEPS: Final = 50
_ROWS: Final = 256
_STILL: Final = 1e-3
_FAR_OFF: Final = 1e5
_LOWER: Final = (0.1, 0.01, 0.001, 0.0001)
_HIGHER: Final = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6)


@dataclass(frozen=True, slots=True)
class Replay:
    """The loss of some rows, without dropout, before and after some steps; infinite where it diverged."""

    steps: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Replays:
    """The same steps from the same weights, with learning rates so many times the one of the spec.

    `relaxed` holds those without a weight decay, a clip or an L1 term, by their YAML paths.
    """

    rates: Mapping[float, Replay]
    relaxed: Mapping[str, Replay]

    @property
    def as_written(self) -> Replay:
        """The steps with the learning rate of the spec."""
        return self.rates[1.0]

    def best_rate(self, factors: Callable[[float], bool]) -> tuple[float, Replay] | None:
        """Finds the factor with the lowest loss among some."""
        found = [(each.after, factor) for factor, each in self.rates.items() if factors(factor)]
        if not found:
            return None
        _, factor = min(found)
        return factor, self.rates[factor]


MakeJob = Callable[[TrainingSpec], tuple[TrainJob, TrainState]]
"""Makes a job with fresh weights of the same seed, for other words of `training:`."""


def bare(training: TrainingSpec) -> TrainingSpec:
    """Leaves out of a training what moves by itself, so that steps can be compared.

    Of phases nothing stays: every weight learns that the whole run does not freeze. What is not finite ends
    a trial at once, as going back would take its losses away.
    """
    left_out = {"schedule": (), "phases": (), "average": None, "stop_early": None, "keep_best": None}
    return training.model_copy(update={**left_out, "on_non_finite": None})


def replay(job: TrainJob, state: TrainState, steps: int, *, times: float = 1.0) -> Replay:
    """Runs some steps, with the learning rate so many times as large; random generators stay as they are."""
    length = {"steps": steps, "epochs": None, "minutes": None, "stop_early": None}
    trial = replace(job, training=job.training.model_copy(update=length), validation=None, watch=None)
    devices = [job.device] if job.device.type == "cuda" else []
    state.statistics.leave_out()
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(job.training.seed)
        for updater in state.updaters.values():
            updater.scale_learning_rate(times)
        before = loss_of(job, state)
        try:
            for _ in train(trial, state, lambda: False):
                pass
            after = loss_of(job, state)
        except DivergedError:
            after = math.inf
    return Replay(steps, before, after if math.isfinite(after) else math.inf)


def loss_of(job: TrainJob, state: TrainState) -> float:
    """Works out the loss of some training rows in eval mode."""
    assert job.judge is not None
    part: HeldPart = job.train
    rows = torch.arange(0, part.rows, max(1, part.rows // _ROWS), device=part.device)[:_ROWS]
    module = state.networks[job.network]
    with evaluating(module):
        return job.judge.objective.mean_loss(module(*part.inputs(rows)), part.truth(rows)).item()


@dataclass(frozen=True, slots=True)
class Limits:
    """How many steps are run, and after how many seconds no further replay is begun."""

    steps: int
    seconds: float


def replays_of(training: TrainingSpec, make: MakeJob, constant: float | None, limits: Limits) -> Replays:
    """Runs the first steps as they are written and, where they bring little, with other values.

    Rates go down and up for as long as that helps.
    """
    plain, began = bare(training), time.monotonic()
    first = replay(*make(plain), limits.steps)
    rates = {1.0: first}
    reference = min(first.before, constant) if constant else first.before
    if first.after < 0.5 * reference:
        return Replays(rates, {})
    # What hardly moves is not moved by ten times as much either.
    is_still = abs(first.before - first.after) < _STILL * reference
    for factors in (_lower(training), _HIGHER[1:] if is_still else _HIGHER):
        best = first.after
        for factor in factors:
            if time.monotonic() - began > limits.seconds:
                break
            rates[factor] = replay(*make(plain), limits.steps, times=factor)
            if rates[factor].after >= best and math.isfinite(best):
                break
            best = rates[factor].after
    if time.monotonic() - began > limits.seconds:
        return Replays(rates, {})
    return Replays(rates, {path: replay(*make(less), limits.steps) for path, less in _relaxed(plain)})


def _lower(training: TrainingSpec) -> tuple[float, ...]:
    """Gives the factors of smaller rates; of a rate that is far off those around the optimiser's default."""
    rate, default = learning_rate(training), default_learning_rate(training.optimizer.name)
    if rate and default and rate > _FAR_OFF * default:
        return (100 * default / rate, 10 * default / rate, default / rate)
    return _LOWER


def learning_rate(training: TrainingSpec) -> float | None:
    """Reads the learning rate that a training gives, or the default of its optimiser."""
    call = training.optimizer
    argument = call.keywords.get("lr") or (call.positions[0] if call.positions else None)
    if argument is not None:
        return float(argument.value) if isinstance(argument.value, (int, float)) else None
    return default_learning_rate(call.name)


def _relaxed(training: TrainingSpec) -> Iterator[tuple[str, TrainingSpec]]:
    """Makes the same training without what holds weights back."""
    call = training.optimizer
    decay = call.keywords.get("weight_decay")
    if decay is not None and decay.value:
        others = {name: each for name, each in call.keywords.items() if name != "weight_decay"}
        free = replace(call, keywords={**others, "weight_decay": replace(decay, value=0.0)})
        path = f"training.optimizer.{call.name}.weight_decay"
        yield path, training.model_copy(update={"optimizer": free})
    if training.clip_gradients is not None:
        yield "training.clip_gradients", training.model_copy(update={"clip_gradients": None})
    if training.regularise is not None:
        yield "training.regularise.l1", training.model_copy(update={"regularise": None})
