"""The schedulers of a spec, by torch's names, bound to their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.optim.swa_utils import SWALR

from nncli.better import falls
from nncli.errors import NncliError
from nncli.messages.catalogue import failure, nearest
from nncli.network.calls.arguments import bind
from nncli.spec.items import Argument, Call
from nncli.spec.optimising import CHAINED, Pace, StageSpec
from nncli.training.rate_formulas import with_formulas
from nncli.training.schedules import Horizon, Scheduler, Stage

# What no file can write, and what to write instead.
NOT_WRITTEN: Final[Mapping[str, str]] = {
    "SequentialLR": "write a list: `[{LinearLR: {}, for: 5 epochs}, {CosineAnnealingLR: {}}]`",
}
# These count batches in torch's own examples; all others count epochs.
_PER_STEP: Final = frozenset({"CyclicLR", "OneCycleLR"})
_PLATEAU: Final = ReduceLROnPlateau.__name__
# Arguments without a default in torch that mean the whole run where they are left out, and their positions.
_WHOLE: Final[Mapping[str, tuple[str, int]]] = {
    "CosineAnnealingLR": ("T_max", 0),
    "OneCycleLR": ("total_steps", 1),
}
ALONE: Final = frozenset({"CosineAnnealingWarmRestarts", "CyclicLR", "LambdaLR", "OneCycleLR"})
"""These work a rate out from that of the spec each time; all others go on from the rate of now."""


@cache
def scheduler_classes() -> Mapping[str, type[LRScheduler]]:
    """Names every scheduler of the installed torch that a file can write."""
    offered = {name: getattr(lr_scheduler, name) for name in dir(lr_scheduler) if not name.startswith("_")}
    found = {
        name: kind
        for name, kind in offered.items()
        if isinstance(kind, type) and issubclass(kind, LRScheduler) and name not in NOT_WRITTEN
        if kind is not LRScheduler
    }
    return dict(sorted({**found, SWALR.__name__: SWALR}.items()))


def open_length(call: Call) -> str:
    """Names the argument of a scheduler that is left out and then means what is left of the run, if any."""
    length, position = _WHOLE.get(call.name, ("", 0))
    is_given = len(call.positions) > position or bool({length, "epochs"} & set(call.keywords))
    return "" if is_given else length


def bind_stage(spec: StageSpec, first: int, left: Horizon, path: str) -> Stage:
    """Binds the schedulers of a stage; what they leave out of their length is what is `left` of the run.

    Raises SpecError: `schedule-unknown`, `schedule-unfit`, `schedule-endless`, and what binding a call and
    its formulas raises.
    """
    # Of several that move together, one that counts epochs makes all of them do so.
    counts_steps = all(each.name in _PER_STEP or open_length(each) for each in spec.calls)
    per = spec.per or ("step" if counts_steps else "epoch")
    schedulers = tuple(
        _bound(spec, call, per, left, f"{path}.{CHAINED}.{number}" if spec.chained else path)
        for number, call in enumerate(spec.calls)
    )
    has_plateau = any(each.kind is ReduceLROnPlateau for each in schedulers)
    if spec.watch is not None and not has_plateau:
        name = spec.call.name if spec.call else "warmup"
        raise _unfit(name, f"`watch:` stands beside {_PLATEAU}", spec.watch, f"{path}.watch")
    goes_on = first > 0 and any(each.kind is SWALR for each in schedulers)
    return Stage(schedulers, per, first, str(spec.watch.value) if spec.watch else "", goes_on)


def _bound(spec: StageSpec, call: Call, per: Pace, left: Horizon, path: str) -> Scheduler:
    kind, here = _kind(spec, call, path), f"{path}.{call.name}"
    length = open_length(call)
    arguments = bind(call, kind, here, [length] if length else ())
    if length:
        if left.whole is None:
            what = f"`{length}` of {call.name}, left out,"
            raise failure("schedule-endless", call.place, here, what=what, argument=length)
        arguments = {**arguments, length: left.whole if per == "step" else left.epochs}
    if call.name == _PLATEAU:
        watch = str(spec.watch.value) if spec.watch else ""
        arguments = {"mode": "min" if not watch or falls(watch) else "max", **arguments}
    return Scheduler(kind, with_formulas(call, arguments, here, per))


def _kind(spec: StageSpec, call: Call, path: str) -> type[LRScheduler]:
    """Finds the class of a scheduler, and refuses it where it cannot stand."""
    if call.name in NOT_WRITTEN:
        raise _unfit(call.name, NOT_WRITTEN[call.name], call, path)
    kind = scheduler_classes().get(call.name)
    if kind is None:
        guess, here = nearest(call.name, scheduler_classes()), f"{path}.{call.name}"
        raise failure("schedule-unknown", call.place, here, scheduler=call.name, nearest=guess)
    if call.name == _PLATEAU and spec.per == "step":
        raise _unfit(call.name, "it reads a figure, which comes once an epoch", spec, f"{path}.per")
    if call.name == _PLATEAU and spec.chained:
        raise _unfit(call.name, "it reads a figure; a list lets it follow the others", call, path)
    if call.name == CHAINED:
        raise _unfit(call.name, "write what it moves into the list that it stands in", call, path)
    return kind


def _unfit(scheduler: str, instead: str, at: Call | StageSpec | Argument, path: str) -> NncliError:
    return failure("schedule-unfit", at.place, path, scheduler=scheduler, instead=instead)
