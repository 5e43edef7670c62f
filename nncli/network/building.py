"""Items to layers: names, inputs, inferred sizes and shapes, one item after the other."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import fx, nn

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, nearest
from nncli.network import mistakes
from nncli.network.arguments import Scope, bind_in
from nncli.network.compiled import LayerCall
from nncli.network.layers import (
    BATCH_FIRST,
    channel_axis_written,
    inferred_names,
    inferred_size,
)
from nncli.network.naming import Namer
from nncli.network.signatures import NOT_LAYERS, layer_classes, loss_classes
from nncli.network.sizing import META_ABOVE_BYTES, on_meta, require_memory, run_two_rows, weight_bytes
from nncli.network.values import Value
from nncli.spec.items import Argument, Call, Constant, Item, Layer


@dataclass
class Build:
    """What grows while items are compiled.

    `values` maps names to values; None stands for the result of an item that failed, so that
    what follows is checked as far as it goes without it. `rebuild` makes the layers again on the
    CPU where they were sized without memory.
    """

    graph: fx.Graph
    declared: Mapping[str, Constant]
    values: dict[str, Value | None]
    flow: Value | None
    namer: Namer = field(default_factory=Namer)
    root: nn.Module = field(default_factory=nn.Module)
    calls: list[LayerCall] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rebuild: dict[str, Callable[[], nn.Module]] = field(default_factory=dict)
    bytes_so_far: int = 0
    used: set[str] = field(default_factory=set)


def build_items(build: Build, items: tuple[Item, ...]) -> None:
    """Compiles items in order; every problem is collected in `build.problems`."""
    for item in items:
        try:
            # The reader has said what is wrong with a broken item.
            layer = item.operation if isinstance(item.operation, Layer) else None
            build.flow = _build_layer(build, item, layer.call) if layer else None
        except NncliError as error:
            build.problems.extend(error.problems)
            build.flow = None
            if item.name:
                build.values[item.name] = None


def _build_layer(build: Build, item: Item, call: Call) -> Value | None:
    name = build.namer.name(item, call.name)
    kind = _layer_class(call, item)
    inputs = _inputs(build, item)
    if inputs is None:
        _check_blindly(build, call, kind, item)
        build.values[name] = None
        return None
    mistakes.check_inputs(call, kind, inputs, item)
    size = _size_of(build, inputs, item)
    arguments = _arguments(call, kind, inputs, item, Scope(build.declared, size))
    module = _module(build, name, item, lambda: _construct(kind, arguments, call, item))
    value = _run(build, name, call, item, module, inputs)
    build.root.add_module(name, module)
    build.values[name] = value
    build.calls.append(_record(call, item, module, inputs, value))
    build.items.append(_resolved(call, item, name, arguments))
    return value


def _layer_class(call: Call, item: Item) -> type[nn.Module]:
    kind = layer_classes().get(call.name)
    if kind is None:
        known = list(layer_classes())
        reason = NOT_LAYERS.get(call.name, "it is a loss" if call.name in loss_classes() else "")
        facts = {"layer": call.name, "nearest": nearest(call.name, known), "reason": reason}
        raise failure("layer-not-allowed" if reason else "layer-unknown", call.place, item.path, **facts)
    return kind


def _inputs(build: Build, item: Item) -> tuple[Value, ...] | None:
    """Finds what flows into an item; None where an earlier problem hides it."""
    if item.from_ is None:
        return None if build.flow is None else (build.flow,)
    found: list[Value | None] = []
    for source in item.from_:
        if source.path == "x":
            found.append(build.flow)
            continue
        if source.path not in build.values:
            facts = {"name": source.path, "known": list(build.values)}
            near = nearest(source.path, build.values)
            raise failure("value-unknown", source.place, f"{item.path}.from", nearest=near, **facts)
        build.used.add(source.path)
        found.append(build.values[source.path])
    known = tuple(value for value in found if value is not None)
    return known if len(known) == len(found) else None


def _check_blindly(build: Build, call: Call, kind: type[nn.Module], item: Item) -> None:
    """Checks what can be said of a call when nobody knows what flows in."""
    inferred = inferred_names(kind, frozenset(call.keywords))
    unknown_size = mistakes.UnknownSize()
    try:
        bind_in(call, kind, item.path, inferred, Scope(build.declared, unknown_size))
    except NncliError as error:
        build.problems.extend(p for p in error.problems if p.code != "size-unknown")


def _size_of(build: Build, inputs: tuple[Value, ...], item: Item) -> Callable[..., int]:
    def size(dimension: int, name: str | None = None) -> int:
        value = build.values.get(name) if name else inputs[0]
        if value is None:
            near = nearest(name or "", build.values)
            facts = {"name": name, "nearest": near, "known": list(build.values)}
            raise failure("value-unknown", item.place, item.path, **facts)
        shape = value.shape
        if not -len(shape) <= dimension < len(shape) or dimension % len(shape) == 0:
            facts = {"dimension": dimension, "last": len(shape) - 1}
            raise failure("size-outside", item.place, item.path, **facts)
        return shape[dimension]

    return size


def _arguments(
    call: Call, kind: type[nn.Module], inputs: tuple[Value, ...], item: Item, scope: Scope
) -> dict[str, object]:
    inferred = inferred_names(kind, frozenset(call.keywords))
    mistakes.check_positions(call, kind, inferred, item)
    bound = bind_in(call, kind, item.path, inferred, scope)
    for name in inferred_names(kind, frozenset()):
        size = inferred_size(name, inputs)
        stated = bound.get(name)
        if size is None and stated is None:
            raise failure("size-not-inferred", call.place, item.path, call=call.name, argument=name)
        if stated is not None and size is not None and stated not in (size, (size,)):
            _check_stated(call, name, stated, size, inputs, item)
        bound.setdefault(name, size)
    if call.name in BATCH_FIRST:
        bound.setdefault("batch_first", True)
    return bound


def _check_stated(
    call: Call, name: str, stated: object, size: int, inputs: tuple[Value, ...], item: Item
) -> None:
    """Refuses a stated size that is not what flows in; a longer normalized_shape is torch's to judge."""
    if isinstance(stated, tuple) or name == "num_embeddings":
        return
    facts = {"call": call.name, "argument": name, "stated": stated, "size": size}
    place = call.keywords[name].place
    raise failure("size-differs", place, f"{item.path}.{name}", source=mistakes.came_from(inputs[0]), **facts)


def _construct(kind: type[nn.Module], arguments: dict[str, object], call: Call, item: Item) -> nn.Module:
    try:
        return kind(**arguments)
    except (ValueError, TypeError, RuntimeError, AssertionError, NotImplementedError) as error:
        raise mistakes.refused(call, kind, error, item) from error


def _module(build: Build, name: str, item: Item, construct: Callable[[], nn.Module]) -> nn.Module:
    """Builds a layer with weights where they are small, without memory for them where they are large."""
    skeleton = on_meta(construct)
    build.bytes_so_far += weight_bytes(skeleton)
    require_memory(build.bytes_so_far, item.place, item.path, name)
    if build.bytes_so_far <= META_ABOVE_BYTES:
        return construct()
    build.rebuild[name] = construct
    return skeleton


def _run(
    build: Build, name: str, call: Call, item: Item, module: nn.Module, inputs: tuple[Value, ...]
) -> Value:
    large = build.bytes_so_far > META_ABOVE_BYTES
    try:
        result = run_two_rows(module, inputs, large)
    except (RuntimeError, ValueError, IndexError, TypeError, AssertionError, NotImplementedError) as error:
        raise mistakes.does_not_fit(call, inputs, item, error) from error
    node = build.graph.call_module(name, tuple(value.node for value in inputs))
    # The result that people mean comes first: a recurrent layer's sequence, the attended values.
    if isinstance(result, tuple):
        node, result = build.graph.call_function(operator.getitem, (node, 0)), result[0]
    if not isinstance(result, torch.Tensor):
        raise failure("result-not-tensor", call.place, item.path, layer=call.name)
    if 0 in result.shape:
        raise mistakes.nothing_left(call, inputs, tuple(result.shape), item)
    channels = channel_axis_written(call.name, inputs, result.dim())
    return Value(node, result, name, item.place, channels)


def _record(call: Call, item: Item, module: nn.Module, inputs: tuple[Value, ...], value: Value) -> LayerCall:
    weights = list(module.parameters())
    return LayerCall(
        name=value.origin,
        type=call.name,
        place=item.place,
        path=item.path,
        input_shapes=tuple(source.shape for source in inputs),
        output_shape=value.shape,
        parameters=sum(weight.numel() for weight in weights),
        trainable=sum(weight.numel() for weight in weights if weight.requires_grad),
    )


def _resolved(call: Call, item: Item, name: str, arguments: Mapping[str, object]) -> Item:
    """Writes an item with its name and every argument stated."""
    keywords = {key: Argument(value, call.place) for key, value in arguments.items()}  # type: ignore[arg-type]
    return replace(item, operation=Layer(replace(call, positions=(), keywords=keywords)), name=name)
