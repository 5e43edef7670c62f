"""Schedules of the learning rate: torch's schedulers, one after the other, and their part of a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import torch
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.optim.swa_utils import SWALR

from nncli.spec.optimising import Pace
from nncli.training.recovery import RATES, SWA_RATE
from nncli.training.rows import Figures, value_of

# What schedulers move in a group; every stage begins with these as the spec has them.
_MOVED: Final[tuple[str, ...]] = ("lr", "momentum", "betas")
Groups: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How long a run is, in batches or in updates: an epoch, and the whole, None where the clock ends it."""

    epoch: int
    whole: int | None

    @property
    def epochs(self) -> int:
        """Counts the epochs of the whole, the last one perhaps in part; none where the clock ends it."""
        return math.ceil((self.whole or 0) / self.epoch)

    def times(self, repeat: int) -> Horizon:
        """Counts as many batches for each step."""
        return Horizon(self.epoch * repeat, self.whole * repeat if self.whole is not None else None)

    def of_updates(self, accumulate: int) -> Horizon:
        """Counts updates where this counts batches, of which some make an update; an epoch ends with one."""
        epoch = math.ceil(self.epoch / accumulate)
        if self.whole is None:
            return Horizon(epoch, None)
        epochs, rest = divmod(self.whole, self.epoch)
        return Horizon(epoch, epochs * epoch + math.ceil(rest / accumulate))


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A class of torch with its arguments."""

    kind: Callable[..., LRScheduler]
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """Schedulers that move the rate together, and the number of updates before them; without any it stays.

    `watch` is the figure that they read; empty where that is the loss, of validation where there is one. A
    stage that `goes_on` begins with the rates that are there, else with those of the spec; the one before it
    then `hands_on` after its own last move.
    """

    schedulers: tuple[Scheduler, ...]
    per: Pace
    first: int = 0
    watch: str = ""
    goes_on: bool = False
    hands_on: bool = False


@final
class Rates(torch.optim.Optimizer):
    """Groups as a scheduler wants to see them: torch's own constructor would load for 0.7 s."""

    def __init__(self, groups: Groups) -> None:
        self.param_groups = groups
        self.defaults = groups[0]
        # Schedulers ask whether there was a step before theirs.
        self._opt_called = True

    def step(self, closure: object = None) -> None:  # type: ignore[override]
        """Does nothing: the optimiser of the groups does."""


@final
class Schedule:
    """Moves the learning rates of an optimiser's groups; make it with `build_schedule`."""

    def __init__(self, stages: Sequence[Stage], groups: Groups) -> None:
        self._stages = stages
        self._rates = Rates(groups)
        self._begun = [{key: group[key] for key in _MOVED if key in group} for group in groups]
        self._updates = 0
        self._current = 0
        self._factor = 1.0
        self._schedulers = self._enter(0)

    def _enter(self, number: int) -> list[Any]:
        """Begins a stage, with the rates of the spec unless it goes on from those of now."""
        stage = self._stages[number]
        self._current = number
        if not stage.goes_on:
            for group, begun in zip(self._rates.param_groups, self._begun, strict=True):
                group.update(begun)
                group["lr"] = group["initial_lr"] = begun["lr"] * self._factor
        schedulers = [each.kind(self._rates, **each.arguments) for each in stage.schedulers]
        if self._factor != 1:
            for scheduler in schedulers:
                self._slow(scheduler)
        return schedulers

    def _slow(self, scheduler: Any) -> None:
        """Lowers the rates that a scheduler was given as numbers, which it does not read from the groups."""
        given: tuple[str, ...] = (SWA_RATE,) if isinstance(scheduler, SWALR) else ()
        if isinstance(scheduler, (OneCycleLR, CyclicLR)):
            given = RATES
        for group in self._rates.param_groups:
            group.update({key: group[key] * self._factor for key in given if key in group})
        for key in ("base_lrs", "max_lrs") if given is RATES else ():
            if hasattr(scheduler, key):
                setattr(scheduler, key, [rate * self._factor for rate in getattr(scheduler, key)])

    def after_update(self) -> None:
        """Moves the rates after an update of the weights."""
        self._updates += 1
        stage, following = self._stages[self._current], self._current + 1
        if following < len(self._stages) and self._stages[following].first == self._updates:
            if stage.hands_on:
                self._move()
            self._schedulers = self._enter(following)
        elif stage.per == "step":
            self._move()

    def _move(self) -> None:
        """Moves the rates; OneCycleLR has none after its end, where only the clock ends a run."""
        for scheduler in self._schedulers:
            last = getattr(scheduler, "total_steps", None)
            if last is None or scheduler.last_epoch < last:
                scheduler.step()

    def after_epoch(self, train: Figures, validation: Figures | None) -> None:
        """Moves the rates after an epoch, by its figures where a stage reads one."""
        stage = self._stages[self._current]
        # A stage that began with the last step of the epoch has had no epoch yet.
        if stage.per == "step" or 0 < stage.first == self._updates:
            return
        plateau = next((each for each in self._schedulers if isinstance(each, ReduceLROnPlateau)), None)
        if plateau is None:
            self._move()
            return
        watch = stage.watch or ("train.loss" if validation is None else "validation.loss")
        value = value_of(watch, train, validation)
        # A figure that is undefined is no better than any other.
        plateau.step(plateau.mode_worse if value is None else value)

    def scalars(self) -> dict[str, object]:
        """Lists where it stands, ready for JSON; the rates themselves are with the groups."""
        where = {"updates": self._updates, "stage": self._current, "factor": self._factor}
        return {**where, "numbers": self._numbers()}

    def restore(self, scalars: Mapping[str, Any]) -> None:
        """Puts it where it stood; the groups are to be restored after that."""
        self._factor = float(scalars["factor"])
        self._schedulers = self._enter(int(scalars["stage"]))
        self._updates = int(scalars["updates"])
        for scheduler, known, saved in zip(
            self._schedulers, self._numbers(), scalars["numbers"], strict=True
        ):
            vars(scheduler).update({key: value for key, value in saved.items() if key in known})

    def _numbers(self) -> list[dict[str, object]]:
        """Lists what each scheduler counts."""
        return [
            {key: value for key, value in vars(scheduler).items() if type(value) in (int, float, bool)}
            for scheduler in self._schedulers
        ]
