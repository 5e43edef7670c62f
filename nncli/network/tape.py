"""The graph as it grows: every call runs on two rows while it is recorded, so that sizes are known."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from math import prod
from typing import Any, Final

import einops
import torch
from torch import fx, nn

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.network.remedies import call_that_fits
from nncli.network.sizing import require_room
from nncli.network.upstream import ways_to
from nncli.network.values import MOST_VALUES, Count, DeviceOf, Value, shown, values_in

# In the meta of a node that takes one of several results: the node that gave them.
PART_OF: Final = "part of"
# In the meta of a node that holds the padding mask of a value.
IS_MASK: Final = "mask"
NOWHERE: Final = Place("", 1, 1)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a call stands in the file, and what people call it: `Linear`, or the text of an expression."""

    place: Place
    path: str
    label: str


@dataclass
class Tape:
    """One graph and the modules that it calls.

    `nodes` maps what is recorded to its shape and place: in `node.meta["shape"]`, two rows first.
    """

    graph: fx.Graph = field(default_factory=fx.Graph)
    root: nn.Module = field(default_factory=nn.Module)
    _told: fx.Node | None = None

    def fresh(self) -> frozenset[str]:
        """Names the nodes that were recorded since this was asked last: those of one call."""
        nodes = list(takewhile(lambda node: node is not self._told, reversed(self.graph.nodes)))
        self._told = nodes[0] if nodes else self._told
        return frozenset(node.name for node in nodes)

    def call(
        self,
        target: Callable[..., Any],
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
        spot: Spot,
    ) -> Any:
        """Records a call of a function of tensors, and runs it on the samples.

        `arguments` may hold Values and Counts, also inside lists, tuples, dicts and slices. Returns a
        Value without axes for a tensor, a tuple of them for several. A method of tensors is a target
        such as `torch.Tensor.expand`.
        Raises SpecError `call-refused` in torch's words, ResourceError `result-too-large`.
        """
        result = self._run(target, arguments, keywords, spot)
        node = self.graph.call_function(target, noded(arguments), noded(dict(keywords)))
        return self.recorded(node, result, spot)

    def call_layer(
        self,
        name: str,
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
        result: object,
        spot: Spot,
    ) -> Any:
        """Records a call of a module, whose result on the two rows is known."""
        node = self.graph.call_module(name, noded(arguments), noded(dict(keywords)))
        node.meta["name"] = name
        return self.recorded(node, result, spot)

    def recorded(self, node: fx.Node, result: object, spot: Spot) -> Any:
        """Makes Values of what a node gave: one, or a tuple with a node for each part."""
        node.meta.update(place=spot.place, path=spot.path, label=spot.label)
        if isinstance(result, (tuple, list)):
            parts = []
            for position, part in enumerate(result):
                if part is None:
                    continue
                own = self.graph.call_function(operator.getitem, (node, position))
                own.meta[PART_OF] = node.meta.get(PART_OF, node)
                parts.append(self.recorded(own, part, spot))
            return tuple(parts)
        if not isinstance(result, torch.Tensor):
            raise failure("result-not-tensor", spot.place, spot.path, layer=spot.label)
        node.meta["shape"] = tuple(result.shape)
        return Value(node, result, spot.label, spot.place)

    def rows(self, value: Value) -> Count:
        """Records how many rows a value has: `batch`."""
        return Count(self.graph.call_method("size", (value.node, 0)), value.shape[0])

    def counted(self, target: Callable[..., Any], operands: tuple[Count | int, ...]) -> Count:
        """Records whole-number arithmetic on counts: `2 * batch`."""
        numbers = [each.number if isinstance(each, Count) else each for each in operands]
        return Count(self.graph.call_function(target, noded(operands)), target(*numbers))

    def device(self, value: Value) -> DeviceOf:
        """Records where a value lies, for tensors that are made beside it."""
        return DeviceOf(self.graph.call_function(getattr, (value.node, "device")))

    def attribute(self, name: str, tensor: torch.Tensor, spot: Spot) -> Value:
        """Records a Parameter or buffer of the root, or of a module in it, by its dotted name."""
        node = self.graph.get_attr(name)
        with torch.no_grad():
            return self.recorded(node, tensor.detach(), spot)  # type: ignore[no-any-return]

    def _run(
        self,
        target: Callable[..., Any],
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
        spot: Spot,
    ) -> object:
        everything = (arguments, dict(keywords))
        on_meta = _takes_long(everything)
        try:
            if not on_meta and _could_be_large(everything):
                shape_only = _ran(target, everything, on_meta=True)
                on_meta = sum(tensor.numel() for tensor in tensors_in(shape_only)) > MOST_VALUES
            result = _ran(target, everything, on_meta=on_meta)
        except NncliError:
            raise
        # Whatever torch raises here comes of the shapes and arguments that the file gives.
        except Exception as error:
            raise refused(error, everything, spot) from error
        for tensor in tensors_in(result):
            require_room(tensor, spot.place, spot.path, spot.label)
        return result


def refused(error: Exception, arguments: Any, spot: Spot) -> NncliError:
    """Says in torch's words why a call does not fit what flows into it."""
    text = str(error).strip().splitlines()
    if isinstance(error, einops.EinopsError):
        # Its first line repeats the pattern; the last one says what is wrong.
        text = text[-1:]
    reason = (text[0] if text else type(error).__name__).strip().removesuffix(".")
    values = list(values_in(arguments))
    facts: dict[str, object] = {"call": spot.label, "reason": reason[:300]}
    facts["fix"] = call_that_fits(spot.label, arguments)
    facts["received"] = [f"{value.origin} {shown(value.shape)}" for value in values] or "its arguments"
    facts["flow"] = ways_to(values, spot.label, spot.place)
    return failure("call-refused", spot.place, spot.path, **facts)


def run_two_rows(
    module: nn.Module, arguments: tuple[object, ...], keywords: Mapping[str, object], *, on_meta: bool
) -> object:
    """Runs the samples through a layer in train mode, leaving generator and buffers as they were.

    Where `on_meta`, the layer is on the meta device, and its rows are put there.
    Raises what the layer raises where the sizes do not fit.
    """
    kept = [buffer.clone() for buffer in module.buffers()]
    try:
        return _ran(module, (arguments, dict(keywords)), on_meta=on_meta)
    finally:
        for buffer, before in zip(module.buffers(), kept, strict=True):
            buffer.copy_(before)


def _ran(target: Callable[..., Any], everything: tuple[Any, Any], *, on_meta: bool) -> object:
    def sample(value: object) -> object:
        if isinstance(value, Count):
            return value.number
        if isinstance(value, DeviceOf):
            return torch.device("meta" if on_meta else "cpu")
        if isinstance(value, Value):
            if on_meta:
                return value.sample.to("meta")
            # What is known by its shape alone is zeros where numbers are needed.
            return torch.zeros_like(value.sample, device="cpu") if value.sample.is_meta else value.sample
        return value

    arguments, keywords = _mapped(everything, sample)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if on_meta:
            with torch.device("meta"):
                return target(*arguments, **keywords)
        return target(*arguments, **keywords)


# Two operands of a matrix product, of cdist or outer give at most this many times their numbers.
_LARGEST_RUN: Final = MOST_VALUES


def _takes_long(everything: object) -> bool:
    """Tells whether a call could take long on the CPU: by the sizes of what it is given."""
    values = list(values_in(everything))
    sizes = [max(1, value.sample.numel()) for value in values]
    return any(value.sample.is_meta for value in values) or prod(sorted(sizes)[-2:]) > _LARGEST_RUN * 64


def _could_be_large(everything: object) -> bool:
    """Tells whether a result could be large: by the numbers in a call, which may be sizes or just numbers."""
    numbers = [abs(number) for number in _numbers(everything) if abs(number) > 1]
    sizes = [max(1, value.sample.numel()) for value in values_in(everything)]
    return prod(numbers) * max([1, *sizes]) > _LARGEST_RUN


def _numbers(value: object) -> Iterator[int]:
    if type(value) is int:
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, dict):
        yield from _numbers(list(value.values()))


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """Walks the tensors inside a result."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from tensors_in(each)


def noded(value: Any) -> Any:
    """Puts nodes in the place of Values, Counts and devices, for the arguments of a node."""
    return _mapped(value, lambda leaf: leaf.node if isinstance(leaf, (Value, Count, DeviceOf)) else leaf)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Applies a change to every leaf of nested lists, tuples, dicts and slices."""
    if type(value) in (tuple, list):
        return type(value)(_mapped(each, change) for each in value)
    if isinstance(value, dict):
        return {key: _mapped(each, change) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(*(_mapped(each, change) for each in (value.start, value.stop, value.step)))
    return change(value)
