"""The steps of a compiled network: what people call its layers and functions, and what flows between them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from torch import fx

from nncli.network.compiled import CompiledNetwork, LayerCall

_RUN: Final = ("call_module", "call_function", "call_method")


@dataclass(frozen=True)
class Step:
    """One layer or function of a network, with all nodes of its graph that belong to it.

    `key` is the node that carries its result, `sources` are the keys of what flows in: steps, or
    inputs of the network. `name` is dotted. Shapes leave the rows out. `mask` names the mask beside
    the result, empty where there is none.
    """

    key: str
    name: str
    type: str
    nodes: frozenset[str]
    sources: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    parameters: int = 0
    is_layer: bool = False
    mask: str = ""

    @property
    def scope(self) -> tuple[str, ...]:
        """The parts of the name before the last."""
        return tuple(self.name.split(".")[:-1])


@dataclass(frozen=True)
class Wiring:
    """The steps in the order in which they run; `inputs` maps keys to names, `outputs` names to keys.

    `input_shapes` maps the keys of inputs to their shapes without rows.
    """

    steps: tuple[Step, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    input_shapes: Mapping[str, tuple[int, ...]]


def wiring(network: CompiledNetwork) -> Wiring:
    """Reads the steps of a network from its graph and from the record of its calls."""
    nodes = list(network.module.graph.nodes)
    owners = _owners(nodes, network.calls)
    keys = list(dict.fromkeys(owners.values()))
    members = {key: frozenset(name for name, owner in owners.items() if owner == key) for key in keys}
    by_name = {node.name: node for node in nodes}
    calls = {call.node: call for call in network.calls}
    order = {node.name: position for position, node in enumerate(nodes)}
    sources: dict[str, tuple[str, ...]] = {}
    steps: dict[str, Step] = {}
    ordered = sorted(keys, key=lambda key: order[key])
    for position, key in enumerate(ordered):
        flowing = (_arriving(node, owners, key) for node in nodes if node.name in members[key])
        sources[key] = tuple(dict.fromkeys(each for keys in flowing for each in keys))
        if key in calls:
            steps[key] = _called(calls[key], members[key], sources[key])
            continue
        follows = next((calls[each].name for each in ordered[position:] if each in calls), "")
        scope = max(_scope_between(key, sources, steps), _scope_around(steps, follows), key=len)
        steps[key] = _unnamed(by_name[key], scope, members[key], sources[key])
    placeholders = [node.name for node in nodes if node.op == "placeholder"]
    inputs = dict(zip(placeholders, network.inputs, strict=False))
    ends = [end for node in nodes if node.op == "output" for end in _arriving(node, owners, "")]
    shapes = {key: network.inputs[name].shape for key, name in inputs.items()}
    return Wiring(tuple(steps.values()), inputs, dict(zip(network.outputs, ends, strict=False)), shapes)


def _owners(nodes: Iterable[fx.Node], calls: Iterable[LayerCall]) -> dict[str, str]:
    """Maps the nodes that do something to the node of their step.

    Several nodes are one step where the file says them as one: a recurrent layer with what packs its
    rows, an expression with its parts. They share place and label, and stand side by side.
    """
    called = {call.node for call in calls}
    layers = {call.name: call.node for call in calls if call.is_layer}
    owners: dict[str, str] = {}
    waiting: list[fx.Node] = []
    last: fx.Node | None = None
    for node in nodes:
        if node.op not in _RUN:
            continue
        if node.name in called:
            owners.update({each.name: node.name for each in waiting if _said_as_one(each, node)})
            owners.update({each.name: each.name for each in waiting if each.name not in owners})
            owners[node.name] = node.name
            waiting, last = [], node
        elif "shape" in node.meta and node.target is not operator.getitem:
            if last is not None and not waiting and _said_as_one(node, last):
                owners[node.name] = last.name
            else:
                waiting.append(node)
        elif node.op == "call_module":
            owners[node.name] = layers.get(str(node.meta.get("name", node.target)), node.name)
    owners.update({each.name: each.name for each in waiting})
    return owners


def _said_as_one(node: fx.Node, other: fx.Node) -> bool:
    place = node.meta.get("place")
    same_words = node.meta.get("label") == other.meta.get("label")
    return place is not None and place == other.meta.get("place") and same_words


def _arriving(node: fx.Node, owners: Mapping[str, str], step: str) -> list[str]:
    """Finds the steps and inputs that a node reads, through nodes that are no step."""
    found: list[str] = []
    for source in node.all_input_nodes:
        owner = owners.get(source.name)
        if owner is not None:
            found += [owner] if owner != step else []
        elif source.op == "placeholder":
            found.append(source.name)
        else:
            found += _arriving(source, owners, step)
    return found


def _called(call: LayerCall, nodes: frozenset[str], sources: tuple[str, ...]) -> Step:
    return Step(
        key=call.node,
        name=call.name,
        type=call.type,
        nodes=nodes,
        sources=sources,
        inputs=tuple(shape[1:] for shape in call.input_shapes),
        output=call.output_shape[1:],
        parameters=call.parameters,
        is_layer=call.is_layer,
        mask=call.mask,
    )


def _unnamed(node: fx.Node, scope: Sequence[str], nodes: frozenset[str], sources: tuple[str, ...]) -> Step:
    shapes = [source.meta["shape"][1:] for source in node.all_input_nodes if "shape" in source.meta]
    kind = _function_name(node)
    return Step(
        key=node.name,
        name=".".join((*scope, kind)),
        type=kind,
        nodes=nodes,
        sources=sources,
        inputs=tuple(tuple(shape) for shape in shapes),
        output=tuple(node.meta["shape"][1:]),
    )


def _function_name(node: fx.Node) -> str:
    """Names what a node calls, as torch does: `add`, `cat`."""
    if isinstance(node.target, str):
        return node.target.rpartition(".")[2]
    return str(getattr(node.target, "__name__", node.target))


def _scope_between(key: str, sources: Mapping[str, tuple[str, ...]], steps: Mapping[str, Step]) -> list[str]:
    """Finds the scope that holds all that lies between a function and where its inputs part.

    The sum at the end of a residual has no name of its own; it belongs where its body stands.
    """
    ways = [_behind(source, sources) for source in sources[key]]
    if not ways:
        return []
    shared = set(ways[0]).intersection(*ways[1:]) if len(ways) > 1 else set()
    between = [steps[name] for way in ways for name in way if name not in shared and name in steps]
    return _common([step.scope for step in between])


def _scope_around(steps: Mapping[str, Step], follows: str) -> list[str]:
    """Finds the scope of the step before and of the layer behind, where they share one."""
    before = list(steps.values())[-1] if steps else None
    return _common([before.scope, tuple(follows.split(".")[:-1])]) if before else []


def _common(scopes: Sequence[tuple[str, ...]]) -> list[str]:
    common: list[str] = []
    for parts in zip(*scopes, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return common


def _behind(key: str, sources: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Lists a step and everything that it depends on."""
    found: dict[str, None] = {}
    waiting = [key]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += sources.get(name, ())
    return list(found)
