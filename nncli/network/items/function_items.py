"""Items without a module: functions, expressions, rearrangements and Parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import torch
from torch import nn

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.network.calls.arguments import evaluated
from nncli.network.functions.binding import Operand
from nncli.network.functions.calls import call_item
from nncli.network.functions.expressions import compute
from nncli.network.functions.rearranging import rearrange
from nncli.network.functions.signatures import tensor_names
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Count, DeviceOf, Value, values_in
from nncli.network.graph.visible_values import Found, Named, Names
from nncli.network.items.frames import Build, Frame, Made, attach
from nncli.network.items.inflows import Inflow, find, required, scope_of, several, unknown_input
from nncli.spec.items import (
    Compute,
    Constant,
    Function,
    GivenName,
    Item,
    ParameterTensor,
    Rearrangement,
    Source,
)

# What a Parameter starts with where no `init:` stands beside it.
PARAMETER_STD: Final = 0.02


@dataclass(frozen=True)
class ItemEnvironment:
    """What a tensor expression of an item can see; `path` is where the expression stands.

    Networks are no functions here: what they compute would be in nobody's list of layers.
    """

    build: Build
    frame: Frame
    inflow: Inflow
    item: Item
    path: str
    callables: tuple[str, ...] = ()

    @property
    def tape(self) -> Tape:
        """The graph that grows."""
        return self.build.tape

    def value(self, path: str, place: Place) -> Found:
        """Finds a value by its path; `x` is what flows in."""
        first = self.inflow.first
        flow = first if isinstance(first, (Value, tuple)) else None
        return find(self.build, replace(self.frame, flow=flow), Source(path, place), self.path)

    def constant(self, value: Constant, place: Place) -> Constant:
        """Works out a constant that waits for sizes."""
        return evaluated(value, scope_of(self.build, self.frame, self.inflow, self.item))

    def rows(self, place: Place) -> Count | None:
        """Counts the rows of what flows in."""
        first = next(values_in(list(self.inflow.positions)), None)
        return self.tape.rows(first) if first is not None else None

    def device(self) -> DeviceOf | None:
        """Says where what flows in lies."""
        first = next(values_in(list(self.inflow.positions)), None)
        return self.tape.device(first) if first is not None else None

    def call(
        self, name: str, arguments: tuple[object, ...], keywords: Mapping[str, object], spot: Spot
    ) -> Found:
        """Calls nothing, since there is nothing to call."""
        raise AssertionError(name)


def build_function(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    """Compiles a function of tensors; several values flow in as its tensors, in order."""
    function = item.operation
    assert isinstance(function, Function)
    if not inflow.is_known():
        return Named(is_broken=True)
    called_as = function.call.name
    flow, named = _flowing(item, called_as, inflow)
    spot = Spot(item.place, item.path, called_as)
    scope = scope_of(build, frame, inflow, item)
    called = call_item(function.call, flow, named, (build.tape, scope), spot)
    made = called.result
    record(build, item, (name, called_as), [*flow, *named.values()], made)
    if not isinstance(made, tuple):
        return Named(made)
    return several(made, called.names, made[0] if called.names else None)


def _flowing(item: Item, name: str, inflow: Inflow) -> tuple[list[Operand], dict[str, Operand]]:
    """Finds what flows into a function: in order, and by torch's names of its tensors.

    Raises SpecError `input-unknown`, `flow-several`, `inputs-count` where nothing flows in.
    """
    flow: list[Operand] = []
    for found in inflow.positions:
        assert found is not None
        flow.extend(found if isinstance(found, tuple) else (found,))
    known = tensor_names(name)[len(inflow.positions) :]
    named: dict[str, Operand] = {}
    for key, value in inflow.named.items():
        if key == "mask":
            continue
        if key not in known:
            raise unknown_input(item, name, key, known)
        # A mask may be none, and is left out.
        if value is not None:
            named[key] = value if isinstance(value, (bool, int, float)) else required(value, item, name)
    if not flow:
        facts = {"layer": name, "takes": "at least 1 value", "given": "none flows in", "names": ""}
        raise failure("inputs-count", item.place, f"{item.path}.from", **facts)
    return flow, named


def record(
    build: Build, item: Item, names: tuple[str, str], values: Iterable[object], made: Found, word: str = ""
) -> None:
    """Notes a call without a module; `names` are its dotted name and what people call it."""
    first = made[0] if isinstance(made, tuple) and made else made
    if isinstance(first, Value):
        inputs = (value for value in values if isinstance(value, Value))
        build.record(item, Made(*names, first, word=word), inputs)


def build_rearrangement(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    """Compiles an einops item."""
    wanted = item.operation
    assert isinstance(wanted, Rearrangement)
    if not inflow.is_known():
        return Named(is_broken=True)
    value = required(inflow.first, item, wanted.verb)
    made = rearrange(wanted, value, (build.tape, scope_of(build, frame, inflow, item)), item.path)
    record(build, item, (name, wanted.verb), [value], made)
    return Named(made)


def build_compute(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    """Compiles tensor expressions; each line sees the names of those above it.

    Raises SpecError `unpack-count`, and what expressions raise.
    """
    wanted = item.operation
    assert isinstance(wanted, Compute)
    for assignment in wanted.assignments:
        for each in assignment.names:
            given = GivenName(each, assignment.place)
            frame.namer.claim(given, f"{item.path}.{each}", is_attribute=False)
    inside = replace(frame, names=Names(frame.names))
    environment = ItemEnvironment(build, inside, inflow, item, item.path)
    result: Found = None
    for assignment in wanted.assignments:
        result = compute(assignment.computation, environment)
        values = result if isinstance(result, tuple) else (result,)
        if len(assignment.names) > 1 and result is not None and len(values) != len(assignment.names):
            facts = {"names": list(assignment.names), "count": len(values)}
            raise failure("unpack-count", assignment.place, item.path, **facts)
        for position, each in enumerate(assignment.names):
            known = result if len(assignment.names) == 1 else values[position] if result is not None else None
            named = Named(known, is_broken=known is None)
            inside.names.own[each] = frame.names.own[each] = named
    read = [value for value in (inflow.first,) if isinstance(value, Value)]
    record(build, item, (name, "compute"), read, result)
    named = several(result) if isinstance(result, tuple) else Named(result, is_broken=result is None)
    return replace(named, parts={**named.parts, **inside.names.own})


def build_parameter(build: Build, frame: Frame, item: Item, inflow: Inflow, name: str) -> Named:
    """Compiles a learned tensor, under the name of its item; without `init:` normal with a small deviation.

    Raises SpecError `parameter-form`, `share-shape`, ResourceError `memory-too-small`.
    """
    wanted = item.operation
    assert isinstance(wanted, ParameterTensor)
    spot = Spot(item.place, item.path, name)
    shape = evaluated(wanted.shape.value, scope_of(build, frame, inflow, item))
    assert isinstance(shape, tuple)
    sizes = tuple(size for size in shape if type(size) is int and size > 0)
    if len(sizes) != len(shape):
        raise failure("parameter-form", wanted.shape.place, item.path)
    if frame.is_shared:
        owner = build.root.get_parameter(name)
        if tuple(owner.shape) != sizes:
            facts = {"name": item.name, "own": list(sizes), "owner": name, "other": list(owner.shape)}
            raise failure("share-shape", item.place, f"{item.path}.share", **facts)
        value = build.tape.attribute(name, owner, spot)
        build.record(item, Made(name, "Parameter", value, has_shared=True), ())
        return Named(value, module=name)
    make = partial(_parameter, sizes)
    with torch.device("meta"):
        parameter = make()
    if build.require(parameter.numel() * parameter.element_size(), item, name):
        parameter = make()
    else:
        build.rebuild[name] = make
    attach(build.root, name, parameter)
    value = build.tape.attribute(name, parameter, spot)
    build.record(item, Made(name, "Parameter", value, parameter.numel()), ())
    return Named(value, module=name)


def _parameter(shape: tuple[int, ...]) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).normal_(0.0, PARAMETER_STD))
