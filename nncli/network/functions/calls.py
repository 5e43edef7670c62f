"""Calls of functions of tensors on the tape: chained, on the right device, with the record of the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.network.calls.arguments import FormulaScope
from nncli.network.functions.binding import CHAINED, Arguments, Operand, arguments_of, bind_function
from nncli.network.functions.records import carried_call
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import DeviceOf, Value
from nncli.spec.items import Call


@dataclass(frozen=True, slots=True)
class Called:
    """What a function gave: one value, or several with torch's names where it has any."""

    result: Value | tuple[Value, ...]
    names: tuple[str, ...] = ()


def call_item(
    call: Call,
    flow: Sequence[Operand],
    named: Mapping[str, Operand],
    surroundings: tuple[Tape, FormulaScope],
    spot: Spot,
) -> Called:
    """Runs an item that is a function: `chunk: [2, dim: -1]`.

    `flow` fills the parameters for tensors in order, `named` those of a name, the call all others. The
    scope is that of its formulas; the label of the spot is the name of the function.
    Raises what `bind_function` raises, and SpecError `call-refused`.
    """
    tape, scope = surroundings
    arguments = arguments_of(call, flow, named, scope, spot.path)
    return call_function(arguments, tape, spot)


def call_function(arguments: Arguments, tape: Tape, spot: Spot, device: DeviceOf | None = None) -> Called:
    """Runs the function that the spot is labelled with; a new tensor is made on the device.

    Raises as `call_item`.
    """
    if spot.label in CHAINED and len(arguments.flow) > 2:
        first, second, *rest = arguments.flow
        result: Any = call_function(_with_flow(arguments, (first, second)), tape, spot).result
        for value in rest:
            result = call_function(_with_flow(arguments, (result, value)), tape, spot).result
        return Called(result)
    bound = bind_function(spot.label, arguments, spot.place, spot.path)
    keywords = dict(bound.keywords)
    if bound.makes_tensors and device is not None:
        keywords["device"] = device
    return Called(carried_call(tape, bound.target, bound.arguments, keywords, spot), bound.results)


def _with_flow(arguments: Arguments, flow: tuple[Operand, ...]) -> Arguments:
    return Arguments(arguments.positions, arguments.keywords, flow, arguments.named)
