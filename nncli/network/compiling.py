"""A NetworkSpec to a CompiledNetwork: the one door of this folder."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from torch import fx

from nncli.errors import Place, SpecError
from nncli.messages.catalogue import failure, failures
from nncli.network.building import Build, build_items
from nncli.network.compiled import CompiledNetwork
from nncli.network.naming import Namer
from nncli.network.values import Value, describe, input_value
from nncli.spec.items import FEATURES, Constant, InputSpec, NetworkSpec

_NO_ARGUMENTS: Final = frozenset(dir(builtins)) | {"self", "torch"}


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
    Raises SpecError with every problem found, and ResourceError `memory-too-small` and
    `result-too-large`. The SpecError has no problem of its own where nothing flows in: those who
    read the spec or its data have said why.
    """
    available = dict(spec.inputs or inputs)
    graph = fx.Graph()
    values = _inputs(graph, available)
    flow, starts = _first_flow(spec, values, available)
    build = Build(graph, declared, dict(values), flow, Namer(spec.layers, values))
    build_items(build, spec.layers)
    problems = [p for p in build.problems if available or p.code != "count-unknown"]
    if problems:
        raise failures(problems)
    if not spec.layers:
        raise failure("network-empty", spec.place, "network")
    if build.flow is None:
        raise SpecError
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


def _inputs(graph: fx.Graph, available: Mapping[str, InputSpec]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    arguments: set[str] = set()
    for name, given in available.items():
        # A placeholder becomes an argument of the generated forward.
        argument = name
        while keyword.iskeyword(argument) or argument in arguments or argument in _NO_ARGUMENTS:
            argument += "_"
        arguments.add(argument)
        values[name] = input_value(graph.placeholder(argument), name, given, None)
    return values


def _first_flow(
    spec: NetworkSpec, values: Mapping[str, Value], inputs: Mapping[str, InputSpec]
) -> tuple[Value | None, str]:
    """Finds what flows into the first item that names nothing.

    Raises SpecError `input-ambiguous` where there are several that are not all columns of a table.
    """
    first = spec.layers[0] if spec.layers else None
    if not values:
        return None, ""
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
