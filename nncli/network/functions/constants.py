"""The `constants:` of a file, worked out once to tensors, in order and within bounds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import final

import torch

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failure
from nncli.network.calls.arguments import FormulaScope, evaluated
from nncli.network.functions.environment import Environment
from nncli.network.functions.expressions import Hidden, computed
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import MOST_VALUES, Count, DeviceOf, Value
from nncli.spec.expressions import FunctionCall, walked
from nncli.spec.functions import names_in
from nncli.spec.items import Constant
from nncli.spec.tensor_expressions import Computation

_RANDOM = names_in("Random")


def work_out_constants(
    constants: Mapping[str, Computation | None], declared: Mapping[str, Constant], problems: list[Problem]
) -> dict[str, torch.Tensor | None]:
    """Works out the constants of a file, in order; each may read those before it.

    A number becomes a tensor without axes. Tensors are float32, whole numbers or truths, on the CPU; None
    stands where a mistake hides what it would be.
    Problems: `constant-reads`, `constant-varies`, `constant-too-large`, `expression-result`, and what
    `compute` raises.
    """
    tensors: dict[str, torch.Tensor | None] = dict.fromkeys(constants)
    environment = _Constants(FormulaScope(declared))
    for name, computation in constants.items():
        environment.path = f"constants.{name}"
        if computation is None:
            environment.broken.add(name)
            continue
        try:
            _refuse_draws(computation, environment.path)
            value = environment.keep(name, computation)
        except NncliError as error:
            problems.extend(error.problems)
            environment.broken.add(name)
        else:
            tensors[name] = value
    return tensors


def _refuse_draws(computation: Computation, path: str) -> None:
    for part in walked(computation.expression):
        if isinstance(part, FunctionCall) and part.name in _RANDOM:
            raise failure("constant-varies", computation.at(part.column), path, call=part.name)


@final
class _Constants:
    """What a constant can see: the constants before it. The tape is thrown away, its samples are kept."""

    callables: Collection[str] = ()

    def __init__(self, scope: FormulaScope) -> None:
        self.tape = Tape()
        self.path = "constants"
        self.broken: set[str] = set()
        self._scope = scope
        self._values: dict[str, Value] = {}

    def keep(self, name: str, computation: Computation) -> torch.Tensor | None:
        """Works out one constant; None where an earlier mistake hides it."""
        environment: Environment = self
        try:
            result = computed(computation, environment)
        except Hidden:
            self.broken.add(name)
            return None
        spot = Spot(computation.place, self.path, name)
        if isinstance(result, (bool, int, float)):
            result = self.tape.call(torch.tensor, (result,), {}, spot)
        if not isinstance(result, Value):
            raise failure("expression-result", computation.place, self.path, text=computation.text[:60])
        if result.sample.is_meta:
            limit = f"{MOST_VALUES:,}"
            raise failure("constant-too-large", computation.place, self.path, name=name, limit=limit)
        self._values[name] = result
        # A view would keep the whole of what it was cut from.
        return result.sample.clone()

    def value(self, path: str, place: Place) -> Value | None:
        """Finds an earlier constant."""
        if path in self._values:
            return self._values[path]
        if path in self.broken:
            return None
        raise failure("constant-reads", place, self.path, name=path, known=list(self._values))

    def constant(self, value: Constant, place: Place) -> Constant:
        """Works out what waits for counts of the data; nothing flows in whose size could be read."""
        return evaluated(value, self._scope)

    def rows(self, place: Place) -> Count:
        """Refuses `batch`."""
        raise failure("constant-reads", place, self.path, name="batch", known=list(self._values))

    def device(self) -> DeviceOf | None:
        """Constants are made on the CPU and move with the module."""
        return None

    def call(
        self, name: str, arguments: tuple[object, ...], keywords: Mapping[str, object], spot: Spot
    ) -> Value:
        """Refuses networks; the parser knows none here."""
        raise failure("constant-reads", spot.place, self.path, name=name, known=list(self._values))
