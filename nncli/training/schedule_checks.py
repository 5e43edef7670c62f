"""The schedule of a spec: its stages laid out along the run, and its length compared with that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, TypeAlias

from torch.optim.lr_scheduler import LinearLR, MultiplicativeLR, ReduceLROnPlateau

from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure
from nncli.spec.items import Call
from nncli.spec.optimising import Span, StageSpec
from nncli.spec.schema import TrainingSpec
from nncli.training.rate_formulas import FACTOR
from nncli.training.schedule_calls import ALONE, bind_stage, open_length
from nncli.training.schedules import Groups, Horizon, Schedule, Scheduler, Stage

_PATH: Final = "training.schedule"
# Arguments that say how long a scheduler takes.
_LENGTHS: Final = ("T_max", "total_steps", "total_iters", "milestones", "step_size", "anneal_epochs")
# A formula is worked out for so many counts of a run before it begins, its first and its last among them.
_MOST_COUNTS: Final = 1000
# A stage, what was written of it, and where; without a call it is a warm-up.
LaidOut: TypeAlias = tuple[Stage, StageSpec, str]


def horizon_of(training: TrainingSpec, batches: int) -> Horizon:
    """Counts the batches of a run whose epochs have so many of them."""
    if training.steps is not None:
        return Horizon(batches, training.steps)
    return Horizon(batches, training.epochs * batches if training.epochs is not None else None)


def build_schedule(specs: Sequence[StageSpec], groups: Groups, horizon: Horizon) -> Schedule | None:
    """Makes the schedule of an optimiser's groups; None where there is none.

    Raises SpecError: what `lay_out` and `begin_schedule` do.
    """
    return begin_schedule(lay_out(specs, horizon), groups)


def lay_out(specs: Sequence[StageSpec], horizon: Horizon) -> list[LaidOut]:
    """Lays the stages of a schedule out along the run, before there is an optimiser.

    Raises SpecError: `schedule-negative`, what formulas raise, and what `bind_stage` does.
    """
    laid_out = _laid_out(specs, horizon) if specs else []
    for number, (stage, _, _) in enumerate(laid_out):
        ends = laid_out[number + 1][0].first if number + 1 < len(laid_out) else horizon.whole
        for scheduler in stage.schedulers:
            _work_out(scheduler, stage, Horizon(horizon.epoch, None if ends is None else ends - stage.first))
    return laid_out


def begin_schedule(laid_out: Sequence[LaidOut], groups: Groups) -> Schedule | None:
    """Makes the schedule of an optimiser's groups from its stages. Raises SpecError: `schedule-refused`."""
    # A stage is made when the one before it is over, and that would be late for what torch refuses.
    for stage, spec, path in laid_out:
        try:
            trial = Schedule([replace(stage, first=0, goes_on=False)], [dict(group) for group in groups])
            trial.after_update()
            trial.after_epoch({}, None)
        except (ValueError, TypeError, ZeroDivisionError, AttributeError, KeyError) as error:
            reason = str(error).split("\n")[0]
            name = spec.call.name if spec.call else "warmup"
            raise failure("schedule-refused", spec.place, path, scheduler=name, reason=reason) from error
    return Schedule([stage for stage, _, _ in laid_out], groups) if laid_out else None


def _work_out(scheduler: Scheduler, stage: Stage, length: Horizon) -> None:
    """Works the formulas of a scheduler out for what is ahead of it, so that it is not late for mistakes."""
    given = scheduler.arguments.get(FACTOR, ())
    whole = length.whole if stage.per == "step" else length.epochs
    last = _MOST_COUNTS if length.whole is None or whole is None else max(whole, 1)
    # torch's MultiplicativeLR asks for no factor at the beginning.
    first = 1 if scheduler.kind is MultiplicativeLR else 0
    stride = max((last - first) // _MOST_COUNTS, 1)
    for formula in given if isinstance(given, list) else [given] if given else []:
        for count in (*range(first, last, stride), last):
            formula(count)


def _laid_out(specs: Sequence[StageSpec], horizon: Horizon) -> list[LaidOut]:
    """Lays stages out along the run, each with where it is written."""
    first = 0
    found: list[LaidOut] = []
    for number, spec in enumerate(specs):
        path = f"{_PATH}.{number}" if len(specs) > 1 else _PATH
        last = first + updates_in(spec.lasts, horizon, f"{path}.for") if spec.lasts else horizon.whole
        if spec.warmup:
            updates = updates_in(spec.warmup, horizon, f"{path}.warmup")
            rising = Scheduler(LinearLR, {"start_factor": 1 / updates, "total_iters": updates})
            found.append((Stage((rising,), "step", first), replace(spec, call=None, chained=()), path))
            first += updates
        left = None if last is None else max(last - first, 1)
        found.append((bind_stage(spec, first, Horizon(horizon.epoch, left), path), spec, path))
        first = last or 0
    followed = [
        (replace(stage, hands_on=_hands_on(stage, following, horizon)), spec, path)
        for (stage, spec, path), (following, _, _) in pairwise(found)
    ]
    return [*followed, found[-1]]


def _hands_on(stage: Stage, following: Stage, horizon: Horizon) -> bool:
    """Tells whether the last move of a stage comes just where another goes on from its rate."""
    moves = stage.per == "step" or following.first % horizon.epoch == 0
    return following.goes_on and moves and all(e.kind is not ReduceLROnPlateau for e in stage.schedulers)


def updates_in(span: Span, horizon: Horizon, path: str) -> int:
    """Counts the updates of a stretch, one at least."""
    if span.unit == "steps":
        return max(round(span.amount), 1)
    if span.unit == "epochs":
        return max(round(span.amount * horizon.epoch), 1)
    if horizon.whole is None:
        raise failure("schedule-endless", span.place, path, what=f"`{span}`")
    return max(round(span.amount / 100 * horizon.whole), 1)


def share_of_run(training: TrainingSpec) -> tuple[str, Place] | None:
    """Finds what is a share of the whole run, so that it would be another in a longer one, and its place."""
    spans = [training.average.swa if training.average else None]
    for stage in training.schedule:
        spans += [stage.warmup, stage.lasts]
    share = next((span for span in spans if span and span.unit == "%"), None)
    if share is not None:
        return f"`{share}`", share.place
    for call in (call for stage in training.schedule for call in stage.calls):
        if length := open_length(call):
            return f"`{length}` of {call.name}, left out,", call.place
    return None


def schedule_lengths(specs: Sequence[StageSpec], horizon: Horizon) -> Iterator[Problem]:
    """Finds schedules that are longer than the run, or over before it.

    A rate that torch refuses to give is no warning but an error.
    """
    ends = horizon.whole
    if ends is None or not specs:
        return
    stages = _laid_out(specs, horizon)
    for stage, spec, path in stages:
        if stage.first >= ends and stage.first:
            facts = {"updates": stage.first, "steps": ends, "what": "what comes before it takes"}
            yield Problem("schedule-long", spec.place, path, facts, "warning")
            return
    following = [*(stage.first for stage, _, _ in stages[1:]), ends]
    for (stage, spec, path), last in zip(stages, following, strict=True):
        left = Horizon(horizon.epoch, last - stage.first)
        # A warm-up has no call, and the length that was written.
        for call, scheduler in zip(spec.calls, stage.schedulers, strict=False):
            yield from _length_of(call, scheduler.arguments, (left, stage), path)
            if spec.chained and call.name in ALONE:
                yield Problem("schedule-alone", call.place, path, {"scheduler": call.name}, "warning")


def _length_of(
    call: Call, arguments: Mapping[str, Any], where: tuple[Horizon, Stage], path: str
) -> Iterator[Problem]:
    left, stage = where
    runs = left.epochs if stage.per == "epoch" else left.whole or 0
    unit = f"{stage.per}s"
    cycles = arguments.get("epochs"), arguments.get("steps_per_epoch")
    product = math.prod(each or 0 for each in cycles) or None
    for name in _LENGTHS:
        value = arguments.get(name, product if name == "total_steps" else None)
        length = max(value, default=0) if isinstance(value, tuple) else value
        if not isinstance(length, int):
            continue
        facts = {"scheduler": call.name, "argument": name, "length": length, "unit": unit, "runs": runs}
        place, here = _place(call, name), f"{path}.{call.name}.{name}"
        facts["whole"] = name if name in ("T_max", "total_steps") else ""
        # The first change of a StepLR that comes with the end changes nothing.
        if length > runs or (name == "step_size" and length == runs):
            yield Problem("schedule-beyond", place, here, facts, "warning")
        elif length < runs and name == "T_max":
            yield Problem("schedule-rises", place, here, facts, "warning")
        elif length < runs and name == "total_steps":
            yield Problem("schedule-over", place, here, facts)


def _place(call: Call, name: str) -> Place:
    if name in call.keywords:
        return call.keywords[name].place
    return call.positions[0].place if call.positions else call.place
