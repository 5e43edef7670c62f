"""Groups of weights with settings of their own, as `training.groups:` writes them."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass

from nncli.errors import Place, Problem
from nncli.spec.calls import read_call
from nncli.spec.items import Argument
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence
from nncli.spec.weights import PatternAt, read_patterns

MATCH = "match"


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """Weights by patterns of their names, and the optimiser's arguments that are other for them."""

    match: tuple[PatternAt, ...]
    arguments: MappingType[str, Argument]
    place: Place


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
    patterns = read_patterns(match, f"{path}.{MATCH}", problems)
    others = Mapping(tuple(entry for entry in node.entries if entry[0].text != MATCH), node.place)
    if not others.entries:
        facts = {"fault": "it says nothing about the weights that match"}
        problems.append(Problem("group-form", node.place, path, facts))
        return None
    call = read_call(Scalar(MATCH, MATCH, True, node.place), others, path, problems)
    return GroupSpec(patterns, call.keywords, node.place)
