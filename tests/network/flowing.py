"""Values that flow without a file: a tape with inputs, and an environment around it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import fx

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure, hint_of, message_of
from nncli.network.calls.arguments import EMPTY_SCOPE, evaluated
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Count, DeviceOf, Value
from nncli.spec.arithmetic import substitute
from nncli.spec.items import Argument, Call, Constant
from nncli.spec.tensor_expressions import Computation
from nncli.spec.tensor_parsing import parse_computation

# Expressions of tests start here, so that a column of the file is one of the text and 10 more.
LINE = "  compute: "
PLACE = Place("a.yaml", 7, len(LINE) + 1, LINE)
CONSTANTS: dict[str, Constant] = {
    "width": 3,
    "flag": True,
    "off": False,
    "mode": "nearest",
    "pair": (1, 2),
    "i": 1,
}


class Flow:
    """Inputs on a tape, as an environment of expressions."""

    def __init__(self, callables: Collection[str] = (), **tensors: torch.Tensor) -> None:
        self.tape = Tape()
        self.path = "network.0.compute"
        self.callables = callables
        self.tensors = tensors
        self.values: dict[str, Value | tuple[Value, ...]] = {}
        for name, tensor in tensors.items():
            node = self.tape.graph.placeholder(name)
            self.values[name] = Value(node, tensor, name, PLACE)

    def one(self, name: str) -> Value:
        found = self.values[name]
        assert isinstance(found, Value)
        return found

    def record(self, name: str, **facts: Any) -> None:
        self.values[name] = replace(self.one(name), **facts)

    def value(self, path: str, place: Place) -> Value | tuple[Value, ...]:
        if path not in self.values:
            raise failure("value-unknown", place, self.path, name=path, nearest="", known=list(self.values))
        return self.values[path]

    def constant(self, value: Constant, place: Place) -> object:
        return evaluated(value, replace(EMPTY_SCOPE, size=lambda dimension: 40 + dimension))

    def rows(self, place: Place) -> Count:
        return self.tape.rows(self.one("x"))

    def device(self) -> DeviceOf | None:
        return self.tape.device(self.one("x"))

    def call(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any], spot: Spot) -> Any:
        return self.tape.call(torch.neg, arguments, keywords, spot)

    def ran(self, result: Any, **tensors: torch.Tensor) -> Any:
        """Runs what is recorded, on the inputs or on others."""
        self.tape.graph.output(
            tuple(each.node for each in result) if isinstance(result, tuple) else result.node
        )
        module = fx.GraphModule(self.tape.root, self.tape.graph)
        return module(**{**self.tensors, **tensors})


def parsed(text: str, also: Collection[str] = ()) -> Computation:
    place = replace(PLACE, text=LINE + text)
    return parse_computation(
        text, place, lambda part, at: substitute(part, at, CONSTANTS, ("classes",)), also, CONSTANTS
    )


def call(name: str, *positions: Constant, **keywords: Constant) -> Call:
    place = replace(PLACE, text=f"{LINE}{name}")
    return Call(
        name,
        place,
        tuple(Argument(value, place) for value in positions),
        {key: Argument(value, place) for key, value in keywords.items()},
    )


def spot_of(item: Call) -> Spot:
    return Spot(item.place, "network.0", item.name)


def told(error: NncliError) -> tuple[str, int, str]:
    """Returns the code of the first problem, its column in the text, and all its words."""
    problem = error.problems[0]
    assert problem.place is not None and problem.place.line == PLACE.line
    return problem.code, problem.place.column - len(LINE), f"{message_of(problem)}; {hint_of(problem)}"
