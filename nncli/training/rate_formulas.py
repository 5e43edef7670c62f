"""Formulas of a schedule: the language's arithmetic where torch's schedulers call a function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, final

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure, failures
from nncli.spec.argument_types import shown_argument
from nncli.spec.arithmetic import evaluate
from nncli.spec.expressions import free_names
from nncli.spec.items import Call
from nncli.spec.optimising import Pace
from nncli.spec.parsing import parse

FACTOR: Final = "lr_lambda"
"""The argument of LambdaLR and MultiplicativeLR: what rates are multiplied with."""
_SCALE: Final = "scale_fn"
FORMULAS: Final = (FACTOR, _SCALE)
"""The arguments of torch's schedulers that a formula stands for."""
_COUNTED_BY_CYCLE: Final = "x"


@final
class RateFormula:
    """A formula as the function that torch calls with a count, which has the name `count` in it.

    With `is_factor` its value is what a rate is multiplied with, and no less than zero.
    """

    def __init__(self, text: str, count: str, place: Place, path: str, *, is_factor: bool) -> None:
        self._count = count
        self._is_factor = is_factor
        # A text that `$name` came into does not stand there as it is, and no column can be told.
        column = place.text.find(text, place.column - 1) + 1
        self._stands_there = column > 0
        self._place = replace(place, column=column) if column else place
        self._path = path
        try:
            self._expression = parse(text, self._place)
        except NncliError as error:
            raise self._placed(error) from error
        self.reads = free_names(self._expression)

    def __call__(self, count: float) -> float:
        """Works out the value at a count. Raises SpecError `schedule-negative`, and as `evaluate` does."""
        try:
            value = evaluate(self._expression, {self._count: count}, None, self._place)
        except NncliError as error:
            raise self._placed(error) from error
        at = f"{self._count} {count}"
        if not isinstance(value, (bool, int, float)):
            reason = f"at {at} it is {shown_argument(value)}, and no number"
            raise failure("arithmetic", self._place, self._path, reason=reason)
        if self._is_factor and value < 0:
            facts = {"argument": FACTOR, "value": f"{value:g}", "at": at}
            raise failure("schedule-negative", self._place, self._path, **facts)
        return value

    def _placed(self, error: NncliError) -> NncliError:
        problems = [
            replace(each, path=self._path, place=each.place if self._stands_there else self._place)
            for each in error.problems
        ]
        return failures(problems)


def with_formulas(call: Call, arguments: Mapping[str, Any], path: str, per: Pace) -> dict[str, Any]:
    """Makes functions of the formulas among the arguments of a scheduler, which counts by `per`.

    Raises SpecError: `argument-type`, `schedule-unfit`, and what parsing raises.
    """
    made = dict(arguments)
    for name, count in ((FACTOR, per), (_SCALE, _COUNTED_BY_CYCLE)):
        given = made.get(name)
        if given is None:
            continue
        here = f"{path}.{name}"
        if not isinstance(given, tuple):
            made[name] = _formula(call, name, given, _place(call, name, given), (count, here))
            continue
        # A list of positions has a place for each of them.
        places = [each.place for each in call.positions]
        if len(places) != len(given):
            places = [_place(call, name, given)] * len(given)
        made[name] = [
            _formula(call, name, value, place, (count, f"{here}.{number}"))
            for number, (value, place) in enumerate(zip(given, places, strict=True))
        ]
    return made


def _formula(call: Call, name: str, value: object, place: Place, where: tuple[str, str]) -> RateFormula:
    count, path = where
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        facts = {"call": call.name, "argument": name, "received": shown_argument(value)}
        raise failure("argument-type", place, path, **facts, expected="a formula or a number")
    formula = RateFormula(str(value), count, place, path, is_factor=name == FACTOR)
    other = {"epoch": "step", "step": "epoch"}.get(count, "")
    if other and other in formula.reads:
        instead = f"write `{count}`, or `per: {other}` beside {call.name}: then it counts {other}s"
        raise failure("schedule-unfit", place, path, scheduler=call.name, instead=instead)
    return formula


def _place(call: Call, name: str, value: object) -> Place:
    if name in call.keywords:
        return call.keywords[name].place
    return next((each.place for each in call.positions if each.value == value), call.place)
