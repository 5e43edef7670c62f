"""What flows into an item: values in order or by name, and what formulas can see of them."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, NoReturn, TypeAlias, cast

import torch
from torch import nn

from nncli.errors import NncliError
from nncli.messages.catalogue import failure, nearest
from nncli.network.calls.arguments import FormulaScope
from nncli.network.functions.signatures import tensor_names
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Value, shown
from nncli.network.graph.visible_values import Found, Named, resolve
from nncli.network.items.frames import Build, Frame
from nncli.network.items.layer_names import kind_of
from nncli.spec.items import (
    FLOW,
    BlockCall,
    Compute,
    Function,
    Item,
    Layer,
    NetworkCall,
    ParameterTensor,
    Source,
)

Flowing: TypeAlias = "Value | tuple[Value, ...] | None | bool | int | float"


@dataclass(frozen=True, slots=True)
class Inflow:
    """What flows into one item: in order, and by the names of its inputs.

    None stands for what an earlier problem hides, also inside `positions`.
    """

    positions: tuple[Flowing, ...]
    named: Mapping[str, Flowing] = field(default_factory=dict)

    @property
    def first(self) -> Flowing:
        """What flows through: the first input."""
        return self.positions[0] if self.positions else None

    def is_known(self) -> bool:
        """Tells whether nothing of it is hidden by an earlier problem."""
        named = [value for name, value in self.named.items() if not name.endswith("mask")]
        return all(value is not None for value in (*self.positions, *named))

    def with_first(self, value: Flowing) -> Inflow:
        """Passes another value along, as loops do."""
        return replace(self, positions=(value, *self.positions[1:]))


def first_input(build: Build, item: Item) -> str:
    """Names what flows into an item first: `x` unless it says otherwise."""
    operation = item.operation
    names: Sequence[str] = ()
    if isinstance(operation, BlockCall):
        names = operation.inputs
    elif isinstance(operation, NetworkCall):
        names = build.inputs_of(operation.network)
    elif isinstance(operation, Layer) and operation.call.name in build.kinds:
        names = list(forward_inputs(build.kinds[operation.call.name]))
    elif isinstance(operation, Function):
        names = tensor_names(operation.call.name)
    return names[0] if names else FLOW


def forward_inputs(kind: type[nn.Module]) -> Mapping[str, bool]:
    """Names the inputs of a layer in order, and which of them it cannot do without."""
    found: Mapping[str, bool] = _forward_inputs(cast("Hashable", kind))
    return found


@cache
def _forward_inputs(kind: Any) -> Mapping[str, bool]:
    parameters = list(inspect.signature(kind.forward).parameters.values())[1:]
    closed = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return {p.name: p.default is p.empty for p in closed}


def inflow_of(build: Build, frame: Frame, item: Item, copied: Item | None = None) -> Inflow:
    """Finds what flows into an item; `copied` is the item itself where `item` is a loop of it.

    Raises SpecError as `resolve` does.
    """
    flow = item.from_
    if flow is None:
        one = copied or item
        needs_none = isinstance(one.operation, (ParameterTensor, Compute)) or one.from_ is not None
        return Inflow((frame.flow if needs_none else frame.flowing(item.place, item.path),))
    path = f"{item.path}.from"
    layer = kind_of((copied or item).operation)
    if flow.positions:
        return Inflow(tuple(_found(build, frame, each, path, layer) for each in flow.positions))
    named = {n: _found(build, frame, each, f"{path}.{n}", layer) for n, each in flow.named.items()}
    given = first_input(build, copied or item)
    # An expression names what it reads; a block may have all its inputs here.
    first = named.pop(given) if given in named else frame.flowing(item.place, item.path)
    if "mask" in named and isinstance(first, Value):
        first = _with_mask(first, named["mask"], flow.named["mask"], path)
        if not _takes_mask(copied or item, build.kinds):
            del named["mask"]
    return Inflow((first,), named)


def _takes_mask(item: Item, kinds: Mapping[str, type[nn.Module]]) -> bool:
    """Tells whether a layer or block has an input of this name; else it is a word about the record."""
    operation = item.operation
    if isinstance(operation, BlockCall):
        return "mask" in operation.inputs
    if not isinstance(operation, Layer) or operation.call.name not in kinds:
        return False
    return "mask" in forward_inputs(kinds[operation.call.name])


def _with_mask(value: Value, mask: Flowing, source: Source, path: str) -> Value:
    """Gives a value another padding mask, or none.

    Raises SpecError `mask-form` for what is no mask of its steps.
    """
    if not isinstance(mask, Value):
        return replace(value, mask=None)
    time = 1 if value.time is None else value.time
    if mask.sample.dtype != torch.bool or mask.shape != (value.shape[0], *value.shape[time : time + 1]):
        received = f"{str(mask.sample.dtype).removeprefix('torch.')} {shown(mask.shape)}"
        facts = {"value": value.origin, "shape": shown(value.shape), "received": received}
        raise failure("mask-form", source.place, f"{path}.mask", **facts)
    channels = value.channels if value.time is not None else len(value.shape) - 1
    return replace(value, mask=replace(mask, time=1), time=time, channels=channels)


def _found(build: Build, frame: Frame, source: Source, path: str, layer: str) -> Flowing:
    if not source.path:
        if source.constant is None and not path.endswith("mask"):
            raise failure("flow-number", source.place, path, layer=layer, received="none")
        return source.constant
    return find(build, frame, source, path)


def find(build: Build, frame: Frame, source: Source, path: str) -> Found:
    """Finds a value by its path; `x` is what flows from above.

    Raises SpecError as `resolve` does.
    """
    spot = Spot(source.place, path, "")
    if source.path == FLOW:
        return frame.flowing(source.place, path)
    if source.path in (f"{FLOW}.mask", f"{FLOW}.length") and isinstance(frame.flow, Value):
        return companion(build.tape, spot, frame.flow, source.path.split(".")[1])
    return resolve(frame.names, source, path, partial(companion, build.tape, spot))


def companion(tape: Tape, spot: Spot, value: Value, part: str) -> Value:
    """Makes what travels beside a value: its padding mask, or how many steps are valid.

    `spot` is where a path asks for it. Raises SpecError `mask-missing` for a value that has no mask.
    """
    if value.mask is None:
        raise failure("mask-missing", spot.place, spot.path, value=value.origin, part=part)
    if part == "mask":
        return value.mask
    spot = replace(spot, label=f"{value.origin}.length")
    made: Value = tape.call(torch.sum, (value.mask, 1), {}, spot)
    return made


def scope_of(build: Build, frame: Frame, inflow: Inflow, item: Item) -> FormulaScope:
    """Makes what formulas of an item can see: counted names, sizes of what flows in, and what waited."""

    def size(dimension: int, name: str | None = None) -> int:
        found: Flowing = inflow.first
        if name is not None:
            source, spot = Source(name, item.place), Spot(item.place, item.path, "")
            found = resolve(frame.names, source, item.path, partial(companion, build.tape, spot))
        if not isinstance(found, Value):
            unknown_size(dimension)
        shape = found.shape
        if not -len(shape) <= dimension < len(shape) or dimension % len(shape) == 0:
            facts: dict[str, object] = {"dimension": dimension, "last": len(shape) - 1}
            facts |= {"received": shown(shape), "first": shape[1] if len(shape) > 1 else ""}
            raise failure("size-outside", item.place, item.path, **facts)
        return shape[dimension]

    return FormulaScope(build.declared, size, build.waiting)


def unknown_size(dimension: int, name: str | None = None) -> NoReturn:
    """Stands for `size(d)` where an earlier problem hides what flows in.

    Raises SpecError `size-unknown`.
    """
    raise failure("size-unknown", dimension=dimension)


def required(found: Flowing, item: Item, what: str) -> Value:
    """Takes one value; where several flow, says how one is chosen.

    Raises SpecError `flow-several`, `flow-number`.
    """
    if isinstance(found, Value):
        return found
    if isinstance(found, tuple):
        raise failure("flow-several", item.place, item.path, layer=what, count=len(found))
    received = "true or false" if isinstance(found, bool) else "a number"
    written = [*item.from_.positions, *item.from_.named.values()] if item.from_ else []
    place = next((source.place for source in written if not source.path), item.place)
    raise failure("flow-number", place, f"{item.path}.from", layer=what, received=received)


def unknown_input(item: Item, layer: str, name: str, known: Sequence[str]) -> NncliError:
    """Says that `from:` names an input that an item does not have."""
    place = item.from_.named[name].place if item.from_ and name in item.from_.named else item.place
    facts: dict[str, object] = {"layer": layer, "input": name, "nearest": nearest(name, known)}
    return failure("input-unknown", place, f"{item.path}.from.{name}", known=list(known), **facts)


def several(
    values: Sequence[Value], names: Sequence[str] = (), flow: Found = None, module: str = ""
) -> Named:
    """Names several results: by number, and by torch's names where it has them; `flow` goes on, or all."""
    results = [Named(value) for value in values]
    parts = {str(number): result for number, result in enumerate(results)}
    parts |= dict(zip(names, results, strict=False))
    return Named(flow if flow is not None else tuple(values), parts, results, module)
