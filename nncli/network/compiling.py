"""A NetworkSpec to a CompiledNetwork: the one door of this folder."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import fx

from nncli.errors import Place
from nncli.messages.catalogue import failure, failures
from nncli.network.building import Build, build_items
from nncli.network.compiled import CompiledNetwork
from nncli.network.values import Value, describe, input_value
from nncli.spec.items import Constant, InputSpec, NetworkSpec

FEATURES = "features"


def compile_network(
    spec: NetworkSpec,
    inputs: Mapping[str, InputSpec],
    declared: Mapping[str, Constant],
    *,
    weights: bool = True,
) -> CompiledNetwork:
    """Compiles one network into a plain module.

    `inputs` are the data's; a network that states its own takes those. `declared` holds what the
    data counts, such as `classes`. Initial weights are drawn from torch's generator in order of
    appearance. With `weights=False` a large network is left without memory for them.
    Raises SpecError with every problem found, and ResourceError `memory-too-small`.
    """
    available = dict(spec.inputs or inputs)
    graph = fx.Graph()
    values = {name: _input(graph, name, given) for name, given in available.items()}
    flow, starts = _first_flow(spec, values, available)
    build = Build(graph, declared, dict(values), flow)
    build_items(build, spec.layers)
    if build.problems:
        raise failures(build.problems)
    if build.flow is None or not build.calls:
        raise failure("network-empty", spec.place, "network")
    build.graph.output(build.flow.node)
    if weights:
        for name, construct in build.rebuild.items():
            build.root.add_module(name, construct())
    used = {name: given for name, given in available.items() if name in build.used or name == starts}
    _drop_unused_inputs(graph, values, used)
    module = fx.GraphModule(build.root, graph, class_name="Network")
    module.train()
    resolved = replace(spec, layers=tuple(build.items), inputs=used)
    return CompiledNetwork(module, used, tuple(build.calls), build.flow.shape[1:], resolved)


def _input(graph: fx.Graph, name: str, given: InputSpec) -> Value:
    # A placeholder becomes an argument of the generated forward.
    taken = keyword.iskeyword(name) or hasattr(builtins, name) or name in ("self", "torch")
    return input_value(graph.placeholder(f"{name}_" if taken else name), name, given, None)


def _first_flow(
    spec: NetworkSpec, values: Mapping[str, Value], inputs: Mapping[str, InputSpec]
) -> tuple[Value | None, str]:
    """Finds what flows into the first item that names nothing.

    Raises SpecError `input-ambiguous` where there are several that are not all columns of a table.
    """
    first = spec.layers[0] if spec.layers else None
    if FEATURES in values:
        return values[FEATURES], FEATURES if _takes_flow(spec) else ""
    if len(values) == 1:
        name = next(iter(values))
        return values[name], name if _takes_flow(spec) else ""
    if first is not None and first.from_ is not None:
        return None, ""
    place: Place = first.place if first else spec.place
    raise failure("input-ambiguous", place, "network", inputs=describe(inputs))


def _takes_flow(spec: NetworkSpec) -> bool:
    first = spec.layers[0] if spec.layers else None
    if first is None or first.from_ is None:
        return True
    return any(source.path == "x" for source in first.from_)


def _drop_unused_inputs(graph: fx.Graph, values: Mapping[str, Value], used: Mapping[str, InputSpec]) -> None:
    for name, value in values.items():
        if name not in used:
            graph.erase_node(value.node)


def is_without_weights(network: CompiledNetwork) -> bool:
    """Tells whether a network was compiled without memory for its weights."""
    return any(weight.device == torch.device("meta") for weight in network.module.parameters())
