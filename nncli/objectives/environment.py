"""What an expression of training can see: columns, results above it, networks, step and epoch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import final

import torch

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.network.calls.arguments import FormulaScope, evaluated
from nncli.network.functions.expressions import Hidden
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Count, DeviceOf, Value
from nncli.network.graph.visible_values import Found, Named
from nncli.network.items.building import build_items
from nncli.network.items.frames import Build, Frame
from nncli.network.items.inflows import Inflow, find
from nncli.network.items.structures import build_network_call
from nncli.objectives.terms import followed, gradient
from nncli.spec.items import Constant, Item, NetworkCall, Source
from nncli.spec.tensor_parsing import TRAINING_FUNCTIONS


@final
class UpdateEnvironment:
    """Sees the names of a frame; `first` is a column of the batch, whose rows and device are the batch's.

    `called` holds what the network that was called last gave, so that its outputs have their names.
    """

    def __init__(self, build: Build, frame: Frame, first: Value | None) -> None:
        self.path = ""
        self.called: Named | None = None
        self._build = build
        self._frame = frame
        self._first = first

    @property
    def tape(self) -> Tape:
        """The graph that grows."""
        return self._build.tape

    @property
    def callables(self) -> Collection[str]:
        """Networks, and the gradient of one value by another."""
        return (*self._build.networks, *TRAINING_FUNCTIONS)

    def value(self, path: str, place: Place) -> Found:
        """Finds a value by its path."""
        return find(self._build, self._frame, Source(path, place), self.path)

    def constant(self, value: Constant, place: Place) -> Constant:
        """Works out a constant that waits for counts of the data."""
        return evaluated(value, FormulaScope(self._build.declared))

    def rows(self, place: Place) -> Count | None:
        """Counts the rows of the batch."""
        return self.tape.rows(self._first) if self._first is not None else None

    def device(self) -> DeviceOf | None:
        """Says where the batch lies."""
        return self.tape.device(self._first) if self._first is not None else None

    def call(
        self, name: str, arguments: tuple[object, ...], keywords: Mapping[str, object], spot: Spot
    ) -> Found:
        """Calls a network on its own weights, or works out a gradient."""
        if name in self._build.networks:
            item = Item(NetworkCall(name), spot.place, self.path)
            named = dict(zip(keywords, self._flowing(tuple(keywords.values()), spot), strict=True))
            positions = [*self._flowing(arguments, spot)]
            for each in self._build.inputs_of(name)[len(positions) :]:
                if each not in named:
                    break
                positions.append(named.pop(each))
            inflow = Inflow(tuple(positions), named)
            self.called = build_network_call(build_items, self._build, self._frame, item, inflow)
            if self.called.value is None:
                raise Hidden
            return self.called.value
        return self._gradient(arguments, keywords, spot)

    def _flowing(self, given: tuple[object, ...], spot: Spot) -> tuple[Value, ...]:
        """Takes what stands in the brackets of a network. Raises SpecError `network-argument`."""
        for each in given:
            if not isinstance(each, Value):
                raise failure("network-argument", spot.place, self.path, name=spot.label)
        return given  # type: ignore[return-value]

    def _gradient(self, arguments: tuple[object, ...], keywords: Mapping[str, object], spot: Spot) -> Value:
        """Records `grad(y, x)`: from then on `x` is followed. Raises SpecError `gradient-form`."""
        if keywords or len(arguments) != 2 or not all(isinstance(each, Value) for each in arguments):
            raise failure("gradient-form", spot.place, self.path)
        value, of = arguments
        assert isinstance(value, Value) and isinstance(of, Value)
        graph = self.tape.graph
        with graph.inserting_after(of.node):
            node = graph.call_function(followed, (of.node,))
        node.meta.update(of.node.meta)
        of.node.replace_all_uses_with(node, lambda user: user is not node)
        made = graph.call_function(gradient, (value.node, node))
        found = self.tape.recorded(made, torch.zeros_like(of.sample), spot, of.wider)
        assert isinstance(found, Value)
        return found
