"""What holds lists of items: residual, parallel, and the outputs of a block or network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.arithmetic import Formula
from nncli.spec.item_parts import Parts
from nncli.spec.items import Item, Parallel, Residual, Source
from nncli.spec.names import check_name
from nncli.spec.nodes import Mapping, Scalar, Sequence
from nncli.spec.operations import read_join
from nncli.spec.scopes import Written, resolved, substituted
from nncli.spec.words import read_decision, read_path

ReadItems: TypeAlias = Callable[[Written], tuple[Item, ...]]


def read_residual(parts: Parts, read_items: ReadItems) -> Residual:
    """Reads `residual: [...]` with its `shortcut:`; raises SpecError `layers-form`, `value-type`."""
    items = read_items(parts.arguments)
    written = parts.words.get("shortcut")
    if written is None:
        return Residual(items)
    target = resolved_or_waiting(written)
    if isinstance(target, Formula):
        return Residual(items, target)
    if isinstance(target.node, Sequence):
        return Residual(items, read_items(target))
    return Residual(items, read_decision(target))


def resolved_or_waiting(written: Written) -> Written | Formula:
    """Follows `$name`, but keeps what waits for sizes."""
    node = written.known_node()
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.startswith("$("):
        decided = read_decision(written)
        if isinstance(decided, Formula):
            return decided
    return resolved(written)


def read_parallel(parts: Parts, read_items: ReadItems) -> Parallel:
    """Reads `parallel: {a: [...], b: []}` with its `join:`.

    Raises SpecError `parallel-form`, `layers-form`, `name-form`, `name-reserved`, `name-keyword`.
    """
    target = resolved(parts.arguments)
    if not isinstance(target.node, Mapping) or not target.node.entries:
        raise failure("parallel-form", target.place, target.path)
    problems: list[Problem] = []
    branches: dict[str, tuple[Item, ...]] = {}
    for name, node in target.node.entries:
        problem = check_name(name, f"{target.path}.{name.text}", becomes_attribute=True)
        problems.extend([problem] if problem else [])
        try:
            branches[name.text] = read_items(target.child(node, name.text))
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return Parallel(branches, read_join(parts.words["join"], target.node.keys()))


def read_outputs(written: Written) -> dict[str, Source]:
    """Reads `outputs: [head, pooled]` or `outputs: {class: head}`; a list names each by its last part.

    Raises SpecError `outputs-form`, `path-form`, `name-form`, `name-reserved`, `name-twice`.
    """
    node = substituted(resolved(written))
    if isinstance(node, Mapping):
        entries = node.entries
    elif isinstance(node, Sequence) and all(isinstance(item, Scalar) for item in node.items):
        entries = tuple((_named_by(item), item) for item in node.items if isinstance(item, Scalar))
    else:
        raise failure("outputs-form", node.place, written.path)
    if not entries:
        raise failure("outputs-form", node.place, written.path)
    problems: list[Problem] = []
    outputs: dict[str, Source] = {}
    for name, value in entries:
        path = f"{written.path}.{name.text}"
        if problem := check_name(name, path, becomes_attribute=False):
            problems.append(problem)
        elif name.text in outputs:
            facts = {"name": name.text, "line": outputs[name.text].place.line}
            problems.append(Problem("name-twice", name.place, path, facts))
        try:
            outputs[name.text] = read_path(value, path)
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return outputs


def _named_by(path: Scalar) -> Scalar:
    last = path.text.rpartition(".")[2]
    name = last if last[:1].isalpha() else path.text.replace(".", "_").replace("*", "all")
    return Scalar(name, name, True, path.place)
