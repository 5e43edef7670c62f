"""Vars worked out, and every `$` of a spec replaced by its value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from nncli.errors import NncliError, Problem
from nncli.spec.arithmetic import substitute
from nncli.spec.items import Constant
from nncli.spec.names import check_name
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, plain

# What only the data can count; formulas that read these wait for the network.
COUNTED: Final = frozenset({"classes", "vocabulary"})
# Sections in which nothing is left to count; in all others `$classes` waits, also in a misspelt one.
SETTLED_SECTIONS: Final = frozenset({"name", "description", "data", "training"})


def expand(root: Mapping, problems: list[Problem]) -> tuple[Mapping, dict[str, Constant]]:
    """Works out `vars:` from top to bottom, and replaces `$` everywhere else.

    Returns the tree and the values of the vars. Formulas stay only below `network:`.
    """
    names = _read_vars(root.get("vars"), problems)
    entries = []
    for name, value in root.entries:
        deferred = frozenset() if name.text in SETTLED_SECTIONS else COUNTED
        if name.text != "vars":
            entries.append((name, _expanded(value, names, deferred, name.text, problems)))
    return replace(root, entries=tuple(entries)), names


def _read_vars(node: Node | None, problems: list[Problem]) -> dict[str, Constant]:
    names: dict[str, Constant] = {}
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return names
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "vars", {"key": "vars"}))
        return names
    for name, value in node.entries:
        path = f"vars.{name.text}"
        problem = check_name(name, path, becomes_attribute=False)
        if problem:
            problems.append(problem)
        names[name.text] = plain(_expanded(value, names, frozenset(), path, problems))
    return names


def _expanded(
    node: Node,
    names: dict[str, Constant],
    deferred: Collection[str],
    path: str,
    problems: list[Problem],
) -> Node:
    if isinstance(node, Sequence):
        items = (
            _expanded(item, names, deferred, f"{path}.{number}", problems)
            for number, item in enumerate(node.items)
        )
        return replace(node, items=tuple(items))
    if isinstance(node, Mapping):
        entries = (
            (name, _expanded(value, names, deferred, f"{path}.{name.text}", problems))
            for name, value in node.entries
        )
        return replace(node, entries=tuple(entries))
    if not isinstance(node.value, str) or "$" not in node.value:
        return node
    try:
        value = substitute(node.value, node.place, names, deferred)
    except NncliError as error:
        problems.extend(replace(problem, path=path) for problem in error.problems)
        return node
    return replace(node, value=value, text=value if isinstance(value, str) else node.text)
