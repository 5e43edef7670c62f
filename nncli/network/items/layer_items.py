"""One layer: its class, its inputs, its arguments, its sizes, and the module that comes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial

import torch
from torch import nn

from nncli.errors import NncliError, SpecError
from nncli.messages.catalogue import failure, nearest
from nncli.network.calls.arguments import FormulaScope, bind_in
from nncli.network.calls.signatures import NOT_LAYERS, is_own, loss_classes, signature_of
from nncli.network.compiled import Construction
from nncli.network.graph.sizing import on_meta, weight_bytes
from nncli.network.graph.visible_values import Named
from nncli.network.items.frames import Build, Frame, attach
from nncli.network.items.inflows import (
    Flowing,
    Inflow,
    forward_inputs,
    required,
    scope_of,
    unknown_input,
    unknown_size,
)
from nncli.network.items.layer_calls import (
    Layering,
    call_layer,
    construct,
    record_call,
    remembered,
    run_layer,
)
from nncli.network.items.sharing import SIZES, shared_parameters, shares_other
from nncli.network.layers import mistakes
from nncli.network.layers.own_mistakes import check_own
from nncli.network.layers.torch_layers import (
    BATCH_FIRST,
    KNOWN_ELSEWHERE,
    RECORDED,
    inferred_names,
    inferred_size,
)
from nncli.network.parametrized import kind_of
from nncli.spec.items import Call, Item
from nncli.spec.names import ITEM_WORDS


def layer_class(build: Build, call: Call, item: Item) -> type[nn.Module]:
    """Finds the class of a layer.

    Raises SpecError `layer-unknown` with the nearest, `layer-not-allowed` with the reason.
    """
    kind = build.kinds.get(call.name)
    if kind is not None:
        return kind
    loss = call.name if call.name in loss_classes() else ""
    reason = NOT_LAYERS.get(call.name, "it is a loss" if loss else "")
    if reason:
        facts = {"layer": call.name, "reason": reason, "loss": loss}
        raise failure("layer-not-allowed", call.place, item.path, **facts)
    if meant := _call_in_word(call.name, build.kinds):
        raise failure("layer-unknown", call.place, item.path, layer=call.name, meant=meant)
    near = KNOWN_ELSEWHERE.get(call.name.lower()) or nearest(call.name, build.kinds)
    word = nearest(call.name, ITEM_WORDS) if call.name.islower() and not near else ""
    raise failure("layer-unknown", call.place, item.path, layer=call.name, nearest=near, word=word)


def _call_in_word(text: str, kinds: Collection[str]) -> str:
    """Writes `Linear(8)` and `Linear 8` as a file does; empty for all else."""
    found = re.fullmatch(r"([A-Za-z0-9]+)(?: +|\()([^()]*)\)?", text)
    if not found or found.group(1) not in kinds:
        return ""
    arguments = found.group(2).replace("=", ": ").strip()
    listed = f"[{arguments}]" if "," in arguments or ": " in arguments else arguments
    return f"{found.group(1)}: {listed}" if listed else found.group(1)


def build_layer(build: Build, frame: Frame, item: Item, call: Call, flow: tuple[Inflow, str]) -> Named:
    """Compiles one layer; `flow` is what flows in, and the dotted name of its weights.

    Raises SpecError for every mistake in it, ResourceError `memory-too-small`, `result-too-large`.
    """
    inflow, name = flow
    kind = layer_class(build, call, item)
    if not inflow.is_known():
        _check_blindly(build, call, kind, item)
        return Named(module=name, is_broken=True)
    check_own(kind, forward_inputs(kind), item)
    inputs = _arranged(call, kind, inflow, item)
    layer = Layering(item, call, kind, name, inputs, shared_parameters(build, frame, item))
    if layer.known_as:
        mistakes.check_inputs(call, layer.values, item)
    scope = scope_of(build, frame, inflow, item)
    shares = frame.is_shared or bool(item.share and item.share.other)
    module, result = (_reused if shares else _made)(build, layer, scope)
    named = call_layer(build, layer, module, result)
    record_call(build, layer, module, named)
    return named


def _arranged(call: Call, kind: type[nn.Module], inflow: Inflow, item: Item) -> dict[str, Flowing]:
    """Gives every value that flows in the name of its input in the layer's forward."""
    takes = forward_inputs(kind)
    names = list(takes)
    place = item.from_.positions[0].place if item.from_ and item.from_.positions else item.place
    if len(inflow.positions) > len(names):
        raise mistakes.inputs_count(call, takes, len(inflow.positions), item, place)
    inputs = dict(zip(names, inflow.positions, strict=False))
    for name, value in inflow.named.items():
        if name in takes:
            inputs[name] = value
        else:
            raise unknown_input(item, call.name, name, names)
    if call.name == "MultiheadAttention":
        # Alone it attends to itself; the weights cost time and are hardly ever wanted.
        inputs.setdefault("key", inputs["query"])
        inputs.setdefault("value", inputs["key"])
    if any(needed and name not in inputs for name, needed in takes.items()):
        raise mistakes.inputs_count(call, takes, len(inputs), item, place)
    arranged: dict[str, Flowing] = {}
    for name, value in inputs.items():
        several = isinstance(value, tuple) and name != names[0]
        arranged[name] = value if several else None if value is None else required(value, item, call.name)
    return arranged


def _check_blindly(build: Build, call: Call, kind: type[nn.Module], item: Item) -> None:
    """Checks what can be said of a call when nobody knows what flows in."""
    if item.share is not None:
        return
    inferred = inferred_names(kind, frozenset(call.keywords))
    try:
        mistakes.check_positions(call, kind, inferred, item)
        scope = FormulaScope(build.declared, unknown_size, build.waiting)
        bound = bind_in(call, kind, item.path, inferred, scope)
        mistakes.check_bound(call, kind, bound, item)
        if not inferred and not is_own(kind):
            on_meta(lambda: construct(kind, bound, call, item))
    except NncliError as error:
        build.report(error.problems)


def _reused(build: Build, layer: Layering, scope: FormulaScope) -> tuple[nn.Module, object]:
    """Finds the layer whose weights are shared, and runs it on what flows in here.

    Raises SpecError `share-with-arguments` beside `share: NAME`, `share-differs` elsewhere.
    """
    item, call = layer.item, layer.call
    facts: dict[str, object]
    try:
        module = build.root.get_submodule(layer.name)
    except AttributeError:
        raise failure("share-unknown", item.place, item.path, name=layer.name) from None
    if kind_of(module) is not layer.kind:
        facts = {"name": layer.name, "other": kind_of(module).__name__, "layer": call.name}
        raise failure("share-other-kind", item.place, item.path, **facts)
    if shares_other(item):
        if call.positions or call.keywords:
            raise failure("share-with-arguments", item.place, item.path, layer=call.name, name=layer.name)
    elif layer.name in build.constructions:
        made = build.constructions[layer.name].arguments
        bound, _ = _stated(build, layer, scope)
        differing = [name for name, value in bound.items() if made.get(name) != value]
        if differing:
            facts = {"layer": call.name, "name": layer.name, "arguments": differing}
            raise failure("share-differs", item.place, item.path, **facts)
    return module, run_layer(build, layer, module)


def _made(build: Build, layer: Layering, scope: FormulaScope) -> tuple[nn.Module, object]:
    """Builds a layer and runs two rows through it; where it is large, both without memory for it."""
    item, call, kind, name = layer.item, layer.call, layer.kind, layer.name
    arguments = _arguments(build, layer, scope)
    make = partial(construct, kind, arguments, call, item, layer.values)
    key = remembered((kind, arguments))
    skeleton = None if key in build.weights else _skeleton(kind, make)
    if skeleton is not None:
        build.weights[key] = weight_bytes(skeleton)
    is_small = build.require(build.weights[key], item, name)
    module = make() if is_small else skeleton or _skeleton(kind, make)
    if not is_small:
        build.rebuild[name] = make
    build.constructions[name] = Construction(kind, arguments)
    result = run_layer(build, layer, module)
    attach(build.root, name, module)
    _tie(build, layer, module)
    return module, result


def _skeleton(kind: type[nn.Module], make: Callable[[], nn.Module]) -> nn.Module:
    """Makes a layer without memory; one of `--code` whose constructor looks at its numbers, with memory."""
    try:
        return on_meta(make)
    except SpecError:
        if not is_own(kind):
            raise
        with torch.random.fork_rng(devices=[]):
            return make()


def _stated(
    build: Build, layer: Layering, scope: FormulaScope
) -> tuple[dict[str, object], dict[str, object]]:
    """Binds the arguments that are written, beside those that a shared parameter fills in."""
    call, kind, item = layer.call, layer.kind, layer.item
    filled = _shared_sizes(build, layer)
    mistakes.check_shifted(call, kind, tuple(layer.inputs.values()), item)
    skip = (*filled, *inferred_names(kind, frozenset(call.keywords)))
    mistakes.check_positions(call, kind, skip, item)
    bound = bind_in(call, kind, item.path, skip, scope)
    mistakes.check_bound(call, kind, bound, item)
    return bound, filled


def _arguments(build: Build, layer: Layering, scope: FormulaScope) -> dict[str, object]:
    call, kind, item = layer.call, layer.kind, layer.item
    values = tuple(layer.inputs.values())
    bound, filled = _stated(build, layer, scope)
    for name in inferred_names(kind, frozenset()):
        size = inferred_size(name, values)
        stated = bound.get(name)
        if size is None and stated is None and name not in filled:
            if _is_optional(kind, name):
                continue
            facts = {"call": call.name, "argument": name}
            facts["word"] = RECORDED.get(name, "")
            facts["input"] = layer.values[0].origin if name in RECORDED and not layer.values[0].place else ""
            raise failure("size-not-inferred", call.place, item.path, **facts)
        if stated is not None and size is not None:
            mistakes.check_stated(call, name, stated, size, (layer.values[0], item))
        if size is not None:
            bound.setdefault(name, size)
    if call.name in BATCH_FIRST:
        bound.setdefault("batch_first", True)
    return {**filled, **bound}


def _is_optional(kind: type[nn.Module], name: str) -> bool:
    parameter = signature_of(kind).parameter(name)
    return parameter is not None and not parameter.required


def _shared_sizes(build: Build, layer: Layering) -> dict[str, object]:
    """Reads the sizes that a shared parameter has, so that they are left out: `out_features` of a Linear."""
    sizes: dict[str, object] = {}
    for parameter, owner in layer.owners.items():
        shape = build.root.get_parameter(owner).shape
        known = {p.name for p in signature_of(layer.kind).parameters} - set(layer.call.keywords)
        for name, dimension in SIZES.get(parameter, {}).items():
            if name in known and dimension < len(shape):
                sizes[name] = shape[dimension]
    return sizes


def _tie(build: Build, layer: Layering, module: nn.Module) -> None:
    """Puts another layer's parameters in the place of this one's.

    Raises SpecError `share-unknown`, `share-shape`.
    """
    item = layer.item
    for parameter, owner in layer.owners.items():
        own = getattr(module, parameter, None)
        name = f"{layer.name}.{parameter}"
        if not isinstance(own, nn.Parameter):
            raise failure("share-unknown", item.place, f"{item.path}.share", name=name)
        other = build.root.get_parameter(owner)
        if own.shape != other.shape:
            raise mistakes.tied_shapes(item, (name, own), (owner, other), layer.values)
        setattr(module, parameter, other)
        build.ties[name] = owner
        build.bytes_so_far -= own.numel() * own.element_size()
