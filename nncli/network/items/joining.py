"""How values side by side become one: after branches, and after repetitions side by side."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from nncli.messages.catalogue import failure
from nncli.network.calls.arguments import FormulaScope
from nncli.network.functions.calls import call_item
from nncli.network.functions.expressions import compute
from nncli.network.functions.records import carried_call
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.upstream import ways_to
from nncli.network.graph.values import Value, shown
from nncli.network.graph.visible_values import Found, Named, Names
from nncli.network.items.frames import Build, Frame
from nncli.network.items.function_items import ItemEnvironment, record
from nncli.network.items.inflows import Inflow, required, scope_of
from nncli.spec.items import Call, Item, Join


def join(
    build: Build, frame: Frame, joined: tuple[Item, Join], results: Mapping[str, Named], inflow: Inflow
) -> Found:
    """Joins results by a function of tensors, an expression over their names, or not at all.

    `frame` is the scope of what is joined. `cat` needs no dim: it joins along the channels of the record.
    Raises SpecError `join-axis`, `join-empty`, `flow-several`, and what functions and expressions raise.
    """
    item, how = joined
    spot = Spot(how.place, f"{item.path}.join", how.call.name if how.call else "join")
    if how.computation is not None:
        inside = replace(frame, names=Names(frame.names, dict(results)))
        made = compute(how.computation, ItemEnvironment(build, inside, inflow, item, spot.path))
        values: Sequence[Found] = [each.value for each in results.values()]
    else:
        values = _one_of_each(results, item, spot)
        if how.call is None:
            return tuple(values)
        made = _called(how.call, values, (build.tape, scope_of(build, frame, inflow, item)), spot)
    record(build, item, (frame.namer.full(spot.label), spot.label), values, made, "join")
    return made


def _one_of_each(results: Mapping[str, Named], item: Item, spot: Spot) -> list[Value]:
    if not results:
        raise failure("join-empty", spot.place, spot.path)
    return [replace(required(each.value, item, spot.label), origin=name) for name, each in results.items()]


def _called(
    call: Call, values: Sequence[Value], surroundings: tuple[Tape, FormulaScope], spot: Spot
) -> Found:
    tape, _ = surroundings
    if call.positions or call.keywords or call.name not in ("cat", "add", "mul"):
        return call_item(call, values, {}, surroundings, spot).result
    if call.name == "cat":
        return _side_by_side(tape, values, spot)
    folded = values[0]
    for value in values[1:]:
        function = operator.add if call.name == "add" else operator.mul
        folded = carried_call(tape, function, (folded, value), {}, spot)
    return folded


def _side_by_side(tape: Tape, values: Sequence[Value], spot: Spot) -> Value:
    # A branch that does nothing may not know, such as `[]` on an input of three axes.
    axes = {value.channels for value in values if value.channels is not None}
    ranks = {len(value.shape) for value in values}
    if len(axes) != 1 or len(ranks) != 1:
        known = sorted(axes) if len(axes) > 1 else []
        shapes = [shown(value.shape) for value in values]
        flow = ways_to(values, spot.label, spot.place)
        raise failure("join-axis", spot.place, spot.path, shapes=shapes, axes=known, flow=flow)
    axis = axes.pop()
    joined: Value = carried_call(tape, torch.cat, (list(values), axis), {}, spot)
    return replace(joined, channels=axis)
