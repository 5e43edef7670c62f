"""The nodes below `network:` to a NetworkSpec: items with one operation and the words beside it."""

from __future__ import annotations

from typing import get_args

from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.spec.calls import read_call
from nncli.spec.habits import where_it_belongs
from nncli.spec.items import Broken, InputSpec, InputType, Item, Layer, NetworkSpec, Source
from nncli.spec.names import ITEM_WORDS, check_name
from nncli.spec.nodes import MOST_PROBLEMS, Mapping, Node, Scalar, Sequence, plain

NETWORK_KEYS = ("inputs", "layers")
INPUT_KEYS = ("shape", "type", "vocabulary")
INPUT_TYPES: tuple[InputType, ...] = get_args(InputType)


def read_network(node: Node, path: str, problems: list[Problem]) -> NetworkSpec:
    """Reads a list of items, or the long form `{inputs, layers}`."""
    inputs = None
    layers: Node | None = node
    if isinstance(node, Mapping):
        for key in node.keys():
            if key not in NETWORK_KEYS:
                problems.append(_unknown(node, key, path, NETWORK_KEYS))
        stated = node.get("inputs")
        inputs = _read_inputs(stated, f"{path}.inputs", problems) if stated else None
        layers = node.get("layers")
        path = f"{path}.layers"
    if not isinstance(layers, Sequence):
        place = layers.place if layers else node.place
        problems.append(Problem("network-form", place, path))
        return NetworkSpec((), node.place, inputs)
    items: list[Item] = []
    for number, item in enumerate(layers.items):
        if len(problems) < MOST_PROBLEMS:
            items.append(_read_item(item, f"{path}.{number}", problems))
    return NetworkSpec(tuple(items), node.place, inputs)


def _unknown(node: Mapping, key: str, path: str, known: tuple[str, ...]) -> Problem:
    place = next(name.place for name, _ in node.entries if name.text == key)
    facts = {"key": key, "nearest": nearest(key, known), "known": list(known)}
    facts["elsewhere"] = where_it_belongs(key)
    return Problem("unknown-key", place, f"{path}.{key}", facts)


def _read_item(node: Node, path: str, problems: list[Problem]) -> Item:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        node = Mapping(((node, Mapping((), node.place)),), node.place)
    if not isinstance(node, Mapping) or not node.entries:
        problems.append(Problem("item-form", node.place, path))
        return Item(Broken(), node.place, path)
    operations = [(name, value) for name, value in node.entries if name.text not in ITEM_WORDS]
    if len(operations) != 1:
        problems.append(_operation_count(node, operations, path))
        return Item(Broken(), node.place, path)
    name, arguments = operations[0]
    call = read_call(name, arguments, f"{path}.{name.text}", problems)
    given = _read_name(node, path, problems)
    return Item(
        operation=Layer(call),
        place=name.place,
        path=f"{path}.{name.text}",
        name=given.text if given else None,
        name_place=given.place if given else None,
        from_=_read_from(node.get("from"), f"{path}.from", problems),
    )


def _operation_count(node: Mapping, operations: list[tuple[Scalar, Node]], path: str) -> Problem:
    words = [name.text for name, _ in operations]
    if not words:
        return Problem("item-without-operation", node.place, path, {"words": node.keys()})
    facts = {"words": words, "nearest": nearest(words[1], ITEM_WORDS)}
    return Problem("item-two-operations", operations[1][0].place, path, facts)


def _read_name(node: Mapping, path: str, problems: list[Problem]) -> Scalar | None:
    name = node.get("name")
    if name is None:
        return None
    if not isinstance(name, Scalar):
        problems.append(Problem("name-form", name.place, f"{path}.name", {"name": "a list"}))
        return None
    problem = check_name(name, f"{path}.name", becomes_attribute=True)
    if problem:
        problems.append(problem)
        return None
    return name


def _read_from(node: Node | None, path: str, problems: list[Problem]) -> tuple[Source, ...] | None:
    if node is None:
        return None
    nodes = node.items if isinstance(node, Sequence) else (node,)
    sources = []
    for each in nodes:
        if isinstance(each, Scalar) and isinstance(each.value, str) and each.value:
            sources.append(Source(each.value, each.place))
        else:
            problems.append(Problem("from-form", each.place, path))
    return tuple(sources)


def _read_inputs(node: Node, path: str, problems: list[Problem]) -> dict[str, InputSpec]:
    if not isinstance(node, Mapping):
        problems.append(Problem("inputs-form", node.place, path))
        return {}
    inputs = {}
    for name, value in node.entries:
        here = f"{path}.{name.text}"
        problem = check_name(name, here, becomes_attribute=False)
        if problem:
            problems.append(problem)
            continue
        found = _read_input(value, here, problems)
        if found:
            inputs[name.text] = found
    return inputs


def _read_input(node: Node, path: str, problems: list[Problem]) -> InputSpec | None:
    if isinstance(node, Sequence):
        node = Mapping(((Scalar("shape", "shape", True, node.place), node),), node.place)
    if not isinstance(node, Mapping):
        problems.append(Problem("inputs-form", node.place, path))
        return None
    for key in node.keys():
        if key not in INPUT_KEYS:
            problems.append(_unknown(node, key, path, INPUT_KEYS))
            return None
    values = {name.text: plain(value) for name, value in node.entries}
    shape, kind, vocabulary = values.get("shape", ()), values.get("type"), values.get("vocabulary")
    sizes_fit = isinstance(shape, tuple) and all(type(size) is int and size > 0 for size in shape)
    counted = vocabulary is None or (type(vocabulary) is int and vocabulary > 0)
    if not sizes_fit or not counted or kind not in (None, *INPUT_TYPES):
        problems.append(Problem("inputs-form", node.place, path))
        return None
    assert isinstance(shape, tuple)
    sizes = tuple(size for size in shape if isinstance(size, int))
    chosen = next((known for known in INPUT_TYPES if known == kind), "image" if len(sizes) == 3 else "number")
    return InputSpec(sizes, chosen, vocabulary if isinstance(vocabulary, int) else None)
