"""Items to layers: names, inputs, inferred sizes and shapes, one item after the other."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import fx, nn

from nncli.errors import NncliError, Problem, ResourceError
from nncli.messages.catalogue import failure, nearest
from nncli.network import mistakes
from nncli.network.arguments import Scope, bind_in
from nncli.network.compiled import LayerCall
from nncli.network.layers import (
    BATCH_FIRST,
    KNOWN_ELSEWHERE,
    channel_axis_written,
    inferred_names,
    inferred_size,
)
from nncli.network.naming import Namer
from nncli.network.signatures import NOT_LAYERS, layer_classes, loss_classes
from nncli.network.sizing import (
    META_ABOVE_BYTES,
    is_costly,
    on_meta,
    require_memory,
    require_room,
    run_two_rows,
    uncountable,
    weight_bytes,
)
from nncli.network.values import Value
from nncli.spec.items import Argument, Call, Constant, Item, Layer
from nncli.spec.names import ITEM_WORDS
from nncli.spec.nodes import MOST_PROBLEMS


@dataclass
class Build:
    """What grows while items are compiled.

    `values` maps the names of the file to values; None stands for the result of an item that
    failed, so that what follows is checked as far as it goes without it. `rebuild` makes the
    layers again on the CPU where they were sized without memory.
    """

    graph: fx.Graph
    declared: Mapping[str, Constant]
    values: dict[str, Value | None]
    flow: Value | None
    namer: Namer
    root: nn.Module = field(default_factory=nn.Module)
    calls: list[LayerCall] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rebuild: dict[str, Callable[[], nn.Module]] = field(default_factory=dict)
    bytes_so_far: int = 0
    used: set[str] = field(default_factory=set)


def build_items(build: Build, items: tuple[Item, ...]) -> None:
    """Compiles items in order; every problem is collected in `build.problems`.

    Raises ResourceError `memory-too-small` and `result-too-large` at once.
    """
    for item in items:
        if len(build.problems) >= MOST_PROBLEMS:
            break
        try:
            # The reader has said what is wrong with a broken item.
            layer = item.operation if isinstance(item.operation, Layer) else None
            build.flow = _build_layer(build, item, layer.call) if layer else None
        except ResourceError:
            raise
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
        _remember(build, item, None)
        return None
    mistakes.check_inputs(call, kind, inputs, item)
    size = _size_of(build, inputs, item)
    arguments = _arguments(call, kind, inputs, item, Scope(build.declared, size))
    value, module = _build_module(build, name, item, call, (kind, arguments, inputs))
    build.root.add_module(name, module)
    _remember(build, item, value)
    build.calls.append(_record(call, item, module, inputs, value))
    build.items.append(_resolved(call, item, name, arguments))
    return value


def _remember(build: Build, item: Item, value: Value | None) -> None:
    if item.name:
        build.values[item.name] = value


def _layer_class(call: Call, item: Item) -> type[nn.Module]:
    kind = layer_classes().get(call.name)
    if kind is not None:
        return kind
    reason = NOT_LAYERS.get(
        call.name, "it is a loss, for `loss:` below `training:`" if call.name in loss_classes() else ""
    )
    if reason:
        raise failure("layer-not-allowed", call.place, item.path, layer=call.name, reason=reason)
    near = KNOWN_ELSEWHERE.get(call.name.lower()) or nearest(call.name, layer_classes())
    word = nearest(call.name, ITEM_WORDS) if call.name.islower() and not near else ""
    raise failure("layer-unknown", call.place, item.path, layer=call.name, nearest=near, word=word)


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
            raise mistakes.unknown_value(source.path, source.place, item, build.values, build.namer.unnamed)
        build.used.add(source.path)
        found.append(build.values[source.path])
    known = tuple(value for value in found if value is not None)
    return known if len(known) == len(found) else None


def _check_blindly(build: Build, call: Call, kind: type[nn.Module], item: Item) -> None:
    """Checks what can be said of a call when nobody knows what flows in."""
    inferred = inferred_names(kind, frozenset(call.keywords))
    try:
        mistakes.check_positions(call, kind, inferred, item)
        bound = bind_in(call, kind, item.path, inferred, Scope(build.declared, mistakes.unknown_size))
        mistakes.check_bound(call, kind, bound, item)
        if not inferred:
            on_meta(lambda: _construct(kind, bound, call, item))
    except NncliError as error:
        build.problems.extend(p for p in error.problems if p.code != "size-unknown")


def _size_of(build: Build, inputs: tuple[Value, ...], item: Item) -> Callable[..., int]:
    def size(dimension: int, name: str | None = None) -> int:
        value: Value | None = inputs[0]
        if name is not None:
            if name not in build.values:
                raise mistakes.unknown_value(name, item.place, item, build.values, build.namer.unnamed)
            value = build.values[name]
        if value is None:
            raise mistakes.unknown_size(dimension)
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
    mistakes.check_bound(call, kind, bound, item)
    for name in inferred_names(kind, frozenset()):
        size = inferred_size(name, inputs)
        stated = bound.get(name)
        if size is None and stated is None:
            raise failure("size-not-inferred", call.place, item.path, call=call.name, argument=name)
        if stated is not None and size is not None:
            mistakes.check_stated(call, name, stated, size, (inputs[0], item))
        bound.setdefault(name, size)
    if call.name in BATCH_FIRST:
        bound.setdefault("batch_first", True)
    return bound


def _construct(kind: type[nn.Module], arguments: dict[str, object], call: Call, item: Item) -> nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return kind(**arguments)
    # Whatever torch raises here comes of the arguments: they are all that the layer has seen.
    except Exception as error:
        if "overflow" in str(error):
            raise uncountable(item.place, item.path, call.name) from error
        raise mistakes.refused(call, kind, error, item) from error


def _build_module(
    build: Build,
    name: str,
    item: Item,
    call: Call,
    parts: tuple[type[nn.Module], dict[str, object], tuple[Value, ...]],
) -> tuple[Value, nn.Module]:
    """Builds a layer and runs two rows through it; where it is large, both without memory for it."""
    kind, arguments, inputs = parts
    skeleton = on_meta(lambda: _construct(kind, arguments, call, item))
    build.bytes_so_far += weight_bytes(skeleton)
    require_memory(build.bytes_so_far, item.place, item.path, name)
    module = skeleton
    if build.bytes_so_far <= META_ABOVE_BYTES:
        module = _construct(kind, arguments, call, item)
    else:
        build.rebuild[name] = lambda: _construct(kind, arguments, call, item)
    without_memory = (
        module is skeleton
        or any(value.sample.is_meta for value in inputs)
        or is_costly(call.name, arguments, skeleton, inputs[0])
    )
    try:
        result = run_two_rows(skeleton if without_memory else module, inputs, on_meta=without_memory)
    # Whatever torch raises here comes of the shapes: everything else was checked before.
    except Exception as error:
        raise mistakes.does_not_fit(call, inputs, item, error) from error
    return _value(build, name, call, item, inputs, result), module


def _value(
    build: Build, name: str, call: Call, item: Item, inputs: tuple[Value, ...], result: object
) -> Value:
    node = build.graph.call_module(name, tuple(value.node for value in inputs))
    # The result that people mean comes first: a recurrent layer's sequence, the attended values.
    if isinstance(result, tuple):
        node, result = build.graph.call_function(operator.getitem, (node, 0)), result[0]
    if not isinstance(result, torch.Tensor):
        raise failure("result-not-tensor", call.place, item.path, layer=call.name)
    if 0 in result.shape:
        raise mistakes.nothing_left(call, inputs, tuple(result.shape), item)
    require_room(result, item.place, item.path, name)
    channels = channel_axis_written(call.name, inputs, result.dim())
    return Value(node, result, name, item.place, channels)


def _record(call: Call, item: Item, module: nn.Module, inputs: tuple[Value, ...], value: Value) -> LayerCall:
    return LayerCall(
        name=value.origin,
        type=call.name,
        place=item.place,
        path=item.path,
        input_shapes=tuple(source.shape for source in inputs),
        output_shape=value.shape,
        parameters=sum(weight.numel() for weight in module.parameters()),
    )


def _resolved(call: Call, item: Item, name: str, arguments: Mapping[str, object]) -> Item:
    """Writes an item with its name and every argument stated."""
    keywords = {key: Argument(value, call.place) for key, value in arguments.items()}  # type: ignore[arg-type]
    return replace(item, operation=Layer(replace(call, positions=(), keywords=keywords)), name=name)
