"""The schedule of a spec: its schedulers bound to their arguments, and its length compared with the run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler

from nncli.better import falls
from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure, nearest
from nncli.network.calls.arguments import bind
from nncli.spec.items import Call
from nncli.spec.optimising import Span, StageSpec
from nncli.spec.schema import TrainingSpec
from nncli.training.schedules import Groups, Horizon, Schedule, Stage

_PATH: Final = "training.schedule"
# What no file can write, and what to write instead.
NOT_WRITTEN: Final[Mapping[str, str]] = {
    "ChainedScheduler": "one scheduler moves the rate at a time; write a list to let one follow the other",
    "LambdaLR": "it takes a function; ExponentialLR, PolynomialLR, StepLR and MultiStepLR take numbers",
    "MultiplicativeLR": "it takes a function; ExponentialLR takes a number",
    "SequentialLR": "write a list: `[{LinearLR: {}, for: 5 epochs}, {CosineAnnealingLR: {}}]`",
}
# These count batches in torch's own examples; all others count epochs.
_PER_STEP: Final = frozenset({"CyclicLR", "OneCycleLR"})
# Arguments that have no default in torch, and mean the whole run where they are left out.
_WHOLE: Final[Mapping[str, str]] = {"CosineAnnealingLR": "T_max", "OneCycleLR": "total_steps"}
# Arguments that say how long a scheduler takes.
_LENGTHS: Final = ("T_max", "total_steps", "total_iters", "milestones", "step_size")


@cache
def scheduler_classes() -> Mapping[str, type[LRScheduler]]:
    """Names every scheduler of the installed torch that a file can write."""
    offered = {name: getattr(lr_scheduler, name) for name in dir(lr_scheduler) if not name.startswith("_")}
    return {
        name: kind
        for name, kind in offered.items()
        if isinstance(kind, type) and issubclass(kind, LRScheduler) and name not in NOT_WRITTEN
        if kind is not LRScheduler
    }


def horizon_of(training: TrainingSpec, batches: int) -> Horizon:
    """Counts the batches of a run whose epochs have so many of them."""
    if training.steps is not None:
        return Horizon(batches, training.steps)
    return Horizon(batches, training.epochs * batches if training.epochs is not None else None)


def build_schedule(specs: Sequence[StageSpec], groups: Groups, horizon: Horizon) -> Schedule | None:
    """Makes the schedule of an optimiser's groups; None where there is none.

    Raises SpecError: `schedule-unknown`, `schedule-unfit`, `schedule-refused`, `schedule-endless`, and what
    binding a call raises.
    """
    if not specs:
        return None
    stages = [stage for stage, _, _ in _laid_out(specs, horizon)]
    # A stage is made when the one before it is over, and that would be late for what torch refuses.
    for stage, spec, path in _laid_out(specs, horizon):
        try:
            trial = Schedule([replace(stage, first=0)], [dict(group) for group in groups])
            trial.after_update()
            trial.after_epoch({}, None)
        except (ValueError, TypeError, ZeroDivisionError, AttributeError, KeyError) as error:
            reason = str(error).split("\n")[0]
            name = spec.call.name if spec.call else "warmup"
            raise failure("schedule-refused", spec.place, path, scheduler=name, reason=reason) from error
    return Schedule(stages, groups)


def _laid_out(specs: Sequence[StageSpec], horizon: Horizon) -> Iterator[tuple[Stage, StageSpec, str]]:
    """Lays stages out along the run, each with where it is written."""
    first = 0
    for number, spec in enumerate(specs):
        path = f"{_PATH}.{number}" if len(specs) > 1 else _PATH
        last = first + updates_in(spec.lasts, horizon, f"{path}.for") if spec.lasts else horizon.whole
        if spec.warmup:
            updates = updates_in(spec.warmup, horizon, f"{path}.warmup")
            rising = {"start_factor": 1 / updates, "total_iters": updates}
            yield Stage(lr_scheduler.LinearLR, rising, "step", first), spec, path
            first += updates
        left = None if last is None else max(last - first, 1)
        yield _stage(spec, first, Horizon(horizon.epoch, left), path), spec, path
        first = last or 0


def updates_in(span: Span, horizon: Horizon, path: str) -> int:
    """Counts the updates of a stretch, one at least."""
    if span.unit == "steps":
        return max(round(span.amount), 1)
    if span.unit == "epochs":
        return max(round(span.amount * horizon.epoch), 1)
    if horizon.whole is None:
        raise failure("schedule-endless", span.place, path, what=f"`{span}`")
    return max(round(span.amount / 100 * horizon.whole), 1)


def _stage(spec: StageSpec, first: int, left: Horizon, path: str) -> Stage:
    """Binds one scheduler; what it leaves out of its length is what is `left` of the run."""
    call = spec.call
    if call is None:
        return Stage(None, {}, "step", first)
    kind = scheduler_classes().get(call.name)
    if call.name in NOT_WRITTEN:
        facts = {"scheduler": call.name, "instead": NOT_WRITTEN[call.name]}
        raise failure("schedule-unfit", call.place, path, **facts)
    if kind is None:
        guess = nearest(call.name, scheduler_classes())
        raise failure("schedule-unknown", call.place, path, scheduler=call.name, nearest=guess)
    length = _WHOLE.get(call.name, "")
    here = f"{path}.{call.name}"
    is_open = bool(length) and not call.positions and length not in call.keywords
    arguments = bind(call, kind, here, [length] if is_open else ())
    per = spec.per
    if length and length not in arguments and "epochs" not in arguments:
        if left.whole is None:
            what = f"`{length}` of {call.name}, left out,"
            raise failure("schedule-endless", call.place, here, what=what, argument=length)
        per = per or "step"
        arguments = {**arguments, length: left.whole if per == "step" else _epochs(left)}
    if call.name == "ReduceLROnPlateau":
        return _plateau(spec, arguments, first, path)
    if spec.watch is not None:
        facts = {"scheduler": call.name, "instead": "`watch:` stands beside ReduceLROnPlateau"}
        raise failure("schedule-unfit", spec.watch.place, f"{path}.watch", **facts)
    return Stage(kind, arguments, per or ("step" if call.name in _PER_STEP else "epoch"), first)


def _epochs(left: Horizon) -> int:
    return math.ceil((left.whole or 0) / left.epoch)


def _plateau(spec: StageSpec, arguments: Mapping[str, Any], first: int, path: str) -> Stage:
    watch = str(spec.watch.value) if spec.watch else ""
    if spec.per == "step":
        facts = {"scheduler": "ReduceLROnPlateau", "instead": "it reads a figure, which comes once an epoch"}
        raise failure("schedule-unfit", spec.place, f"{path}.per", **facts)
    is_falling = not watch or falls(watch)
    return Stage(
        lr_scheduler.ReduceLROnPlateau,
        {"mode": "min" if is_falling else "max", **arguments},
        "epoch",
        first,
        watch,
    )


def share_of_run(training: TrainingSpec) -> tuple[str, Place] | None:
    """Finds what is a share of the whole run, so that it would be another in a longer one, and its place."""
    spans = [training.average.swa if training.average else None]
    for stage in training.schedule:
        spans += [stage.warmup, stage.lasts]
    share = next((span for span in spans if span and span.unit == "%"), None)
    if share is not None:
        return f"`{share}`", share.place
    for stage in training.schedule:
        call = stage.call
        length = _WHOLE.get(call.name, "") if call else ""
        if call and length and not {length, "epochs"} & set(call.keywords) and not call.positions:
            return f"`{length}` of {call.name}, left out,", call.place
    return None


def schedule_lengths(specs: Sequence[StageSpec], horizon: Horizon) -> Iterator[Problem]:
    """Finds schedules that are longer than the run, or over before it.

    A rate that would rise again, or that torch refuses to give, is no warning but an error.
    """
    ends = horizon.whole
    if ends is None or not specs:
        return
    stages = list(_laid_out(specs, horizon))
    for stage, spec, path in stages:
        if stage.first >= ends and stage.first:
            facts = {"updates": stage.first, "steps": ends, "what": "what comes before it takes"}
            yield Problem("schedule-long", spec.place, path, facts, "warning")
            return
    following = [*(stage.first for stage, _, _ in stages[1:]), ends]
    for (stage, spec, path), last in zip(stages, following, strict=True):
        if spec.call is not None and stage.kind is scheduler_classes().get(spec.call.name):
            yield from _length_of(stage, spec.call, path, Horizon(horizon.epoch, last - stage.first))


def _length_of(stage: Stage, call: Call, path: str, left: Horizon) -> Iterator[Problem]:
    runs = left.whole if stage.per == "step" else _epochs(left)
    assert runs is not None
    unit = "steps" if stage.per == "step" else "epochs"
    cycles = stage.arguments.get("epochs"), stage.arguments.get("steps_per_epoch")
    product = math.prod(each or 0 for each in cycles) or None
    for name in _LENGTHS:
        value = stage.arguments.get(name, product if name == "total_steps" else None)
        length = max(value, default=0) if isinstance(value, tuple) else value
        if not isinstance(length, int):
            continue
        facts = {"scheduler": call.name, "argument": name, "length": length, "unit": unit, "runs": runs}
        place, here = _place(call, name), f"{path}.{call.name}.{name}"
        facts["whole"] = name if name in _WHOLE.values() else ""
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
