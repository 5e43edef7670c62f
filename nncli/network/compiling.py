"""NetworkSpecs to CompiledNetworks: the one door of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from torch import Tensor, fx, nn

from nncli.errors import NncliError, Problem, SpecError
from nncli.messages.catalogue import failure, failures, nearest
from nncli.network.calls.signatures import layer_classes
from nncli.network.compiled import CompiledNetwork, WeightsWish
from nncli.network.graph.more_rows import without_rows
from nncli.network.graph.tape import NOWHERE, PART_OF, Spot, Tape
from nncli.network.graph.values import ROWS, Value, describe
from nncli.network.graph.visible_values import Found, Named, Names
from nncli.network.items.building import build_items
from nncli.network.items.finishing import check_frozen, freeze, initialisations, initialise, rebuild
from nncli.network.items.frames import WORDS, Build, Frame
from nncli.network.items.inflows import find
from nncli.network.items.inputs import input_values
from nncli.network.items.layer_names import Namer
from nncli.network.items.network_calls import in_order
from nncli.network.items.parametrizing import parametrizations, parametrize
from nncli.network.layers.recurrent import unpack
from nncli.spec.items import Constant
from nncli.spec.network_spec import FEATURES, InputSpec, NetworkSpec

# The name of the only output of a network that names none.
OUTPUT: Final = "output"


@dataclass(frozen=True)
class Surroundings:
    """What a network can use beside its inputs.

    `declared` holds what the data counts, such as `classes`. `constants` are tensors that every
    item sees by name, None where a mistake hides one. `own_layers` are the classes of `--code`.
    """

    declared: Mapping[str, Constant] = field(default_factory=dict)
    constants: Mapping[str, Tensor | None] = field(default_factory=dict)
    own_layers: Mapping[str, type[nn.Module]] = field(default_factory=dict)


def compile_networks(
    specs: Mapping[str, NetworkSpec],
    inputs: Mapping[str, InputSpec],
    around: Surroundings,
    *,
    weights: bool = True,
) -> dict[str, CompiledNetwork]:
    """Compiles the networks of a file; one that is a layer of another comes first.

    `inputs` are the data's; a network that states its own takes those. Initial weights are drawn
    from torch's generator in order of appearance. With `weights=False` a large network is left
    without memory for them.
    Raises SpecError with every problem found, and ResourceError `memory-too-small` and
    `result-too-large`. The SpecError has no problem of its own where nothing flows in: those who
    read the spec or its data have said why.
    """
    done: dict[str, CompiledNetwork] = {}
    problems: list[Problem] = []
    failed: set[str] = set()
    within = in_order(specs)
    layers_only = frozenset().union(*within.values())
    for name, called in within.items():
        spec = specs[name]
        if any(each in failed for each in called):
            failed.add(name)
            continue
        problems.extend(_unknown_inputs(name, spec, inputs))
        given = _inputs_of(spec, inputs)
        if not given and name in layers_only:
            continue
        others = {each: (specs[each], done.get(each)) for each in called}
        try:
            done[name] = _compile(name, spec, given, around, others, weights=weights)
        except SpecError as error:
            failed.add(name)
            problems.extend(error.problems)
    if failed or problems:
        raise failures(problems) if problems else SpecError
    return {name: done[name] for name in specs if name in done}


def _inputs_of(spec: NetworkSpec, inputs: Mapping[str, InputSpec]) -> dict[str, InputSpec]:
    """Finds what flows into a network: what it states, and what it names of the data, or all of that."""
    if spec.inputs is None:
        return dict(inputs)
    named = {name: inputs[name] for name in spec.input_names if name in inputs}
    return {**spec.inputs, **named}


def _unknown_inputs(name: str, spec: NetworkSpec, inputs: Mapping[str, InputSpec]) -> Iterator[Problem]:
    """Finds names below `inputs:` that the data do not have; without any data nothing is known."""
    path = name if name == "network" else f"networks.{name}"
    for each in spec.input_names if inputs else ():
        if each not in (spec.inputs or {}) and each not in inputs:
            facts = {"name": each, "nearest": nearest(each, inputs), "known": list(inputs)}
            yield Problem("network-input-unknown", spec.place, f"{path}.inputs", facts)


def _compile(
    name: str,
    spec: NetworkSpec,
    inputs: Mapping[str, InputSpec],
    around: Surroundings,
    others: Mapping[str, tuple[NetworkSpec, CompiledNetwork | None]],
    *,
    weights: bool,
) -> CompiledNetwork:
    path = name if name == "network" else f"networks.{name}"
    build = Build(Tape(), around.declared, {**layer_classes(), **around.own_layers}, others)
    values = input_values(build.tape, inputs)
    frame = _frame(build, spec, around, values, inputs)
    build_items(build, frame, spec.layers)
    if not spec.layers:
        raise failure("network-empty", spec.place, path)
    outputs = _outputs(build, frame, spec, path)
    wanted = initialisations(build, spec, path)
    normed = parametrizations(build, spec, path)
    check_frozen(build, spec, path)
    if outputs is not None:
        build.report(_unused(build, outputs, path))
        unpack(build.tape.graph, build.root)
    problems = [p for p in build.problems if inputs or p.code != "count-unknown"]
    if problems:
        raise failures(problems)
    if outputs is None:
        raise SpecError
    if weights:
        rebuild(build)
    used = _keep_used_inputs(build.tape.graph, values, inputs)
    module = _module(build)
    initialise(module, wanted)
    parametrize(build, module, normed)
    frozen = freeze(module, spec, build)
    module.train()
    return CompiledNetwork(
        module=module,
        inputs=used,
        calls=tuple(build.calls),
        outputs={each: value.shape[1:] for each, value in outputs.items()},
        spec=spec,
        constructions=build.constructions,
        ties=build.ties,
        frozen=(*build.frozen, *(name for name in frozen if name not in build.frozen)),
        weights=_wishes(build, spec),
    )


def _frame(
    build: Build,
    spec: NetworkSpec,
    around: Surroundings,
    values: Mapping[str, Value],
    inputs: Mapping[str, InputSpec],
) -> Frame:
    """Makes the scope of the network itself: its inputs, and the constants of the file."""
    constants = _constants(build, around.constants)
    names = Names(constants, {each: Named(value) for each, value in values.items()})
    names.own.update((each, Named(is_broken=True)) for each in spec.unread_inputs)
    flow = _first_flow(values, inputs)
    taken = {
        **dict.fromkeys(build.networks, "a network that is a layer here"),
        **dict.fromkeys(around.constants, "a constant"),
        **dict.fromkeys(values, "an input"),
    }
    return Frame(Namer("", spec.layers, taken), names, flow, unclear=() if flow else describe(inputs))


def _module(build: Build) -> fx.GraphModule:
    module = fx.GraphModule(build.root, build.tape.graph, class_name="Network")
    # A GraphModule forgets which buffers no file of weights holds.
    module._non_persistent_buffers_set.update(build.root._non_persistent_buffers_set)
    return module


def _wishes(build: Build, spec: NetworkSpec) -> tuple[WeightsWish, ...]:
    specs = {"": spec, **build.made_here}
    whole = [WeightsWish(name, each.weights) for name, each in specs.items() if each.weights]
    parts = [WeightsWish(w.module, w.item.weights) for w in build.wishes if w.item.weights]
    return (*whole, *parts)


def _constants(build: Build, constants: Mapping[str, Tensor | None]) -> Names:
    """Makes the constants of the file visible everywhere, as buffers that no file of weights holds."""
    own = {}
    for name, tensor in constants.items():
        if tensor is None:
            own[name] = Named(is_broken=True)
            continue
        build.root.register_buffer(name, tensor, persistent=False)
        own[name] = Named(build.tape.attribute(name, tensor, Spot(NOWHERE, f"constants.{name}", name)))
    return Names(None, own)


def _first_flow(values: Mapping[str, Value], inputs: Mapping[str, InputSpec]) -> Value | None:
    """Finds what flows into the first item that names nothing; None for several that are no table."""
    if FEATURES in values and inputs[FEATURES].is_whole:
        return values[FEATURES]
    return next(iter(values.values())) if len(values) == 1 else None


def _outputs(build: Build, frame: Frame, spec: NetworkSpec, path: str) -> dict[str, Value] | None:
    """Finds the outputs of a network and ends its graph; None where an earlier problem hides one.

    Problems: `output-several`, `output-without-rows`.
    """
    found: dict[str, object] = {}
    if not spec.outputs:
        found[OUTPUT] = _attempt(build, partial(frame.flowing, spec.layers[-1].place, path))
    for name, source in spec.outputs.items():
        found[name] = _attempt(build, partial(find, build, frame, source, f"{path}.outputs"))
    outputs: dict[str, Value] = {}
    for name, value in found.items():
        if value is None:
            return None
        place = spec.outputs[name].place if spec.outputs else spec.layers[-1].place
        if not isinstance(value, Value):
            build.report([Problem("output-several", place, path, {"name": name})])
            return None
        if value.shape[:1] != (ROWS,) or (value.wider is not None and value.wider[0] == ROWS):
            build.report([without_rows(value, place, path)])
            return None
        outputs[name] = value
    nodes = tuple(value.node for value in outputs.values())
    build.tape.graph.output(nodes[0] if len(nodes) == 1 else nodes)
    return outputs


def _attempt(build: Build, look: Callable[[], Found]) -> Found:
    try:
        return look()
    except NncliError as error:
        build.report(error.problems)
        return None


def _unused(build: Build, outputs: Mapping[str, Value], path: str) -> list[Problem]:
    """Takes out of the graph what leads to no output, and names the items of the network itself in it.

    What a block or another network offers and a call of it does not need is no mistake.
    """
    graph = build.tape.graph
    named = {node.name: node for node in graph.nodes}
    erased = set()
    # A learned tensor may be there to be shared alone.
    kept = {*build.ties.values()}
    for node in reversed(list(graph.nodes)):
        if not node.users and node.op not in ("placeholder", "output") and node.target not in kept:
            erased.add(node.name)
            graph.erase_node(node)
    # Of several results, one that is used is enough: the state of an LSTM.
    alive = {node.meta[PART_OF].name: node.name for node in graph.nodes if PART_OF in node.meta}
    unused, calls = [], []
    for call in build.calls:
        whole = named[call.node].meta.get(PART_OF) if call.node in erased else None
        if call.node in erased and (whole is None or whole.name not in alive):
            unused.append(call)
        else:
            calls.append(replace(call, node=alive[whole.name]) if whole is not None else call)
    build.calls = calls
    return [
        Problem("result-unused", call.place, call.path, {"layer": call.type})
        for call in unused
        if call.path.startswith(f"{path}.") and call.path.rpartition(".")[2] not in WORDS
    ]


def _keep_used_inputs(
    graph: fx.Graph, values: Mapping[str, Value], inputs: Mapping[str, InputSpec]
) -> dict[str, InputSpec]:
    """Drops what flows in and is not used; names what is left, each mask behind its input."""
    used: dict[str, InputSpec] = {}
    for name, value in values.items():
        if value.node.users:
            used[name] = inputs[name]
        if value.mask is not None and value.mask.node.users:
            used[f"{name}.mask"] = InputSpec(value.mask.shape[1:], "mask")
        for each in (value, value.mask):
            if each is not None and not each.node.users:
                graph.erase_node(each.node)
    return used
