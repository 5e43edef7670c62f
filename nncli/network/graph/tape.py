"""The graph as it grows: every call runs on two rows while it is recorded, so that sizes are known."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Any, Final

import einops
import torch
from torch import fx, nn

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.network.graph.more_rows import Wider, wider_call, wider_layer
from nncli.network.graph.regions import CHECKPOINT, REGION, Checkpoint, Form, Region
from nncli.network.graph.remedies import call_that_fits
from nncli.network.graph.samples import could_be_large, noded, ran, takes_long, tensors_in
from nncli.network.graph.sizing import require_room
from nncli.network.graph.upstream import ways_to
from nncli.network.graph.values import MOST_VALUES, Count, DeviceOf, Value, shown, values_in

# In the meta of a node that takes one of several results: the node that gave them.
PART_OF: Final = "part of"
# In the meta of a node that holds the padding mask of a value.
IS_MASK: Final = "mask"
# In the meta of a node that gave several results: how many.
PARTS: Final = "parts"
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

    The meta of each node has the place of its call, and its `shape` with two rows and `wider` with three.
    """

    graph: fx.Graph = field(default_factory=fx.Graph)
    root: nn.Module = field(default_factory=nn.Module)
    region: Region | None = None
    checkpoint: Checkpoint | None = None
    _told: fx.Node | None = None

    def fresh(self) -> frozenset[str]:
        """Names the nodes that were recorded since this was asked last: those of one call."""
        nodes = list(takewhile(lambda node: node is not self._told, reversed(self.graph.nodes)))
        self._told = nodes[0] if nodes else self._told
        return frozenset(node.name for node in nodes)

    @contextmanager
    def within(self, name: str, kind: str, form: Form, flow: object = None) -> Iterator[Region]:
        """Opens a region: all nodes that are recorded meanwhile belong to it. `flow` is `x` in it."""
        region = Region(name, kind, form, self.region)
        region.takes("x", flow)
        before, self.region = len(self.graph.nodes), region
        try:
            yield region
        finally:
            self.region = region.around
            self._mark(REGION, region, before)

    @contextmanager
    def checkpointed(self, name: str) -> Iterator[None]:
        """Lets all nodes that are recorded meanwhile run a second time on the way back, under one name."""
        checkpoint = Checkpoint(name, self.checkpoint)
        before, self.checkpoint = len(self.graph.nodes), checkpoint
        try:
            yield
        finally:
            self.checkpoint = checkpoint.around
            self._mark(CHECKPOINT, checkpoint, before)

    def _mark(self, key: str, value: object, before: int) -> None:
        for node in islice(reversed(self.graph.nodes), len(self.graph.nodes) - before):
            node.meta.setdefault(key, value)

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
        wider = wider_call(target, (arguments, dict(keywords)), result, (spot.place, spot.path, spot.label))
        node = self.graph.call_function(target, noded(arguments), noded(dict(keywords)))
        return self.recorded(node, result, spot, wider)

    def call_layer(
        self,
        name: str,
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
        result: object,
        spot: Spot,
    ) -> Any:
        """Records a call of a module, whose result on two rows is known. Raises SpecError `rows-fixed`."""
        where, everything = (spot.place, spot.path, spot.label), (arguments, dict(keywords))
        wider = wider_layer(self.root.get_submodule(name), everything, result, where)
        node = self.graph.call_module(name, noded(arguments), noded(dict(keywords)))
        node.meta["name"] = name
        return self.recorded(node, result, spot, wider)

    def recorded(self, node: fx.Node, result: object, spot: Spot, wider: Wider) -> Any:
        """Makes Values of what a node gave: one, or a tuple with a node for each part.

        `wider` has the shapes with three rows, in the form of the result.
        """
        node.meta.update(place=spot.place, path=spot.path, label=spot.label)
        if isinstance(result, (tuple, list)):
            node.meta[PARTS] = len(result)
            parts, shapes = [], wider if isinstance(wider, list) else [None] * len(result)
            for position, part in enumerate(result):
                if part is None:
                    continue
                own = self.graph.call_function(operator.getitem, (node, position))
                own.meta[PART_OF] = node.meta.get(PART_OF, node)
                parts.append(self.recorded(own, part, spot, shapes[position]))
            return tuple(parts)
        if not isinstance(result, torch.Tensor):
            raise failure("result-not-tensor", spot.place, spot.path, layer=spot.label)
        node.meta.update(shape=tuple(result.shape), wider=wider)
        return Value(node, result, spot.label, spot.place)

    def rows(self, value: Value) -> Count:
        """Records how many rows a value has: `batch`."""
        wider = value.wider[0] if value.wider else None
        return Count(self.graph.call_method("size", (value.node, 0)), value.shape[0], wider, value)

    def counted(self, target: Callable[..., Any], operands: tuple[Count | int, ...]) -> Count:
        """Records whole-number arithmetic on counts: `2 * batch`."""
        numbers = [each.number if isinstance(each, Count) else each for each in operands]
        more = [each.wider if isinstance(each, Count) else each for each in operands]
        wider = None if None in more else target(*more)
        counted = next(each.of for each in operands if isinstance(each, Count))
        return Count(self.graph.call_function(target, noded(operands)), target(*numbers), wider, counted)

    def device(self, value: Value) -> DeviceOf:
        """Records where a value lies, for tensors that are made beside it."""
        return DeviceOf(self.graph.call_function(getattr, (value.node, "device")))

    def attribute(self, name: str, tensor: torch.Tensor, spot: Spot) -> Value:
        """Records a Parameter or buffer of the root, or of a module in it, by its dotted name."""
        node = self.graph.get_attr(name)
        with torch.no_grad():
            found: Value = self.recorded(node, tensor.detach(), spot, tuple(tensor.shape))
        return found

    def _run(
        self,
        target: Callable[..., Any],
        arguments: tuple[object, ...],
        keywords: Mapping[str, object],
        spot: Spot,
    ) -> object:
        everything = (arguments, dict(keywords))
        on_meta = takes_long(everything)
        try:
            if not on_meta and could_be_large(everything):
                shape_only = ran(target, everything, on_meta=True)
                on_meta = sum(tensor.numel() for tensor in tensors_in(shape_only)) > MOST_VALUES
            result = ran(target, everything, on_meta=on_meta)
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
