"""The steps of a network as a tree of scopes, in which equal repetitions are one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TypeAlias

from nncli.network.summary.steps import Step


@dataclass(frozen=True)
class Group:
    """A scope, or several equal ones in a row.

    `name` is its part of the dotted name, and several parts where a scope holds nothing but its
    repetitions. `children` are those of the first of `times` repetitions; `others` are the steps of
    the rest, each repetition in the order of the first.
    """

    name: str
    children: tuple[Part, ...]
    times: int = 1
    others: tuple[tuple[Step, ...], ...] = ()


Part: TypeAlias = "Step | Group"


@dataclass
class _Open:
    name: str
    visit: int = 0
    children: list[Step | _Open] = field(default_factory=list)


def folded(steps: Sequence[Step]) -> tuple[Part, ...]:
    """Makes the tree; repetitions (`layers.0`, `layers.1` …) that are equal in all but name are folded.

    A network that is called twice has its scope twice, on the same weights.
    """
    root = _Open("")
    for step in steps:
        scope = root
        for name in step.scope:
            last = scope.children[-1] if scope.children else None
            is_inside = scope is not root or (isinstance(last, _Open) and last.visit == step.visit)
            if not (isinstance(last, _Open) and last.name == name and is_inside):
                last = _Open(name, step.visit)
                scope.children.append(last)
            scope = last
        scope.children.append(step)
    return _closed(root.children)


def _closed(children: Sequence[Step | _Open]) -> tuple[Part, ...]:
    parts = [_group(child) if isinstance(child, _Open) else child for child in children]
    return tuple(_fold(parts))


def _group(scope: _Open) -> Group:
    children = _closed(scope.children)
    only = children[0] if len(children) == 1 else None
    if isinstance(only, Group) and only.times > 1:
        # Nothing but repetitions: `layers` and `0` are one line, `layers × 12`.
        return replace(only, name=scope.name)
    if isinstance(only, Group) and not scope.name.isdigit():
        return replace(only, name=f"{scope.name}.{only.name}")
    return Group(scope.name, children)


def _fold(parts: Sequence[Part]) -> Iterator[Part]:
    """Makes one of equal neighbours whose names are numbers."""

    def sort(part: Part) -> object:
        return signature(part) if isinstance(part, Group) and part.name.isdigit() else id(part)

    for _, run in groupby(parts, key=sort):
        equal = list(run)
        first = equal[0]
        if isinstance(first, Group) and len(equal) > 1:
            others = tuple(tuple(steps_of(part)) for part in equal[1:])
            yield replace(first, name=f"{first.name}…{equal[-1].name}", times=len(equal), others=others)
        else:
            yield first


def signature(part: Part) -> object:
    """Says what two parts have in common that are equal in all but the name of their scope."""
    if isinstance(part, Step):
        own = part.name.rpartition(".")[2]
        return own, part.type, part.output, part.parameters, part.is_layer, part.mask
    return part.times, tuple((_own_name(child), signature(child)) for child in part.children)


def _own_name(part: Part) -> str:
    return part.name if isinstance(part, Group) else ""


def steps_of(part: Part) -> Iterator[Step]:
    """Walks the steps of a part with all repetitions, in order."""
    if isinstance(part, Step):
        yield part
        return
    for child in part.children:
        yield from steps_of(child)
    for repetition in part.others:
        yield from repetition


def stands_for(parts: Sequence[Part]) -> Mapping[str, str]:
    """Maps the key of every step to that of the step that stands for it in the first repetition."""
    found: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Step):
            found[part.key] = part.key
            continue
        inner = stands_for(part.children)
        found.update(inner)
        first = [step.key for child in part.children for step in steps_of(child)]
        for repetition in part.others:
            found.update({step.key: inner[key] for step, key in zip(repetition, first, strict=True)})
    return found
