"""Schedules of the learning rate: torch's schedulers, one after the other, and their part of a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import torch
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, OneCycleLR, ReduceLROnPlateau

from nncli.spec.optimising import Pace
from nncli.training.recovery import RATES
from nncli.training.rows import Figures, value_of

# What schedulers move in a group; every stage begins with these as the spec has them.
_MOVED: Final[tuple[str, ...]] = ("lr", "momentum", "betas")
Groups: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How long a run is, in batches or in updates: an epoch, and the whole, None where the clock ends it."""

    epoch: int
    whole: int | None

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
class Stage:
    """A scheduler with its arguments, and the number of updates before it; without a class the rate stays.

    `watch` is the figure that it reads; empty where that is the loss, of validation where there is one.
    """

    kind: Callable[..., LRScheduler] | None
    arguments: Mapping[str, Any]
    per: Pace
    first: int = 0
    watch: str = ""


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
        self._scheduler = self._enter(0)

    def _enter(self, number: int) -> Any:
        """Begins a stage with the rates of the spec."""
        stage = self._stages[number]
        self._current = number
        for group, begun in zip(self._rates.param_groups, self._begun, strict=True):
            group.update(begun)
            group["lr"] = group["initial_lr"] = begun["lr"] * self._factor
        scheduler = stage.kind(self._rates, **stage.arguments) if stage.kind else None
        if self._factor != 1 and isinstance(scheduler, (OneCycleLR, CyclicLR)):
            self._slow(scheduler)
        return scheduler

    def _slow(self, scheduler: Any) -> None:
        """Lowers the rates that a scheduler was given as numbers, which it does not read from the groups."""
        for group in self._rates.param_groups:
            group.update({key: group[key] * self._factor for key in RATES if key in group})
        for key in ("base_lrs", "max_lrs"):
            if hasattr(scheduler, key):
                setattr(scheduler, key, [rate * self._factor for rate in getattr(scheduler, key)])

    def after_update(self) -> None:
        """Moves the rates after an update of the weights."""
        self._updates += 1
        following = self._current + 1
        if following < len(self._stages) and self._stages[following].first == self._updates:
            self._scheduler = self._enter(following)
        elif self._scheduler is not None and self._stages[self._current].per == "step":
            self._move()

    def _move(self) -> None:
        """Moves the rates; OneCycleLR has none after its end, where only the clock ends a run."""
        last = getattr(self._scheduler, "total_steps", None)
        if last is None or self._scheduler.last_epoch < last:
            self._scheduler.step()

    def after_epoch(self, train: Figures, validation: Figures | None) -> None:
        """Moves the rates after an epoch, by its figures where a stage reads one."""
        stage = self._stages[self._current]
        # A stage that began with the last step of the epoch has had no epoch yet.
        if self._scheduler is None or stage.per == "step" or 0 < stage.first == self._updates:
            return
        if not isinstance(self._scheduler, ReduceLROnPlateau):
            self._move()
            return
        watch = stage.watch or ("train.loss" if validation is None else "validation.loss")
        value = value_of(watch, train, validation)
        # A figure that is undefined is no better than any other.
        self._scheduler.step(self._scheduler.mode_worse if value is None else value)

    def scalars(self) -> dict[str, object]:
        """Lists where it stands, ready for JSON; the rates themselves are with the groups."""
        where = {"updates": self._updates, "stage": self._current, "factor": self._factor}
        return {**where, "numbers": self._numbers()}

    def restore(self, scalars: Mapping[str, Any]) -> None:
        """Puts it where it stood; the groups are to be restored after that."""
        self._factor = float(scalars["factor"])
        self._scheduler = self._enter(int(scalars["stage"]))
        self._updates = int(scalars["updates"])
        known = self._numbers()
        if known:
            vars(self._scheduler).update({k: v for k, v in scalars["numbers"].items() if k in known})

    def _numbers(self) -> dict[str, object]:
        numbers = vars(self._scheduler) if self._scheduler is not None else {}
        return {key: value for key, value in numbers.items() if type(value) in (int, float, bool)}
