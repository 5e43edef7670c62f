"""The weights of a module in groups, each with arguments of its own for the optimiser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import nn

from nncli.errors import Problem
from nncli.messages.catalogue import failures
from nncli.network.items.finishing import nothing_matches
from nncli.spec.optimising import GroupSpec
from nncli.spec.patterns import matches
from nncli.spec.weights import PatternAt


@dataclass(frozen=True)
class Group:
    """Weights that are changed alike; `number` is that of the entry in `groups:`, None for all others."""

    parameters: tuple[nn.Parameter, ...]
    spec: GroupSpec | None = None
    number: int | None = None


def group_weights(module: nn.Module, specs: Sequence[GroupSpec], path: str) -> list[Group]:
    """Sorts the weights that learn: first those of no entry, then by entries, of which the first wins.

    A weight that has several names matches by any of them.
    Raises SpecError: `pattern-matches-nothing`, `group-taken`.
    """
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    owners = {parameter: _owner(known, specs) for parameter, known in names.items()}
    problems = _unused(list(names.values()), list(owners.values()), specs, path)
    if problems:
        raise failures(problems)
    numbered: list[tuple[int | None, GroupSpec | None]] = [(None, None), *enumerate(specs)]
    groups = [
        Group(tuple(p for p, owner in owners.items() if owner == number and p.requires_grad), spec, number)
        for number, spec in numbered
    ]
    return [group for group in groups if group.parameters]


def has_weights(module: nn.Module, spec: GroupSpec) -> bool:
    """Tells whether a group is of any weight of a module."""
    return any(_matches([name], spec) for name, _ in module.named_parameters(remove_duplicate=False))


def refuse_silent_patterns(modules: Iterable[nn.Module], patterns: Sequence[PatternAt], path: str) -> None:
    """Refuses patterns that no weight of some modules matches. Raises SpecError `pattern-matches-nothing`."""
    names = [name for each in modules for name, _ in each.named_parameters(remove_duplicate=False)]
    silent = [each for each in patterns if not any(matches(each.pattern, name) for name in names)]
    if silent:
        raise failures([nothing_matches(each.pattern, names, each.place, path) for each in silent])


def _owner(names: Sequence[str], specs: Sequence[GroupSpec]) -> int | None:
    return next((number for number, spec in enumerate(specs) if _matches(names, spec)), None)


def _matches(names: Sequence[str], spec: GroupSpec) -> bool:
    return any(matches(each.pattern, name) for each in spec.match for name in names)


def _unused(
    names: Sequence[Sequence[str]], owners: Sequence[int | None], specs: Sequence[GroupSpec], path: str
) -> list[Problem]:
    """Finds patterns that match nothing, and entries whose weights are all those of earlier ones."""
    problems = []
    every = [name for known in names for name in known]
    for number, spec in enumerate(specs):
        here = f"{path}.{number}.match"
        silent = [each for each in spec.match if not any(matches(each.pattern, name) for name in every)]
        problems += [nothing_matches(each.pattern, every, each.place, here) for each in silent]
        if not silent and number not in owners:
            first = next(owner for known, owner in zip(names, owners, strict=True) if _matches(known, spec))
            assert first is not None
            patterns = [[f"`{each.pattern}`" for each in one.match] for one in (spec, specs[first])]
            facts = {"pattern": patterns[0], "earlier": patterns[1]}
            problems.append(Problem("group-taken", spec.place, here, facts))
    return problems
