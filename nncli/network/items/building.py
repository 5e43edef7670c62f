"""The walk over a network's items: names, words and operations, one item after the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Final

from nncli.errors import NncliError, ResourceError
from nncli.messages.catalogue import failure
from nncli.network.calls.arguments import evaluated
from nncli.network.graph.values import Value
from nncli.network.graph.visible_values import Named, Names
from nncli.network.items.frames import Build, Frame, Wish
from nncli.network.items.function_items import (
    build_compute,
    build_function,
    build_parameter,
    build_rearrangement,
)
from nncli.network.items.inflows import Inflow, inflow_of, scope_of
from nncli.network.items.joining import join
from nncli.network.items.layer_items import build_layer
from nncli.network.items.layer_names import Namer, given_names, kind_of
from nncli.network.items.sharing import shared_scope, shares_other
from nncli.network.items.structures import (
    build_block,
    build_network_call,
    build_parallel,
    build_residual,
    build_sequential,
    inner_frame,
)
from nncli.network.items.taking import take
from nncli.spec.items import (
    BlockCall,
    Broken,
    Compute,
    Function,
    Item,
    Layer,
    Loop,
    NetworkCall,
    Parallel,
    ParameterTensor,
    Rearrangement,
    Residual,
    Sequential,
)
from nncli.spec.nodes import MOST_PROBLEMS

# What has no layers inside.
_FUNCTIONS: Final = (Function, Rearrangement, Compute)


def build_items(build: Build, frame: Frame, items: Sequence[Item]) -> None:
    """Compiles items in order, moving the frame's flow on; problems are collected in the build.

    Raises ResourceError `memory-too-small` and `result-too-large` at once.
    """
    frame.names.later.update(given_names(items))
    for item in items:
        if len(build.problems) >= MOST_PROBLEMS:
            frame.move(Named(is_broken=True))
            break
        before, depth = len(build.problems), len(build.entered)
        try:
            named = _build_item(build, frame, item)
        except ResourceError:
            raise
        except NncliError as error:
            build.report(error.problems)
            del build.entered[depth:]
            named = Named(is_broken=True)
        if named is None:
            frame.names.absent.update((name.text, item) for name in item.names)
            continue
        named.is_broken = named.is_broken or len(build.problems) > before
        _remember(frame, item, named)
        if not _leaves_the_flow_alone(item):
            frame.move(named)


def _leaves_the_flow_alone(item: Item) -> bool:
    """Tells whether an item is a learned tensor, or repetitions of one."""
    operation = item.operation
    if isinstance(operation, Loop):
        return any(_leaves_the_flow_alone(copy.item) for copy in operation.copies[:1])
    return isinstance(operation, ParameterTensor)


def _remember(frame: Frame, item: Item, named: Named) -> None:
    if len(item.names) == 1:
        frame.remember(item.names[0].text, named)
        return
    for position, name in enumerate(item.names):
        known = position < len(named.results)
        frame.remember(name.text, named.results[position] if known else Named(is_broken=True))


def _build_item(build: Build, frame: Frame, item: Item) -> Named | None:
    """Compiles one item; None where its `when:` says that it is not there."""
    operation = item.operation
    if isinstance(operation, Broken):
        return Named(is_broken=True)
    copied = operation.copies[0].item if isinstance(operation, Loop) and operation.copies else None
    inflow = inflow_of(build, frame, item, copied)
    is_there = _is_there(build, frame, item, inflow)
    if is_there is None:
        return Named(is_broken=True)
    if not is_there:
        return None
    name = _name(frame, item)
    walk = _loop if isinstance(operation, Loop) else _once
    named = walk(build, frame, item, inflow, name)
    if len(item.names) > 1 and not named.is_broken:
        _check_unpacking(item, named)
    return named


def _is_there(build: Build, frame: Frame, item: Item, inflow: Inflow) -> bool | None:
    """Works out `when:`; None where an earlier problem hides what it asks for."""
    if item.when is None:
        return True
    if not inflow.is_known():
        return None
    return bool(evaluated(item.when, scope_of(build, frame, inflow, item)))


def _check_unpacking(item: Item, named: Named) -> None:
    if len(named.results) != len(item.names):
        facts = {"names": [name.text for name in item.names], "count": len(named.results) or 1}
        raise failure("unpack-count", item.names[0].place, f"{item.path}.name", **facts)


def _name(frame: Frame, item: Item) -> str:
    """Gives an item the dotted name of its weights; empty for an unnamed structure, which is transparent."""
    operation = item.operation
    for given in item.names:
        frame.namer.claim(given, f"{item.path}.name")
    if shares_other(item):
        return shared_scope(frame, item)
    if isinstance(operation, NetworkCall):
        return operation.network
    if item.name:
        return frame.namer.full(item.name)
    if isinstance(operation, (Sequential, Residual, Parallel)):
        return ""
    automatic = frame.namer.automatic(kind_of(operation))
    frame.names.unnamed[automatic] = item
    return frame.namer.full(automatic)


def _once(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    """Compiles an item that is no loop, or one repetition, with the words about weights and results."""
    if isinstance(item.operation, Broken):
        # A copy of a loop: a block whose mistake was told where it is called first.
        return Named(is_broken=True)
    is_shared = frame.is_shared or shares_other(item)
    scope = scope_of(build, frame, inflow, item)
    freeze = bool(inflow.is_known() and evaluated(item.freeze, scope))
    again = bool(inflow.is_known() and evaluated(item.checkpoint, scope))
    if again:
        _check_checkpoint(item, name)
    with build.tape.checkpointed(name) if again else nullcontext():
        named = _operation(build, replace(frame, is_shared=is_shared), item, inflow, name)
    named.kind = kind_of(item.operation)
    if not isinstance(item.operation, _FUNCTIONS):
        named.module = named.module or name
    if (item.init or item.parametrize or freeze or item.weights) and not is_shared:
        build.wishes.append(Wish(item, name, freeze))
    return take(build, item, named, name) if item.take else named


def _check_checkpoint(item: Item, name: str) -> None:
    """Refuses `checkpoint:` where nothing stands under one name. Raises SpecError `checkpoint-unfit`."""
    operation = item.operation
    if not name or isinstance(operation, (*_FUNCTIONS, ParameterTensor)):
        kind = kind_of(operation)
        facts = {"operation": kind, "reason": "has no name" if not name else "has no layers inside"}
        raise failure("checkpoint-unfit", item.place, f"{item.path}.checkpoint", **facts)


def _operation(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    operation = item.operation
    if isinstance(operation, Layer):
        return build_layer(build, frame, item, operation.call, (inflow, name))
    if isinstance(operation, ParameterTensor):
        return build_parameter(build, frame, item, inflow, name)
    if isinstance(operation, Function):
        return build_function(build, frame, item, inflow, name)
    if isinstance(operation, Rearrangement):
        return build_rearrangement(build, frame, item, inflow, name)
    if isinstance(operation, Compute):
        return build_compute(build, frame, item, inflow, name)
    if isinstance(operation, NetworkCall):
        return build_network_call(build_items, build, frame, item, inflow)
    if isinstance(operation, BlockCall):
        inputs = dict.fromkeys(operation.inputs, "an input")
        child = inner_frame(frame, name, operation.items, others=inputs, opaque=True)
        build.entered.append(_called(item))
        with build.tape.within(name, operation.block, "block"):
            named = build_block(build_items, build, child, item, inflow)
        build.entered.pop()
        return replace(named, parts={**child.names.own, **named.parts})
    return _structure(build, frame, item, inflow, name)


def _called(item: Item) -> str:
    return f"{kind_of(item.operation)} (line {item.place.line})"


def _structure(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    """Walks a structure: in the frame itself where it has no name, else in a scope of its own."""
    if not name:
        return _walked(build, frame, item, inflow)
    operation = item.operation
    items = operation.items if isinstance(operation, (Sequential, Residual)) else ()
    inside = inner_frame(frame, name, items)
    scopes = name.split(".")
    kind = next(scope for scope in reversed(scopes) if not scope.isdecimal())
    with build.tape.within(name, kind, "copy" if scopes[-1].isdecimal() else "structure", inflow.first):
        named = _walked(build, inside, item, inflow)
    return replace(named, parts={**inside.names.own, **named.parts})


def _walked(build: Build, frame: Frame, item: Item, inflow: Inflow) -> Named:
    operation = item.operation
    if isinstance(operation, Sequential):
        return build_sequential(build_items, build, frame, operation.items, inflow.first)
    if isinstance(operation, Residual):
        return build_residual(build_items, build, frame, item, inflow)
    return build_parallel(build_items, build, frame, item, inflow)


def _loop(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    """Repeats an item: in a row, each copy on the result of the one before, or side by side."""
    loop = item.operation
    assert isinstance(loop, Loop)
    kind = f"{loop.kind} with `repeat:`"
    whole = Named(inflow.first if isinstance(inflow.first, (Value, tuple)) else None, module=name, kind=kind)
    copies: dict[str, Named] = {}
    flow = inflow.first
    for position, copy in enumerate(loop.copies):
        shares = _shares_first(copy.item)
        numbers = loop.copies[0].index if shares else copy.index
        own = ".".join([name, *map(str, numbers)])
        shared = frame.is_shared or (shares and position > 0)
        inside = Frame(Namer(own), Names(frame.names), frame.flow, shared, unclear=frame.unclear)
        given = inflow
        if copy.item.from_ is not None:
            inside.flow = whole.value
            given = inflow_of(build, inside, copy.item)
        if position and loop.join is None:
            given = given.with_first(flow)
        is_there = _is_there(build, inside, copy.item, given)
        if is_there is False:
            continue
        if is_there is None:
            whole.is_broken, whole.value, flow = True, None, None
            continue
        scope = shared_scope(frame, copy.item) if shares_other(copy.item) else own
        build.entered.append(f"{_called(copy.item)}, copy {position + 1} of {len(loop.copies)}")
        made = _once(build, inside, copy.item, given, scope)
        build.entered.pop()
        _put(whole.parts, copy.index, made)
        copies[str(position)] = made
        whole.is_broken = whole.is_broken or made.is_broken
        if not _leaves_the_flow_alone(copy.item):
            flow = made.value
        if loop.join is None:
            whole.value = made.value
    whole.results = list(copies.values())
    if loop.join is not None:
        known = not whole.is_broken and all(each.value is not None for each in copies.values())
        around = replace(frame, namer=Namer(name))
        whole.value = join(build, around, (item, loop.join), copies, inflow) if known else None
    return whole


def _shares_first(item: Item) -> bool:
    """Tells whether `share: true` stands beside `repeat:`."""
    return item.share is not None and item.share.other is None and not item.share.parameters


def _put(parts: dict[str, Named], index: tuple[int, ...], made: Named) -> None:
    """Puts a copy under its numbers, `stages.0.2`; the last one of `stages.0` is its result."""
    *outer, last = index
    for number in outer:
        around = parts.setdefault(str(number), Named())
        around.value, around.is_broken = made.value, around.is_broken or made.is_broken
        parts = around.parts
    parts[str(last)] = made
