"""Calls of functions of tensors, bound to the overload that fits them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from nncli.errors import NncliError, Place, Problem
from nncli.messages.catalogue import failures, nearest
from nncli.network.calls.arguments import FormulaScope, evaluated
from nncli.network.calls.signatures import Parameter
from nncli.network.functions.signatures import (
    Overload,
    accepts,
    function_named,
    overloads_of,
    received,
    takes_list,
    takes_tensor,
    takes_tensors,
    wanted,
)
from nncli.network.graph.values import Value
from nncli.spec.items import Argument, Call

# Functions of two values that also take more: the result so far with the next one, in order.
CHAINED: Final = frozenset({"add", "mul", "maximum", "minimum", "logical_and", "logical_or"})
# Where torch takes axis 0 if nothing is said, which is that of the rows.
_AXES: Final = frozenset({"dim", "start_dim", "dim1"})

# What may flow into a function: a value, or a number where `from:` says it.
Operand: TypeAlias = "Value | bool | int | float"


@dataclass(frozen=True, slots=True)
class Given:
    """One argument with its value: a constant, a Value, a Count, or a tuple of such.

    `is_name` marks a word that is also the name of a constant.
    """

    value: Any
    place: Place
    key_place: Place | None = None
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a function is called with. `flow` fills the parameters for tensors, `named` those of a name."""

    positions: tuple[Given, ...] = ()
    keywords: Mapping[str, Given] = field(default_factory=dict)
    flow: tuple[Operand, ...] = ()
    named: Mapping[str, Operand] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BoundFunction:
    """A function with what it is called with, in the form in which torch takes it.

    `results` are the names of several results, empty where torch has none.
    """

    target: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    results: tuple[str, ...] = ()
    makes_tensors: bool = False


def arguments_of(
    call: Call, flow: Sequence[Operand], named: Mapping[str, Operand], scope: FormulaScope, path: str
) -> Arguments:
    """Works out the arguments of an item: what flows in, and what the call says.

    Raises SpecError with every problem of its formulas.
    """
    problems: list[Problem] = []
    values: dict[str | int, Given] = {}
    everything: list[tuple[str | int, Argument]] = [*enumerate(call.positions), *call.keywords.items()]
    for key, argument in everything:
        try:
            value = evaluated(argument.value, scope)
            values[key] = Given(value, argument.place, argument.key_place, argument.is_name)
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    positions = tuple(values[position] for position in range(len(call.positions)))
    return Arguments(positions, {name: values[name] for name in call.keywords}, tuple(flow), dict(named))


def bind_function(name: str, arguments: Arguments, place: Place, path: str) -> BoundFunction:
    """Finds the first overload that takes these arguments.

    Positions run over what no flowing value fills. A list that fits no positions is one argument:
    `permute: [0, 2, 1]`, `randn(batch, 100)`.
    Raises SpecError with every problem of the overload that fits best: `argument-unknown`,
    `argument-missing`, `argument-repeated`, `argument-type`, `too-many-arguments`, `inputs-count`,
    `axis-missing`.
    """
    overloads = overloads_of(name)
    _refuse_unknown(name, overloads, arguments, place, path)
    attempts: list[_Attempt] = []
    for packed in (False, True):
        for overload in overloads:
            attempt = _Attempt(name, overload, arguments, place, path)
            attempt.run(packed=packed)
            if not attempt.problems:
                attempt.require_axis()
                return attempt.bound()
            attempts.append(attempt)
    best = min(
        attempts, key=lambda attempt: (len(attempt.problems), attempt.problems[0].code != "argument-type")
    )
    raise failures(best.problems)


def is_demanded_axis(parameter: Parameter) -> bool:
    """Tells whether an axis has to be written: torch's default is that of the rows."""
    return parameter.name in _AXES and parameter.text.endswith("=0")


def _refuse_unknown(
    name: str, overloads: Sequence[Overload], arguments: Arguments, place: Place, path: str
) -> None:
    known = {parameter.name for overload in overloads for parameter in overload.parameters}
    signature = str(overloads[-1].signature)
    problems = []
    for keyword in [*arguments.keywords, *arguments.named]:
        if keyword not in known:
            given = arguments.keywords.get(keyword)
            at = (given.key_place or given.place) if given else place
            elsewhere = "dim" if keyword in ("axis", "axes") and "dim" in known else ""
            facts = {"call": name, "argument": keyword, "nearest": elsewhere or nearest(keyword, known)}
            facts |= {"signature": signature, "word": ""}
            problems.append(Problem("argument-unknown", at, f"{path}.{keyword}", facts))
    if problems:
        raise failures(problems)


class _Attempt:
    """One overload, tried on the arguments of one call."""

    def __init__(self, name: str, overload: Overload, arguments: Arguments, place: Place, path: str) -> None:
        self.problems: list[Problem] = []
        self._name, self._overload, self._arguments = name, overload, arguments
        self._place, self._path = place, path
        self._given: dict[str, Any] = {}
        self._by_keyword: set[str] = set()

    def run(self, *, packed: bool) -> None:
        """Gives every argument its parameter; what does not fit is in `problems`."""
        self._take_flow()
        self._take_positions(packed=packed)
        for name, given in self._arguments.keywords.items():
            parameter = self._overload.signature.parameter(name)
            facts: dict[str, object] = {"call": self._name, "argument": name}
            if parameter is None:
                # Another overload has it.
                facts |= {"nearest": "", "word": "", "signature": str(self._overload.signature)}
                self._add("argument-unknown", given.key_place or given.place, facts)
            elif name in self._given:
                self._add("argument-repeated", given.key_place or given.place, facts)
            else:
                self._by_keyword.add(name)
                self._take(parameter, given)
        missing = [p.name for p in self._overload.parameters if p.required and p.name not in self._given]
        if missing:
            needs = {"call": self._name, "missing": missing, "signature": str(self._overload.signature)}
            is_second = missing == ["other"] and bool(self._arguments.flow)
            needs["example"] = "`from: [x, NAME]` below it" if is_second else ""
            self._add("argument-missing", self._place, needs)

    def require_axis(self) -> None:
        """Refuses to take axis 0 for granted: it is that of the rows."""
        for parameter in self._overload.parameters:
            name = parameter.name
            if is_demanded_axis(parameter) and name not in self._given:
                reason = "torch would take axis 0, which is that of the rows"
                facts = {"call": self._name, "argument": name, "reason": reason}
                self._add("axis-missing", self._place, facts)
        if self._name == "squeeze" and "dim" not in self._given:
            reason = "torch would take every axis of 1, that of a batch of one row too"
            facts = {"call": self._name, "argument": "dim", "reason": reason}
            self._add("axis-missing", self._place, facts)
        if self.problems:
            raise failures(self.problems)

    def bound(self) -> BoundFunction:
        """Puts the arguments into the form of a call: positions as far as they follow each other."""
        positions: list[Any] = []
        keywords: dict[str, Any] = {}
        for number, parameter in enumerate(self._overload.parameters):
            name = parameter.name
            if name not in self._given:
                continue
            # Methods have no name for the tensor whose they are.
            follows = len(positions) == number and not parameter.keyword_only
            if follows and (number == 0 or name not in self._by_keyword):
                positions.append(self._given[name])
            else:
                keywords[name] = self._given[name]
        return BoundFunction(
            function_named(self._name),
            tuple(positions),
            keywords,
            self._overload.results,
            self._overload.makes_tensors,
        )

    def _add(self, code: str, place: Place, facts: Mapping[str, object]) -> None:
        self.problems.append(Problem(code, place, self._path, facts))

    def _take_flow(self) -> None:
        for name, value in self._arguments.named.items():
            if self._overload.signature.parameter(name) is None:
                facts = {"layer": self._name, "takes": "something else", "given": f"{name} flows in"}
                self._add("inputs-count", self._place, facts)
            self._given[name] = value
        flow = list(self._arguments.flow)
        for parameter in self._overload.parameters:
            if not flow:
                return
            if parameter.name in self._given or parameter.name in self._arguments.keywords:
                continue
            if takes_tensors(parameter.annotation):
                self._given[parameter.name] = tuple(flow)
                flow = []
            elif accepts(flow[0], parameter.annotation) and _may_flow(flow[0], parameter):
                self._given[parameter.name] = flow.pop(0)
        if flow:
            count = len(self._arguments.flow)
            most = count - len(flow)
            facts = {
                "layer": self._name,
                "takes": f"{most} value{'s' if most != 1 else ''}",
                "given": f"{count} flow in",
                "signature": str(self._overload.signature),
            }
            self._add("inputs-count", self._place, facts)

    def _take_positions(self, *, packed: bool) -> None:
        is_item = bool(self._arguments.flow or self._arguments.named)
        open_ones = [
            parameter
            for parameter in self._overload.parameters
            if parameter.name not in self._given
            and not parameter.keyword_only
            and not (is_item and takes_tensor(parameter.annotation))
        ]
        positions = list(self._arguments.positions)
        if packed:
            positions = _packed(positions, open_ones)
        if len(positions) > len(open_ones):
            facts = {"call": self._name, "given": len(positions), "most": len(open_ones)}
            facts["signature"] = str(self._overload.signature)
            self._add("too-many-arguments", positions[len(open_ones)].place, facts)
        for parameter, given in zip(open_ones, positions, strict=False):
            self._take(parameter, given)

    def _take(self, parameter: Parameter, given: Given) -> None:
        self._given[parameter.name] = given.value
        if not accepts(given.value, parameter.annotation):
            facts: dict[str, object] = {"call": self._name, "argument": parameter.name, "filled": []}
            facts |= {"received": received(given.value), "expected": wanted(parameter.annotation)}
            facts |= {"instead": _instead(self._name, parameter, given)}
            if parameter.name == "other" and isinstance(given.value, str) and self._arguments.flow:
                facts["instead"] = f"values are named below it: `from: [x, {given.value}]`"
            self._add("argument-type", given.place, facts)


def _instead(call: str, parameter: Parameter, given: Given) -> str:
    """Says what to write in the place of an argument of another type; empty where nobody knows."""
    value = given.value
    if isinstance(value, tuple) and any(isinstance(each, Value) for each in value):
        return "`- add` with `from:` adds several values, `cat` and `stack` put them together"
    if given.is_name:
        return f"write `${value}`: without `$` it is the word"
    if isinstance(value, tuple) and "batch" in value:
        return f"-1 stands for the batch here: `{call}: {list(value)}`".replace("'batch'", "-1")
    if type(value) in (int, float) and takes_tensor(parameter.annotation):
        return f"`full([1], {value})` makes a value of a number"
    return ""


def _may_flow(value: Operand, parameter: Parameter) -> bool:
    """Keeps numbers that flow away from options such as alpha."""
    return isinstance(value, Value) or not parameter.keyword_only


def _packed(positions: list[Given], parameters: Sequence[Parameter]) -> list[Given]:
    """Takes positions from the first parameter for a list on as that list."""
    first = next((n for n, p in enumerate(parameters) if takes_list(p.annotation)), None)
    rest = positions[first:] if first is not None else []
    if not rest or any(isinstance(given.value, tuple) for given in rest):
        return positions
    return [*positions[:first], Given(tuple(given.value for given in rest), rest[0].place)]
