"""How values side by side become one: after branches, and after repetitions side by side."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace

import torch

from nncli.messages.catalogue import failure
from nncli.network.computing import compute
from nncli.network.flows import Inflow, required, scope_of
from nncli.network.frames import Build, Frame
from nncli.network.function_calls import call_item
from nncli.network.function_items import ItemEnvironment
from nncli.network.function_records import carried_call
from nncli.network.scopes import Found, Named, Names
from nncli.network.tape import Spot
from nncli.network.upstream import ways_to
from nncli.network.values import Value, shown
from nncli.spec.items import Item, Join


def join(
    build: Build, frame: Frame, joined: tuple[Item, Join], results: Mapping[str, Named], inflow: Inflow
) -> Found:
    """Joins results by a function of tensors, an expression over their names, or not at all.

    `cat` needs no dim: it joins along the channels of the record.
    Raises SpecError `join-axis`, `join-empty`, `flow-several`, and what functions and expressions raise.
    """
    item, how = joined
    spot = Spot(how.place, f"{item.path}.join", how.call.name if how.call else "join")
    if how.computation is not None:
        inside = replace(frame, names=Names(frame.names, dict(results)))
        return compute(how.computation, ItemEnvironment(build, inside, inflow, item, spot.path))
    if not results:
        raise failure("join-empty", how.place, spot.path)
    values = [replace(required(each.value, item, spot.label), origin=name) for name, each in results.items()]
    if how.call is None:
        return tuple(values)
    if how.call.positions or how.call.keywords or how.call.name not in ("cat", "add", "mul"):
        scope = scope_of(build, frame, inflow, item)
        return call_item(how.call, values, {}, (build.tape, scope), spot).result
    if how.call.name == "cat":
        return _side_by_side(build, values, spot)
    folded = values[0]
    for value in values[1:]:
        function = operator.add if how.call.name == "add" else operator.mul
        folded = carried_call(build.tape, function, (folded, value), {}, spot)
    return folded


def _side_by_side(build: Build, values: list[Value], spot: Spot) -> Value:
    # A branch that does nothing may not know, such as `[]` on an input of three axes.
    axes = {value.channels for value in values if value.channels is not None}
    ranks = {len(value.shape) for value in values}
    if len(axes) != 1 or len(ranks) != 1:
        known = sorted(axes) if len(axes) > 1 else []
        shapes = [shown(value.shape) for value in values]
        flow = ways_to(values, spot.label, spot.place)
        raise failure("join-axis", spot.place, spot.path, shapes=shapes, axes=known, flow=flow)
    axis = axes.pop()
    joined: Value = carried_call(build.tape, torch.cat, (values, axis), {}, spot)
    return replace(joined, channels=axis)
