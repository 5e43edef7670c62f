"""What `training:` says of an update beside its optimiser: groups, schedule, regularising, average."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast, get_args

from nncli.errors import Place, Problem
from nncli.messages.catalogue import nearest
from nncli.spec.calls import read_call, read_named_call
from nncli.spec.items import Argument, Call
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.weights import PatternAt, read_patterns

MATCH: Final = "match"
Unit: TypeAlias = Literal["%", "steps", "epochs"]
Pace: TypeAlias = Literal["step", "epoch"]
_SPAN: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(%|step|epoch)s?")
_WORDS: Final = ("warmup", "for", "per", "watch")
CHAINED: Final = "ChainedScheduler"
_SCHEDULER: Final = "a scheduler of torch, such as ExponentialLR"


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """Weights by patterns of their names, and the optimiser's arguments that are other for them."""

    match: tuple[PatternAt, ...]
    arguments: MappingType[str, Argument]
    place: Place


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a run: `5%` of it, `500 steps` or `2 epochs`."""

    amount: float
    unit: Unit
    place: Place

    def __str__(self) -> str:
        return f"{self.amount:g}%" if self.unit == "%" else f"{self.amount:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A part of a schedule: a class of torch.optim.lr_scheduler, or none where only `warmup:` is given.

    `chained` holds those that a ChainedScheduler moves together. `lasts` is what `for:` says. `per` tells
    whether it moves with every step or every epoch, `watch` which figure it reads; None where that is left
    to nncli.
    """

    place: Place
    call: Call | None = None
    warmup: Span | None = None
    lasts: Span | None = None
    per: Pace | None = None
    watch: Argument | None = None
    chained: tuple[Call, ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        """The schedulers that move the rate, each with its arguments."""
        return self.chained or ((self.call,) if self.call else ())


@dataclass(frozen=True, slots=True)
class RegulariseSpec:
    """What is added to the loss: `l1` times the size of every weight, or of those that match."""

    l1: float
    match: tuple[PatternAt, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class AverageSpec:
    """How weights are averaged: with the decay `ema`, or alike from some point on, which `swa` says."""

    place: Place
    ema: float | None = None
    swa: Span | None = None


def read_groups(node: Node, path: str, problems: list[Problem]) -> tuple[GroupSpec, ...] | None:
    """Reads one group, or a list of them. Problems: `group-form`, `pattern-form`, `weights-entries`."""
    before = len(problems)
    items = node.items if isinstance(node, Sequence) else (node,)
    found = [_read_group(item, f"{path}.{number}", problems) for number, item in enumerate(items)]
    return tuple(group for group in found if group) if len(problems) == before else None


def _read_group(node: Node, path: str, problems: list[Problem]) -> GroupSpec | None:
    match = node.get(MATCH) if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or match is None:
        facts = {"fault": "every entry says by `match:` which weights it is of"}
        problems.append(Problem("group-form", node.place, path, facts))
        return None
    before = len(problems)
    patterns = read_patterns(match, f"{path}.{MATCH}", problems)
    if not patterns and len(problems) == before:
        problems.append(Problem("group-form", match.place, path, {"fault": "`match:` has no pattern"}))
        return None
    others = Mapping(tuple(entry for entry in node.entries if entry[0].text != MATCH), node.place)
    if not others.entries:
        facts = {"fault": "it says nothing about the weights that match"}
        problems.append(Problem("group-form", node.place, path, facts))
        return None
    call = read_call(Scalar(MATCH, MATCH, True, node.place), others, path, problems)
    return GroupSpec(patterns, call.keywords, node.place)


def read_schedule(node: Node, path: str, problems: list[Problem]) -> tuple[StageSpec, ...] | None:
    """Reads one scheduler, or a list of them that follow each other.

    Problems: `schedule-form`, `span-form`, `value-choice`, and those of calls.
    """
    before = len(problems)
    several = isinstance(node, Sequence)
    items = node.items if isinstance(node, Sequence) else (node,)
    found = [
        _read_stage(item, f"{path}.{number}" if several else path, problems)
        for number, item in enumerate(items)
    ]
    stages = [stage for stage in found if stage]
    if not items:
        problems.append(Problem("schedule-form", node.place, path, {"fault": "there is none in the list"}))
    for number, stage in enumerate(stages):
        if stage.lasts is None and number + 1 < len(stages):
            facts = {"fault": "every entry but the last says by `for:` how long it lasts"}
            name = stage.call.name if stage.call else "warmup"
            facts["instead"] = f"write `- {{{name}: …, for: 5 epochs}}`"
            problems.append(Problem("schedule-form", stage.place, f"{path}.{number}", facts))
        if stage.warmup is not None and number:
            facts = {"fault": "`warmup:` stands in the first entry"}
            problems.append(Problem("schedule-form", stage.warmup.place, f"{path}.{number}.warmup", facts))
    # Without its warm-up or pace the rest of a schedule can still be checked.
    is_told = all(each.path.rpartition(".")[2] in ("warmup", "per") for each in problems[before:])
    return tuple(stages) if is_told else None


def _read_stage(node: Node, path: str, problems: list[Problem]) -> StageSpec | None:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        call, chained = _read_calls(node, Scalar(None, "", True, node.place), path, problems)
        return StageSpec(node.place, call, chained=chained)
    if not isinstance(node, Mapping) or not node.entries:
        problems.append(Problem("schedule-form", node.place, path, {"fault": "it names a scheduler"}))
        return None
    calls = [(name, value) for name, value in node.entries if name.text not in _WORDS]
    if len(calls) > 1:
        name = calls[1][0]
        word = nearest(name.text, _WORDS) if name.text[:1].islower() else ""
        facts = {"fault": f"one entry holds one scheduler, and `{name.text}` is a second name", "word": word}
        if name.text[:1].islower():
            facts["instead"] = f"arguments stand inside: `{calls[0][0].text}: {{…, {name.text}: …}}`"
        else:
            facts["instead"] = "a list holds several that follow each other: `- {StepLR: 5, for: 5 epochs}`"
        problems.append(Problem("schedule-form", name.place, f"{path}.{name.text}", facts))
        return None
    found = _read_calls(*calls[0], path, problems) if calls else None
    watch = node.get("watch")
    return StageSpec(
        place=node.place,
        call=found[0] if found else None,
        warmup=_read_span(node.get("warmup"), f"{path}.warmup", problems),
        lasts=_read_span(node.get("for"), f"{path}.for", problems),
        per=_read_pace(node.get("per"), f"{path}.per", problems),
        watch=Argument(watch.text, watch.place) if isinstance(watch, Scalar) else None,
        chained=found[1] if found else (),
    )


def _read_calls(
    name: Scalar, node: Node, path: str, problems: list[Problem]
) -> tuple[Call, tuple[Call, ...]]:
    """Reads a scheduler, and those that it moves together where it is a ChainedScheduler."""
    here = f"{path}.{name.text}"
    if name.text != CHAINED:
        return read_call(name, node, here, problems), ()
    if isinstance(node, Mapping) and node.keys() == ["schedulers"]:
        node = node.entries[0][1]
    items = node.items if isinstance(node, Sequence) else ()
    if not items:
        facts = {"fault": f"{CHAINED} holds a list of schedulers that move the rate together"}
        facts["instead"] = f"write `{CHAINED}: [{{LinearLR: {{}}}}, {{ExponentialLR: 0.9}}]`"
        problems.append(Problem("schedule-form", name.place, here, facts))
    inside = [key for item in items if isinstance(item, Mapping) for key, _ in item.entries]
    for word in (key for key in inside if key.text in _WORDS):
        facts = {"fault": f"`{word.text}:` stands beside {CHAINED}, and is for all that it moves"}
        problems.append(Problem("schedule-form", word.place, here, facts))
        return Call(name.text, name.place), ()
    found = [
        read_named_call(item, f"{here}.{number}", problems, _SCHEDULER) for number, item in enumerate(items)
    ]
    return Call(name.text, name.place), tuple(each for each in found if each)


def _read_span(node: Node | None, path: str, problems: list[Problem]) -> Span | None:
    if node is None:
        return None
    found = _SPAN.fullmatch(node.text) if isinstance(node, Scalar) else None
    amount = float(found[1]) if found else 0.0
    if found is None or amount <= 0 or (found[2] == "%" and amount > 100):
        received = node.text if isinstance(node, Scalar) else "a list or mapping"
        facts = {"key": path.rpartition(".")[2], "received": received}
        facts["number"] = received if received.isdecimal() else ""
        problems.append(Problem("span-form", node.place, path, facts))
        return None
    return Span(amount, cast(Unit, "%" if found[2] == "%" else f"{found[2]}s"), node.place)


def _read_pace(node: Node | None, path: str, problems: list[Problem]) -> Pace | None:
    if node is None:
        return None
    text = node.text if isinstance(node, Scalar) else "a list or mapping"
    if text not in get_args(Pace):
        facts = {"key": "per", "received": f"`{text}`", "expected": "`step` or `epoch`"}
        facts["nearest"] = "step" if text in ("batch", "batches") else nearest(text, get_args(Pace))
        problems.append(Problem("value-choice", node.place, path, facts))
        return None
    return cast(Pace, text)


def read_regularise(node: Node, path: str, problems: list[Problem]) -> RegulariseSpec | None:
    """Reads `{l1: 1e-5}`, with `match:` beside it. Problems: `regularise-form`, and those of patterns."""
    before = len(problems)
    entries = {name.text: value for name, value in node.entries} if isinstance(node, Mapping) else {}
    amount = _number(entries.get("l1"))
    if not entries or set(entries) - {"l1", MATCH} or amount is None or not 0 < amount < math.inf:
        problems.append(Problem("regularise-form", node.place, path, {}))
    match = read_patterns(entries.get(MATCH), f"{path}.{MATCH}", problems)
    return RegulariseSpec(amount or 0.0, match, node.place) if len(problems) == before else None


def read_average(node: Node, path: str, problems: list[Problem]) -> AverageSpec | None:
    """Reads `{ema: 0.999}` or `{swa: 75%}`. Problems: `average-form`, `span-form`."""
    entries = node.entries if isinstance(node, Mapping) else ()
    keys = [name.text for name, _ in entries]
    if keys == ["swa"]:
        span = _read_span(entries[0][1], f"{path}.swa", problems)
        return AverageSpec(node.place, swa=span) if span else None
    decay = _number(entries[0][1]) if keys == ["ema"] else None
    if decay is None or not 0 < decay < 1:
        problems.append(Problem("average-form", node.place, path, {}))
        return None
    return AverageSpec(node.place, ema=decay)


def _number(node: Node | None) -> float | None:
    value = node.value if isinstance(node, Scalar) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
