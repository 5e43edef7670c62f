"""Structures: residuals, branches, loops, blocks and networks, each walked in its own scope of names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.calls.arguments import evaluated
from nncli.network.compiled import CompiledNetwork
from nncli.network.functions.records import carried_call
from nncli.network.graph.regions import EMPTY_SHORTCUT
from nncli.network.graph.tape import Spot
from nncli.network.graph.upstream import ways_to
from nncli.network.graph.values import Value, shown
from nncli.network.graph.visible_values import Found, Named, Names
from nncli.network.items.frames import Build, Frame
from nncli.network.items.function_items import record
from nncli.network.items.inflows import Flowing, Inflow, find, required, scope_of, unknown_input
from nncli.network.items.joining import join
from nncli.network.items.layer_names import NOTHING, Namer
from nncli.spec.arithmetic import Formula
from nncli.spec.items import FLOW, BlockCall, GivenName, Item, NetworkCall, Parallel, Residual, Waiting

# The walk over a list of items, in a frame that it moves forward.
Walk: TypeAlias = "Callable[[Build, Frame, Sequence[Item]], None]"


def build_sequential(walk: Walk, build: Build, frame: Frame, items: Sequence[Item], flow: Flowing) -> Named:
    """Walks a list in a frame of its own flow; its names are those of the frame."""
    inner = replace(frame, flow=_flow(flow), last=Named(), unclear=())
    problems = len(build.problems)
    walk(build, inner, items)
    results = {name: part for name, part in inner.last.parts.items() if part in inner.last.results}
    return Named(inner.flow, results, inner.last.results, is_broken=len(build.problems) > problems)


def _flow(flow: Flowing) -> Found:
    return flow if isinstance(flow, (Value, tuple)) else None


def build_residual(walk: Walk, build: Build, frame: Frame, item: Item, inflow: Inflow) -> Named:
    """Adds what flows in, through the shortcut where there is one, to the result of the body.

    Raises SpecError `residual-shape`: shapes are never broadcast.
    """
    residual = item.operation
    assert isinstance(residual, Residual)
    named = build_sequential(walk, build, frame, residual.items, inflow.first)
    around: Found = _flow(inflow.first)
    shortcut, empty = residual.shortcut, ""
    if isinstance(shortcut, Formula):
        if not inflow.is_known():
            return replace(named, value=None)
        shortcut = bool(evaluated(shortcut, scope_of(build, frame, inflow, item)))
    if isinstance(shortcut, tuple):
        name = frame.namer.full(frame.namer.automatic("shortcut"))
        child = inner_frame(frame, name, shortcut)
        with build.tape.within(name, "shortcut", "shortcut", inflow.first):
            side = build_sequential(walk, build, child, shortcut, inflow.first)
        around = side.value
        empty = name if around is inflow.first else ""
        named.is_broken = named.is_broken or side.is_broken
    elif not shortcut:
        return named
    if named.value is None or around is None:
        return replace(named, value=None)
    body, other = required(named.value, item, "residual"), required(around, item, "residual")
    if body.shape != other.shape:
        facts = {"body": shown(body.shape), "around": shown(other.shape)}
        facts["fix"] = _shortcut_that_fits(other, body)
        facts["padding"] = "" if facts["fix"] else _padding_that_fits(other, body)
        flow = ways_to((body,), "residual", item.place)
        raise failure("residual-shape", item.place, item.path, flow=flow, **facts)
    spot = Spot(item.place, item.path, "residual")
    total: Value = carried_call(build.tape, operator.add, (body, other), {}, spot)
    record(build, item, (frame.namer.full("add"), "add"), (body, other), total, "shortcut")
    if empty:
        total.node.meta[EMPTY_SHORTCUT] = empty
    return replace(named, value=total)


def _shortcut_that_fits(before: Value, after: Value) -> str:
    """Proposes a shortcut that brings what flows in into the shape of the body's result."""
    rank = len(after.shape)
    if len(before.shape) != rank:
        return ""
    if rank in (2, 3) and before.shape[:-1] == after.shape[:-1]:
        return f"shortcut: [Linear: {after.shape[-1]}]"
    if rank >= 3 and all(b % a == 0 for b, a in zip(before.shape[2:], after.shape[2:], strict=True)):
        strides = {b // a for b, a in zip(before.shape[2:], after.shape[2:], strict=True)}
        if len(strides) == 1:
            stride = strides.pop()
            written = f"[{after.shape[1]}, 1, stride: {stride}]" if stride > 1 else f"[{after.shape[1]}, 1]"
            return f"shortcut: [Conv{rank - 2}d: {written}]"
    return ""


def _padding_that_fits(before: Value, after: Value) -> str:
    """Proposes padding where the layers of the body take away a few pixels or steps."""
    rank = len(after.shape)
    if rank < 3 or len(before.shape) != rank or after.shape[1] != before.shape[1]:
        return ""
    lost = [b - a for b, a in zip(before.shape[2:], after.shape[2:], strict=True)]
    return str(max(lost)) if all(each >= 0 for each in lost) else ""


def inner_frame(
    frame: Frame,
    prefix: str,
    items: Sequence[Item],
    *,
    others: Mapping[str, str] = NOTHING,
    opaque: bool = False,
) -> Frame:
    """Opens a scope: names below `prefix`, beside `others`; an opaque one sees only the constants."""
    around = frame.names.outermost() if opaque else frame.names
    return Frame(Namer(prefix, items, others), Names(around), None, frame.is_shared)


def build_parallel(walk: Walk, build: Build, frame: Frame, item: Item, inflow: Inflow) -> Named:
    """Gives every branch what flows in, and joins their results."""
    parallel = item.operation
    assert isinstance(parallel, Parallel)
    results: dict[str, Named] = {}
    for name, items in parallel.branches.items():
        given = GivenName(name, items[0].place if items else item.place)
        branch = frame.namer.full(frame.namer.claim(given, f"{item.path}.{name}"))
        child = inner_frame(frame, branch, items)
        with build.tape.within(branch, name, "branch", inflow.first):
            made = build_sequential(walk, build, child, items, inflow.first)
        results[name] = replace(made, parts={**made.parts, **child.names.own}, module=branch)
        frame.names.own[name] = results[name]
    value = None
    if all(result.value is not None for result in results.values()):
        value = join(build, frame, (item, parallel.join), results, inflow)
    broken = any(result.is_broken for result in results.values())
    several = list(results.values()) if isinstance(value, tuple) else []
    return Named(value, dict(results), several, is_broken=broken)


def build_block(walk: Walk, build: Build, frame: Frame, item: Item, inflow: Inflow) -> Named:
    """Walks one call of a block; `frame` is the scope of the call itself, which sees nothing else.

    Raises SpecError `inputs-count`, `input-unknown`.
    """
    block = item.operation
    assert isinstance(block, BlockCall)
    flowing = _block_inputs(block, item, inflow)
    for name, value in flowing.items():
        # `x` is always what flows from above, from the start.
        if name != FLOW:
            frame.names.own[name] = Named(_flow(value), is_broken=value is None)
    scope = scope_of(build, frame, inflow, item)
    for waiting, written in block.waiting:
        try:
            build.waiting[waiting.key] = evaluated(written, scope)
        except NncliError as error:
            build.report(error.problems)
    _describe(build, block, flowing)
    named = build_sequential(walk, build, frame, block.items, flowing.get(FLOW, inflow.first))
    if not block.outputs or named.is_broken:
        return named
    inside = replace(frame, flow=named.value)
    path = f"{item.path}.outputs"
    return outputs_of({name: Named(find(build, inside, each, path)) for name, each in block.outputs.items()})


def _describe(build: Build, block: BlockCall, flowing: Mapping[str, Flowing]) -> None:
    """Notes in the region of a call what its values and arguments are called."""
    region = build.tape.region
    assert region is not None
    for name, value in flowing.items():
        region.takes(name, value)
    region.optional = block.optional
    region.arguments = {
        name: build.waiting.get(value.key) if isinstance(value, Waiting) else value
        for name, value in block.arguments.items()
    }


def outputs_of(outputs: Mapping[str, Named]) -> Named:
    """Makes the result of a block or network from its outputs: one flows on, several by name."""
    values = [each.value for each in outputs.values()]
    value = values[0] if len(values) == 1 else tuple(each for each in values if isinstance(each, Value))
    return Named(value, dict(outputs), list(outputs.values()))


def build_network_call(walk: Walk, build: Build, frame: Frame, item: Item, inflow: Inflow) -> Named:
    """Walks another network of the file in place, on its own weights.

    One that states no inputs is made here, by its first call.
    Raises SpecError as `build_block` does.
    """
    called = item.operation
    assert isinstance(called, NetworkCall)
    spec, compiled = build.networks[called.network]
    is_there = called.network in build.root._modules
    if compiled is not None and not is_there:
        build.root.add_module(called.network, compiled.module)
        _adopt(build, called.network, compiled)
    if compiled is None and not is_there:
        build.made_here[called.network] = spec
    inputs = build.inputs_of(called.network)
    block = BlockCall(called.network, inputs, (), spec.layers, spec.outputs)
    others = dict.fromkeys(inputs, "an input")
    inside = inner_frame(frame, called.network, spec.layers, others=others, opaque=True)
    inside.is_shared = is_there or compiled is not None
    around, build.visit = build.visit, next(build.visits)
    with build.tape.within(called.network, called.network, "network"):
        named = build_block(walk, build, inside, replace(item, operation=block), inflow)
    build.visit = around
    return replace(named, parts={**inside.names.own, **named.parts})


def _adopt(build: Build, network: str, compiled: CompiledNetwork) -> None:
    """Takes over what is known of the layers of a network; networks in it stand beside it, not inside."""
    beside = tuple(f"{each}." for each in build.networks)

    def moved(name: str) -> str:
        return name if f"{name}.".startswith(beside) else f"{network}.{name}"

    build.constructions.update({moved(name): made for name, made in compiled.constructions.items()})
    build.ties.update({moved(name): moved(owner) for name, owner in compiled.ties.items()})
    build.frozen.extend(map(moved, compiled.frozen))


def _block_inputs(block: BlockCall, item: Item, inflow: Inflow) -> dict[str, Flowing]:
    place = item.from_.positions[0].place if item.from_ and item.from_.positions else item.place
    if len(inflow.positions) > len(block.inputs):
        takes = f"{len(block.inputs)} values" if len(block.inputs) > 1 else "1 value"
        facts: dict[str, object] = {"layer": block.block, "takes": takes}
        facts["given"] = f"{len(inflow.positions)} flow in"
        facts["inputs"] = list(block.inputs)
        raise failure("inputs-count", place, f"{item.path}.from", **facts)
    flowing: dict[str, Flowing] = dict(zip(block.inputs, inflow.positions, strict=False))
    for name, value in inflow.named.items():
        if name not in block.inputs:
            raise unknown_input(item, block.block, name, block.inputs)
        flowing[name] = value
    for value in flowing.values():
        if isinstance(value, (bool, int, float)):
            required(value, item, block.block)
    missing = [name for name in block.inputs if name not in flowing]
    if missing:
        facts = {"block": block.block, "missing": missing, "inputs": list(block.inputs)}
        raise failure("block-inputs-missing", item.place, item.path, **facts)
    return flowing
