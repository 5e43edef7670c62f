"""A range test of learning rates: one short run in which the rate grows from step to step.

After Smith, Cyclical Learning Rates for Training Neural Networks (2017), with the smoothed loss that
fastai reads its suggestions from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from nncli.errors import DivergedError
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.state import TrainState

LOWEST: Final = 1e-7
HIGHEST: Final = 10.0
STEPS: Final = 100
_KEPT: Final = 0.9
"""How much of the smoothed loss stays at each step."""
_BEYOND: Final = 4.0
"""The search ends where the smoothed loss is so many times its lowest."""
_LEAST_FALL: Final = 0.02
"""A share by which the loss has to fall before anything is suggested."""
_LEAST_NOISES: Final = 1.5
"""How many times what batches differ by it has to fall: a mean of ten falls by one by chance."""
_LEAST_POINTS: Final = 10


@dataclass(frozen=True, slots=True)
class Point:
    """One step: its learning rate, the loss of its batch, and a mean of the losses so far."""

    rate: float
    loss: float
    smoothed: float


@dataclass(frozen=True, slots=True)
class RateSearch:
    """What a range test saw.

    `steepest` is the rate at which the smoothed loss fell fastest, `lowest` the one at which it was lowest;
    None where it never fell.
    """

    points: tuple[Point, ...]
    steepest: float | None
    lowest: float | None

    @property
    def suggested(self) -> float | None:
        """A rate to begin with: a tenth of that at which the loss was lowest, on one digit."""
        return None if self.lowest is None else _rounded(self.lowest / 10)


def search_rates(
    job: TrainJob, state: TrainState, steps: int = STEPS, low: float = LOWEST, high: float = HIGHEST
) -> RateSearch:
    """Trains with rates that grow from `low` to `high`; the state is of no further use.

    Rates of several groups keep their proportions, and `low` and `high` are those of the first one. Nothing
    else moves the rate: the job was made without a schedule.
    """
    length = {"steps": steps, "epochs": None, "minutes": None}
    trial = replace(job, training=job.training.model_copy(update=length), validation=None, watch=None)
    growth = (high / low) ** (1 / max(steps - 1, 1))
    losses_of_step = sum(update.repeat for update in job.updates)
    grown = 0

    points: list[Point] = []

    def note() -> None:
        """Adds the points of the losses that came since."""
        for loss in state.trace.losses[len(points) * losses_of_step :: losses_of_step]:
            points.append(_next_point(points, loss, low * growth ** len(points)))

    def stop() -> bool:
        nonlocal grown
        note()
        if len(points) > _LEAST_POINTS and points[-1].smoothed > _BEYOND * min(p.smoothed for p in points):
            return True
        for updater in state.updaters.values():
            updater.scale_learning_rate(growth ** (state.step - grown))
        grown = state.step
        return False

    for updater in state.updaters.values():
        updater.scale_learning_rate(low / updater.learning_rate)
    # A loss that is not finite ends the search like one that is too high.
    with suppress(DivergedError):
        for _ in train(trial, state, stop):
            pass
    note()
    return RateSearch(tuple(points), *_judged(points))


def _next_point(before: Sequence[Point], loss: float, rate: float) -> Point:
    # The first means would lean towards zero: each is divided by how much of it there is.
    count = len(before)
    mean = before[-1].smoothed * (1 - _KEPT**count) if before else 0.0
    return Point(rate, loss, (_KEPT * mean + (1 - _KEPT) * loss) / (1 - _KEPT ** (count + 1)))


def _judged(points: Sequence[Point]) -> tuple[float | None, float | None]:
    """Finds the rate at which the smoothed loss fell fastest, and that at which it was lowest."""
    if len(points) < _LEAST_POINTS:
        return None, None
    lowest = min(range(len(points)), key=lambda number: points[number].smoothed)
    known = points[_LEAST_POINTS // 2 : lowest + 1]
    if len(known) < 2:
        return None, None
    highest = max(each.smoothed for each in known)
    noise = math.sqrt(sum((each.loss - each.smoothed) ** 2 for each in known) / len(known))
    if highest - points[lowest].smoothed < max(_LEAST_FALL * abs(highest), _LEAST_NOISES * noise):
        return None, None
    falls = {before.smoothed - after.smoothed: after.rate for before, after in itertools.pairwise(known)}
    return falls[max(falls)], points[lowest].rate


def _rounded(rate: float) -> float:
    return float(f"{rate:.0e}")
