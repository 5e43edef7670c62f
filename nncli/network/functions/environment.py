"""What a tensor expression can see where it stands, and the operators in it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Protocol

import torch

from nncli.errors import Place
from nncli.network.graph.tape import Spot, Tape
from nncli.network.graph.values import Count, DeviceOf
from nncli.network.graph.visible_values import Found
from nncli.spec.evaluation import ARITHMETIC, ORDER
from nncli.spec.items import Constant

OPERATORS: Final[Mapping[str, Callable[..., Any]]] = {
    **ARITHMETIC,
    **ORDER,
    "**": operator.pow,
    "@": torch.matmul,
    "==": operator.eq,
    "!=": operator.ne,
}
# Arithmetic on counts whose result is a whole number again.
WHOLE: Final = ("+", "-", "*", "//", "%")


class Environment(Protocol):
    """What an expression can see where it stands.

    `callables` are networks and, in training, `grad`; they hide functions of their name. None stands
    for what an earlier problem hides.
    """

    @property
    def tape(self) -> Tape:
        """The graph that grows."""

    @property
    def path(self) -> str:
        """The YAML path of what is computed."""

    @property
    def callables(self) -> Collection[str]:
        """What can be called beside functions of tensors."""

    def value(self, path: str, place: Place) -> Found:
        """Finds a value by its path; several where the path has a `*`. Raises SpecError `value-unknown`."""

    def constant(self, value: Constant, place: Place) -> Constant:
        """Works out a constant that may hold Formulas; lists as tuples."""

    def rows(self, place: Place) -> Count | None:
        """Counts the rows of what flows in."""

    def device(self) -> DeviceOf | None:
        """Says where new tensors are made; None where that is the CPU."""

    def call(
        self, name: str, arguments: tuple[object, ...], keywords: Mapping[str, object], spot: Spot
    ) -> Found:
        """Calls one of `callables`."""
