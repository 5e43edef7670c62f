"""What a network says flows into it: names with their shapes, or names that the data declares."""

from __future__ import annotations

from typing import get_args

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.habits import unknown_key
from nncli.spec.names import check_name
from nncli.spec.network_spec import InputSpec, InputType
from nncli.spec.nodes import Mapping, Node, Scalar, Sequence, plain
from nncli.spec.scopes import Written, resolved, substituted

KEYS = ("shape", "type", "vocabulary", "classes", "mask", "rate")
TYPES: tuple[InputType, ...] = get_args(InputType)


def read_inputs(written: Written) -> tuple[dict[str, InputSpec], tuple[str, ...]]:
    """Reads `inputs:`: what is stated, and the names in order where they are listed.

    A name without a shape, as in `inputs: [noise: [64], digit]`, is an input of the data.
    Raises SpecError `inputs-form`, `unknown-key`, `name-form`, `name-reserved`, `name-twice`.
    """
    written = resolved(written)
    problems: list[Problem] = []
    inputs: dict[str, InputSpec] = {}
    listed: dict[str, Place] = {}
    for name, value in _entries(written):
        path = f"{written.path}.{name.text}"
        if problem := check_name(name, path, becomes_attribute=False):
            problems.append(problem)
        elif name.text in listed:
            facts = {"name": name.text, "line": listed[name.text].line}
            problems.append(Problem("name-twice", name.place, path, facts))
        listed.setdefault(name.text, name.place)
        try:
            if value is not None:
                inputs[name.text] = _read_input(substituted(written.child(value, name.text)), path)
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return inputs, tuple(listed) if isinstance(written.node, Sequence) else ()


def names_in(node: Node) -> tuple[str, ...]:
    """Names what stands in an `inputs:` that could not be read."""
    items = node.items if isinstance(node, Sequence) else (node,)
    keys = [key for each in items if isinstance(each, Mapping) for key in each.keys()]
    return (*keys, *(each.text for each in items if isinstance(each, Scalar)))


def _entries(written: Written) -> list[tuple[Scalar, Node | None]]:
    node = written.known_node()
    if isinstance(node, Mapping):
        return list(node.entries)
    if not isinstance(node, Sequence) or not node.items:
        raise failure("inputs-form", node.place, written.path)
    found: list[tuple[Scalar, Node | None]] = []
    for number, item in enumerate(node.items):
        if isinstance(item, Mapping) and len(item.entries) == 1:
            found.append(item.entries[0])
            continue
        name = substituted(written.child(item, number)) if isinstance(item, Scalar) else item
        if not isinstance(name, Scalar) or not isinstance(name.value, str):
            raise failure("inputs-form", item.place, written.path)
        found.append((name, None))
    return found


def _read_input(node: Node, path: str) -> InputSpec:
    if isinstance(node, Sequence):
        node = Mapping(((Scalar("shape", "shape", True, node.place), node),), node.place)
    if not isinstance(node, Mapping):
        raise failure("inputs-form", node.place, path)
    unknown = [unknown_key(key, path, KEYS) for key, _ in node.entries if key.text not in KEYS]
    if unknown:
        raise failures(unknown)
    values = {name.text: plain(value) for name, value in node.entries}
    shape, kind, mask = values.get("shape", ()), values.get("type"), values.get("mask", False)
    counted = [values[key] for key in ("vocabulary", "classes") if key in values]
    counted = [len(value) if isinstance(value, tuple) else value for value in counted]
    sizes = shape if isinstance(shape, tuple) else (0,)
    rate = values.get("rate")
    numbers = (*sizes, *counted, *([rate] if "rate" in values else ()))
    counts_fit = len(counted) < 2 and all(type(size) is int and size > 0 for size in numbers)
    if not counts_fit or kind not in (None, *TYPES) or not isinstance(mask, bool):
        raise failure("inputs-form", node.place, path)
    whole = tuple(size for size in sizes if isinstance(size, int))
    chosen = next((known for known in TYPES if known == kind), "image" if len(whole) == 3 else "number")
    [vocabulary] = counted or [None]
    known = [each if isinstance(each, int) else None for each in (vocabulary, rate)]
    return InputSpec(whole, chosen, known[0], mask, known[1])
