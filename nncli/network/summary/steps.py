"""The steps of a compiled network: what people call its layers and functions, and what flows between them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from torch import fx

from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.network.graph.tape import IS_MASK

_RUN: Final = ("call_module", "call_function", "call_method")


@dataclass(frozen=True)
class Step:
    """One layer or function of a network, with all nodes of its graph that belong to it.

    `key` is the node that carries its result, `sources` are the keys of what flows in: steps, or
    inputs of the network; a mask that travels beside what flows is none. `name` is dotted. Shapes leave
    the rows out. `mask` names the mask beside the result, empty where there is none. `visit` numbers the
    call of another network around it. `has_shared` tells whether it has weights that are counted elsewhere.
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
    visit: int = 0
    has_shared: bool = False

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
    members: dict[str, list[fx.Node]] = {}
    for node in nodes:
        if node.name in owners:
            members.setdefault(owners[node.name], []).append(node)
    calls = {call.node: call for call in network.calls}
    order = {node.name: position for position, node in enumerate(nodes)}
    placeholders = [node.name for node in nodes if node.op == "placeholder"]
    inputs = dict(zip(placeholders, network.inputs, strict=False))
    upstream, steps = _Upstream(inputs), []
    for key in sorted(members, key=order.__getitem__):
        own = members[key]
        arriving = [each for node in own for each in _arriving(node, owners, key)]
        sources = upstream.add(key, dict.fromkeys(arriving))
        made = _called(calls[key], sources) if key in calls else _unnamed(own[0], sources)
        shape = made.output[1:] if upstream.has_rows(key) else made.output
        steps.append(replace(made, nodes=frozenset(node.name for node in own), output=shape))
    ends = [end for node in nodes if node.op == "output" for end, _ in _arriving(node, owners, "")]
    shapes = {key: network.inputs[name].shape for key, name in inputs.items()}
    return Wiring(tuple(steps), inputs, dict(zip(network.outputs, ends, strict=False)), shapes)


def _owners(nodes: Iterable[fx.Node], calls: Iterable[LayerCall]) -> dict[str, str]:
    """Maps the nodes that do something to the node of their step.

    Several nodes are one step where the file says them as one: a recurrent layer with what packs its
    rows, an expression with its parts. What no call has is a step by itself, such as a length that the
    network gives as its result.
    """
    called = {name: call.node for call in calls for name in call.nodes}
    keys = set(called.values())
    owners: dict[str, str] = {}
    for node in nodes:
        if node.name in keys or (node.op in _RUN and node.name in called):
            owners[node.name] = called[node.name]
        elif node.op in _RUN and "shape" in node.meta and node.target is not operator.getitem:
            owners[node.name] = node.name
    return owners


def _arriving(node: fx.Node, owners: Mapping[str, str], step: str) -> list[tuple[str, bool]]:
    """Finds the steps and inputs that a node reads, through nodes that are no step; true for a mask."""
    found: list[tuple[str, bool]] = []
    for source in node.all_input_nodes:
        owner = owners.get(source.name, source.name if source.op == "placeholder" else None)
        if owner is None:
            found += _arriving(source, owners, step)
        elif owner != step:
            found.append((owner, IS_MASK in source.meta))
    return found


class _Upstream:
    """What each step depends on, so that masks can be left out that travel beside a value.

    `inputs` maps keys to names.
    """

    def __init__(self, inputs: Mapping[str, str]) -> None:
        keys = {name: key for key, name in inputs.items()}
        # A mask that flows in comes with its input.
        self._owner = {key: keys.get(name.removesuffix(".mask"), key) for key, name in inputs.items()}
        self._behind: dict[str, frozenset[str]] = {}

    def add(self, key: str, arriving: Iterable[tuple[str, bool]]) -> tuple[str, ...]:
        """Adds a step behind those that are there; gives what flows into it."""
        found = dict.fromkeys(source for source, is_mask in arriving if not is_mask)
        behind = self._all_behind(found)
        for source, is_mask in arriving:
            if is_mask and self._owner.get(source, source) not in behind:
                found[source] = None
        self._behind[key] = self._all_behind(found)
        return tuple(found)

    def has_rows(self, key: str) -> bool:
        """Tells whether an input leads to a step; what comes of learned tensors alone has no rows."""
        return not self._behind[key].isdisjoint(self._owner)

    def _all_behind(self, sources: Iterable[str]) -> frozenset[str]:
        own = frozenset(self._owner.get(each, each) for each in sources)
        return own.union(*(self._behind.get(each, ()) for each in own))


def _called(call: LayerCall, sources: tuple[str, ...]) -> Step:
    return Step(
        key=call.node,
        name=call.name,
        type=call.type,
        nodes=call.nodes,
        sources=sources,
        inputs=tuple(shape[1:] for shape in call.input_shapes),
        output=call.output_shape,
        parameters=call.parameters,
        is_layer=call.is_layer,
        mask=call.mask,
        visit=call.visit,
        has_shared=call.has_shared,
    )


def _unnamed(node: fx.Node, sources: tuple[str, ...]) -> Step:
    shapes = [source.meta["shape"][1:] for source in node.all_input_nodes if "shape" in source.meta]
    # As torch calls it: `sum`.
    kind = str(getattr(node.target, "__name__", node.target))
    return Step(
        key=node.name,
        name=kind,
        type=kind,
        nodes=frozenset([node.name]),
        sources=sources,
        inputs=tuple(tuple(shape) for shape in shapes),
        output=tuple(node.meta["shape"]),
    )
