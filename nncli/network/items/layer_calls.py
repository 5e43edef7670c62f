"""The call of a layer on the tape: two rows through it, its padding masks, and the names of its results."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.calls.signatures import is_own
from nncli.network.graph.samples import run_rows, tensors_in
from nncli.network.graph.sizing import is_costly, on_meta, require_room, uncountable
from nncli.network.graph.tape import Spot
from nncli.network.graph.values import Value, values_in
from nncli.network.graph.visible_values import Named
from nncli.network.items.frames import Build, Made
from nncli.network.items.inflows import Flowing, forward_inputs, several
from nncli.network.layers import mistakes
from nncli.network.layers.own_mistakes import check_state, raised_in_own
from nncli.network.layers.records import LEADING, padding_arguments, with_record, without_padding
from nncli.network.layers.recurrent import call_recurrent
from nncli.network.layers.torch_layers import RECURRENT, RESULTS
from nncli.spec.items import Call, Item


@dataclass(frozen=True, slots=True)
class Layering:
    """One layer on its way: the item, its class, its dotted name, and what flows in by input name.

    `owners` maps its parameters that are another's to their dotted names.
    """

    item: Item
    call: Call
    kind: type[nn.Module]
    name: str
    inputs: Mapping[str, Flowing]
    owners: Mapping[str, str]

    @property
    def known_as(self) -> str:
        """The name by which the tables of torch's layers know the class; empty for one of `--code`."""
        return "" if is_own(self.kind) else self.call.name

    @property
    def values(self) -> tuple[Value, ...]:
        """The inputs that are one tensor, in order."""
        return tuple(value for value in self.inputs.values() if isinstance(value, Value))

    @property
    def leading(self) -> Value | None:
        """The input whose record passes on to the result."""
        named = self.inputs.get(LEADING.get(self.call.name, ""))
        return named if isinstance(named, Value) else next(iter(self.values), None)

    @property
    def spot(self) -> Spot:
        """Where the layer stands, for messages."""
        return Spot(self.item.place, self.item.path, self.call.name)

    def filled(self, value: Value) -> Layering:
        """Puts a value in the place of the leading input."""
        leading = self.leading
        inputs = {name: value if each is leading else each for name, each in self.inputs.items()}
        return replace(self, inputs=inputs)


def construct(
    kind: type[nn.Module],
    arguments: dict[str, object],
    call: Call,
    item: Item,
    inputs: tuple[Value, ...] = (),
) -> nn.Module:
    """Makes a layer; what torch refuses is said in its words. `inputs` are what flows in, where it is known.

    Raises SpecError `layer-refused`, `layer-raised`, and as `check_state` does; ResourceError
    `memory-too-small`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = kind(**arguments)
    # Whatever torch raises here comes of the arguments: they are all that the layer has seen.
    except Exception as error:
        if "overflow" in str(error):
            raise uncountable(item.place, item.path, call.name) from error
        if is_own(kind):
            raise raised_in_own(kind, (), item, error) from error
        raise mistakes.refused(call, (kind, arguments), error, item, inputs) from error
    if is_own(kind):
        check_state(made, item)
    return made


def remembered(value: object) -> Hashable:
    """Makes a key of what decides a result: of a value of the network its shape, type and device."""
    if isinstance(value, Value):
        return (value.sample.shape, value.sample.dtype, value.sample.device)
    if isinstance(value, (tuple, list)):
        return tuple(remembered(each) for each in value)
    if isinstance(value, Mapping):
        return tuple((name, remembered(each)) for name, each in value.items())
    # True is 1 and 1.0 as a key, but not as an argument.
    return (type(value), value)


def run_layer(build: Build, layer: Layering, module: nn.Module) -> object:
    """Runs two rows through a layer, once for equal layers on equal shapes."""
    arguments = getattr(build.constructions.get(layer.name), "arguments", {})
    key = remembered((layer.kind, arguments, layer.inputs, _plain_keywords(layer)))
    if key not in build.results:
        result = _ran(layer, module, arguments)
        if not all(tensor.is_floating_point() for tensor in tensors_in(result)):
            # Indices may lie elsewhere the next time.
            return result
        build.results[key] = result
    return build.results[key]


def _ran(layer: Layering, module: nn.Module, arguments: Mapping[str, object]) -> object:
    """Runs two rows through a layer, without memory for it where they would take long."""
    values = layer.values
    without_memory = (
        any(parameter.is_meta for parameter in module.parameters())
        or any(value.sample.is_meta for value in values_in(list(layer.inputs.values())))
        or is_costly(layer.call.name, arguments, module, values[0])
    )
    if is_own(layer.kind):
        return _run_own(layer, module, arguments, without_memory=without_memory)
    runs = module
    try:
        if without_memory and any(not parameter.is_meta for parameter in runs.parameters()):
            runs = on_meta(partial(construct, layer.kind, dict(arguments), layer.call, layer.item))
        inputs = {**layer.inputs, **_plain_keywords(layer)}
        return run_rows(runs, ((), inputs), on_meta=without_memory)
    except NncliError:
        raise
    # Whatever torch raises here comes of the shapes: everything else was checked before.
    except Exception as error:
        everything = tuple(values_in(list(layer.inputs.values())))
        raise mistakes.does_not_fit(layer.call, everything, layer.item, (error, arguments)) from error


def _run_own(
    layer: Layering, module: nn.Module, arguments: Mapping[str, object], *, without_memory: bool
) -> object:
    """Runs two rows through a layer of `--code`.

    Raises SpecError `layer-raised`.
    """
    make = partial(construct, layer.kind, dict(arguments), layer.call, layer.item)
    if without_memory:
        # A constructor or a forward may look at numbers, which the meta device does not have.
        with suppress(Exception):
            return run_rows(on_meta(make), ((), layer.inputs), on_meta=True)
        if any(parameter.is_meta for parameter in module.parameters()):
            with torch.random.fork_rng(devices=[]):
                module = make()
    try:
        return run_rows(module, ((), layer.inputs), on_meta=False)
    # Whatever a person's own forward raises is theirs to see.
    except Exception as error:
        raise raised_in_own(layer.kind, layer.values, layer.item, error) from error


def call_layer(build: Build, layer: Layering, module: nn.Module, result: object) -> Named:
    """Records the call on the tape, and names its results."""
    for tensor in result if isinstance(result, tuple) else (result,):
        if isinstance(tensor, torch.Tensor):
            if 0 in tensor.shape:
                raise mistakes.nothing_left(layer.call, layer.values, tuple(tensor.shape), layer.item)
            require_room(tensor, layer.item.place, layer.item.path, layer.name)
    leading, first = layer.leading, next(iter(result), None) if isinstance(result, (tuple, list)) else result
    made_of = (layer.known_as, module)
    if leading is not None and leading.mask is not None and isinstance(first, torch.Tensor):
        layer = layer.filled(without_padding(build.tape, made_of, leading, first.shape, layer.spot))
    if layer.call.name in RECURRENT and isinstance(result, tuple):
        flowing = tuple(layer.inputs.values())
        return call_recurrent(build.tape, (layer.name, *made_of), flowing, result, layer.spot)
    arguments, keywords = _given(build, layer)
    made = build.tape.call_layer(layer.name, arguments, keywords, result, layer.spot)
    first = next(iter(made), None) if isinstance(made, tuple) else made
    if not isinstance(first, Value):
        raise failure("result-not-tensor", layer.item.place, layer.item.path, layer=layer.call.name)
    value = with_record(build.tape, made_of, leading, first, layer.spot)
    if not isinstance(made, tuple):
        return Named(value, module=layer.name)
    made = (value, *made[1:])
    return several(made, RESULTS.get(layer.call.name, ()), value, layer.name)


def _given(build: Build, layer: Layering) -> tuple[tuple[object, ...], dict[str, object]]:
    """Orders the inputs of a layer as its forward does, and adds its padding masks."""
    takes = forward_inputs(layer.kind)
    names = list(takes)
    by_position = {names.index(name): v for name, v in layer.inputs.items() if isinstance(v, Value)}
    masks = padding_arguments(build.tape, layer.call.name, takes, by_position, layer.spot)
    keywords: dict[str, object] = {**masks, **layer.inputs, **_plain_keywords(layer)}
    arguments: list[object] = []
    while names and names[0] in keywords:
        arguments.append(keywords.pop(names.pop(0)))
    return tuple(arguments), keywords


def _plain_keywords(layer: Layering) -> dict[str, object]:
    """Attention weights cost time, and are hardly ever wanted."""
    wanted = layer.item.take is not None and layer.item.take.text == "weights"
    return {"need_weights": wanted} if layer.call.name == "MultiheadAttention" else {}


def record_call(build: Build, layer: Layering, module: nn.Module, named: Named) -> None:
    """Notes a layer that was called, with the numbers in its weights where it is called first."""
    value = named.value
    assert isinstance(value, Value)
    calls = (node for node in reversed(build.tape.graph.nodes) if node.op == "call_module")
    node = next(node for node in calls if node.target == layer.name)
    owned = [n for n, _ in module.named_parameters(recurse=True) if f"{layer.name}.{n}" not in build.ties]
    is_first = layer.name not in build.called
    build.called.add(layer.name)
    counted = sum(module.get_parameter(n).numel() for n in owned) if is_first else 0
    has_shared = counted < sum(weight.numel() for weight in module.parameters())
    made = Made(layer.name, layer.call.name, value, counted, has_shared, is_layer=True, node=node.name)
    build.record(layer.item, made, layer.values)
