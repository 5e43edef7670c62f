"""Vars worked out, and every $ of data and training replaced by its value."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from nncli.errors import NncliError, Problem
from nncli.spec.budget import Budget, TooLarge
from nncli.spec.items import Constant
from nncli.spec.loops import repetitions
from nncli.spec.names import check_name
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Sequence, stated
from nncli.spec.scopes import Scope, Written, bounded, substituted_as_far
from nncli.spec.spelling import free_entries

# These are read in scopes of their own, item by item.
LAZY_SECTIONS: Final = frozenset({"vars", "constants", "blocks", "network", "networks", "predict"})


def expand(root: Mapping, problems: list[Problem]) -> tuple[Mapping, dict[str, Constant], Scope]:
    """Works out `vars:` from top to bottom, and replaces `$` in data, training and single words.

    Returns the tree, the values of the vars, and the scope of the file.
    """
    given: dict[str, Written] = {}
    scope = Scope(given, Budget())
    values = _read_vars(root.get("vars"), given, scope, problems)
    entries = []
    for name, node in root.entries:
        if name.text == "training":
            # What is too much here leaves the networks theirs.
            node = _unrolled(node, Scope(given, Budget()), problems)
        with scope.budget.within(name.place, name.text):
            if name.text == "training" and isinstance(node, Mapping):
                node = _training(node, scope, problems)
            elif name.text not in LAZY_SECTIONS:
                node = _replaced(Written(node, scope, name.text), problems)
        entries.append((name, node))
    return replace(root, entries=tuple(entries)), values, scope


def _unrolled(training: Node, scope: Scope, problems: list[Problem]) -> Node:
    """Puts a copy of an entry of `groups:` for each repetition of its `repeat:` in its place."""
    if not isinstance(training, Mapping):
        return training
    entries = []
    for name, node in training.entries:
        if name.text == "groups" and isinstance(node, Sequence):
            copies = [
                copy
                for number, item in enumerate(node.items)
                for copy in _copies(Written(item, scope, f"training.groups.{number}"), problems)
            ]
            node = replace(node, items=tuple(copies))
        entries.append((name, node))
    return replace(training, entries=tuple(entries))


def _copies(entry: Written, problems: list[Problem]) -> list[Node]:
    node = entry.known_node()
    repeat = node.get("repeat") if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or repeat is None:
        return [node]
    body = replace(node, entries=tuple(each for each in node.entries if each[0].text != "repeat"))
    try:
        with entry.scope.budget.within(repeat.place, f"{entry.path}.repeat"):
            scopes = [scope for _, scope in repetitions(entry.child(repeat, "repeat"))]
            return [_replaced(Written(body, scope, entry.path), problems) for scope in scopes]
    except NncliError as error:
        problems.extend(error.problems)
    except TooLarge as error:
        problems.append(error.problem)
    return []


def _training(node: Mapping, scope: Scope, problems: list[Problem]) -> Mapping:
    """Replaces the `$` of all that holds no tensor expressions."""
    lazy = {name.text for name, _ in free_entries(node)}
    entries = []
    for name, value in node.entries:
        written = Written(value, scope, f"training.{name.text}")
        entries.append((name, value if name.text in lazy else _replaced(written, problems)))
    return replace(node, entries=tuple(entries))


def _read_vars(
    node: Node | None, given: dict[str, Written], scope: Scope, problems: list[Problem]
) -> dict[str, Constant]:
    values: dict[str, Constant] = {}
    node = stated(node)
    if node is None:
        return values
    if not isinstance(node, Mapping):
        problems.append(Problem("mapping-expected", node.place, "vars", {"key": "vars"}))
        return values
    for name, value in node.entries:
        path = f"vars.{name.text}"
        if problem := check_name(name, path, becomes_attribute=False):
            problems.append(problem)
        written = Written(value, scope, path, name.text)
        before = len(problems)
        # With so many mistakes the rest counts as wrong: each of them looks through all names.
        if before >= MOST_PROBLEMS:
            given[name.text] = Written(None, scope, path, name.text)
            continue
        try:
            with scope.budget.within(name.place, path):
                values[name.text] = _worked_out(written, problems)
        except NncliError as error:
            problems.extend(error.problems)
        # What uses a var that is wrong has nothing more to say.
        is_wrong = len(problems) > before
        given[name.text] = Written(None, scope, path, name.text) if is_wrong else written
    return values


def _worked_out(written: Written, problems: list[Problem]) -> Constant:
    value = bounded(_replaced(written, problems), written)
    written.settle(value)
    return value


def _replaced(written: Written, problems: list[Problem]) -> Node:
    node, mistakes = substituted_as_far(written, ())
    problems.extend(problem for error in mistakes for problem in error.problems)
    return node
