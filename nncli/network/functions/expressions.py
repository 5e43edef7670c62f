"""Tensor expressions, lowered onto the tape: each call one node, arithmetic on constants none."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, final

import torch

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.functions.binding import Arguments, Given
from nncli.network.functions.calls import call_function
from nncli.network.functions.environment import OPERATORS, WHOLE, Environment
from nncli.network.functions.records import carried_call
from nncli.network.graph.tape import Spot
from nncli.network.graph.values import Count, Value, values_in
from nncli.network.graph.visible_values import Found
from nncli.spec.arithmetic import Formula, evaluate
from nncli.spec.expressions import (
    OF_A_NUMBER,
    Choice,
    Comparison,
    Expression,
    FunctionCall,
    ListOf,
    Literal,
    Name,
    Operation,
    Rest,
    Slice,
    Subscript,
)
from nncli.spec.items import Constant
from nncli.spec.tensor_expressions import BATCH, Computation


class Hidden(Exception):
    """An earlier problem hides what an expression reads."""


def compute(computation: Computation, environment: Environment) -> Found:
    """Records an expression, and returns its result with what is known of it.

    Several results come from functions such as chunk; None stands where an earlier problem hides it.
    All mistakes are told at the column of the part that fails: SpecError `call-refused` with torch's
    reason and the shapes of the operands, `expression-result`, `value-several`, `index-outside`,
    `index-mask`, what functions raise (see `bind_function`), and what the environment raises.
    """
    try:
        result = computed(computation, environment)
    except Hidden:
        return None
    if isinstance(result, Value) or (isinstance(result, tuple) and result and _all_values(result)):
        return result
    raise failure("expression-result", computation.place, environment.path, text=computation.text[:60])


def computed(computation: Computation, environment: Environment) -> object:
    """Records an expression; its result may be a constant or a Count too. Raises Hidden, and as `compute`."""
    return _Lowering(computation, environment).run(computation.expression)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _all_values(parts: tuple[object, ...]) -> bool:
    return all(isinstance(part, Value) for part in parts)


@final
class _Lowering:
    """Walks down one expression."""

    def __init__(self, computation: Computation, environment: Environment) -> None:
        self._computation = computation
        self._environment = environment
        self._tape = environment.tape

    def run(self, expression: Expression) -> Any:
        """Works out a part."""
        if isinstance(expression, Literal):
            return self._literal(expression.value, expression.column)
        if isinstance(expression, Name):
            return self._name(expression)
        if isinstance(expression, Choice):
            return self.run(expression.first if self._condition(expression) else expression.second)
        if isinstance(expression, ListOf):
            return self._flat([self.run(item) for item in expression.items])
        if isinstance(expression, Comparison):
            return self._comparison(expression)
        if isinstance(expression, Subscript):
            return self._subscript(expression)
        if isinstance(expression, FunctionCall):
            return self._call(expression)
        assert isinstance(expression, Operation), "the parser makes no other parts"
        return self._operation(expression)

    def _spot(self, column: int, label: str) -> Spot:
        return Spot(self._computation.at(column), self._environment.path, label)

    def _error(self, code: str, column: int, **facts: object) -> NncliError:
        return failure(code, self._computation.at(column), self._environment.path, **facts)

    def _literal(self, value: Constant, column: int) -> object:
        if isinstance(value, (Formula, tuple, Mapping)):
            return self._environment.constant(value, self._computation.at(column))
        return value

    def _name(self, expression: Name) -> Any:
        place = self._computation.at(expression.column)
        if expression.name == BATCH:
            return self._known(self._environment.rows(place))
        try:
            return self._known(self._environment.value(expression.name, place))
        except NncliError as error:
            is_unknown = any(problem.code == "value-unknown" for problem in error.problems)
            if is_unknown and expression.name in self._computation.constants:
                raise self._error("dollar-missing", expression.column, name=expression.name) from None
            raise

    def _known(self, found: Found | Count) -> Any:
        if found is None:
            raise Hidden
        return found

    def _condition(self, expression: Choice) -> bool:
        condition = self.run(expression.condition)
        if isinstance(condition, (Value, Count, tuple)):
            raise self._error("condition-varies", expression.condition.column)
        return bool(condition)

    def _flat(self, items: list[Any]) -> tuple[Any, ...]:
        """Puts the values of `layers.*.skip` into the list itself."""
        flat: list[Any] = []
        for item in items:
            several = isinstance(item, tuple) and item and _all_values(item)
            flat.extend(item if several else [item])
        return tuple(flat)

    def _operation(self, expression: Operation) -> Any:
        operands = [self._operand(each) for each in expression.operands]
        sign, column = expression.sign, expression.column
        if len(operands) == 1:
            return self._signed(sign, operands[0], column)
        return self._binary(sign, operands, column)

    def _operand(self, expression: Expression) -> Any:
        value = self.run(expression)
        if isinstance(value, tuple):
            several = [each for each in value if isinstance(each, Value)]
            name = several[0].origin if several else "the list"
            raise self._error("value-several", expression.column, count=len(value), name=name)
        if value is None or isinstance(value, str):
            raise self._error("operand-kind", expression.column, received="none" if value is None else value)
        return value

    def _signed(self, sign: str, operand: Any, column: int) -> Any:
        if sign == "+":
            return operand
        if isinstance(operand, Value):
            return self._called(operator.neg, "-", (operand,), column)
        if isinstance(operand, Count):
            return self._tape.counted(operator.neg, (operand,))
        return self._folded(Operation(sign, (Literal(operand, column),), column))

    def _binary(self, sign: str, operands: list[Any], column: int) -> Any:
        target = OPERATORS[sign]
        if any(isinstance(operand, Value) for operand in operands):
            return self._called(target, sign, tuple(operands), column)
        if any(isinstance(operand, Count) for operand in operands):
            return self._counted(sign, operands, column)
        literals = tuple(Literal(operand, column) for operand in operands)
        if sign == "@":
            raise self._error("operand-kind", column, received=operands[0])
        if sign[0] in "=!<>":
            return self._folded(Comparison((sign,), literals, column))
        return self._folded(Operation(sign, literals, column))

    def _called(self, target: Callable[..., Any], name: str, operands: tuple[Any, ...], column: int) -> Any:
        return carried_call(self._tape, target, operands, {}, self._spot(column, name))

    def _folded(self, expression: Expression) -> Constant:
        return evaluate(expression, {}, None, self._computation.place)

    def _counted(self, sign: str, operands: list[Any], column: int) -> Count:
        whole = all(isinstance(each, Count) or type(each) is int for each in operands)
        if not whole or sign not in WHOLE or operands[1] == 0:
            raise self._error("count-arithmetic", column, sign=sign)
        return self._tape.counted(OPERATORS[sign], tuple(operands))

    def _comparison(self, expression: Comparison) -> Any:
        operands = [self._operand(each) for each in expression.operands]
        result: Any = None
        for sign, left, right in zip(expression.signs, operands, operands[1:], strict=False):
            found = self._binary(sign, [left, right], expression.column)
            result = found if result is None else self._both(result, found, expression.column)
        return result

    def _both(self, first: Any, second: Any, column: int) -> Any:
        """Joins two links of `a < b < c`."""
        if not isinstance(first, Value):
            return second if first else first
        if not isinstance(second, Value):
            return first if second else second
        return self._called(torch.logical_and, "and", (first, second), column)

    def _subscript(self, expression: Subscript) -> Any:
        value = self.run(expression.value)
        parts = tuple(self._part(part) for part in expression.parts)
        column = expression.column
        if isinstance(value, tuple):
            return self._picked(value, parts, column)
        if not isinstance(value, Value):
            raise self._error("operand-kind", expression.value.column, received=value)
        for part, written in zip(parts, expression.parts, strict=True):
            if isinstance(part, Value) and not part.is_index:
                raise self._error("index-kind", written.column, received=part.origin)
            if isinstance(part, Value) and part.sample.dtype is torch.bool:
                raise self._error("index-mask", written.column)
        return self._called(operator.getitem, "[…]", (value, parts if len(parts) > 1 else parts[0]), column)

    def _part(self, part: Expression) -> Any:
        if isinstance(part, Rest):
            return Ellipsis
        if isinstance(part, Slice):
            return slice(*(self._bound(each) for each in (part.start, part.stop, part.step)))
        value = self.run(part)
        if isinstance(value, (bool, float, str)):
            raise self._error("index-kind", part.column, received=value)
        # To torch a tuple is an index of several axes.
        return list(value) if isinstance(value, tuple) else value

    def _bound(self, expression: Expression | None) -> Any:
        value = None if expression is None else self.run(expression)
        if expression is not None and type(value) is not int and not isinstance(value, Count):
            raise self._error("index-kind", expression.column, received="a bound that is no whole number")
        return value

    def _picked(self, value: tuple[Any, ...], parts: tuple[Any, ...], column: int) -> Any:
        """Picks one of several results, or of a list."""
        if len(parts) != 1 or type(parts[0]) is not int:
            raise self._error("value-several", column, count=len(value), name="what is indexed")
        if not -len(value) <= parts[0] < len(value):
            raise self._error("index-outside", column, index=parts[0], count=len(value))
        return value[parts[0]]

    def _call(self, expression: FunctionCall) -> Any:
        name, spot = expression.name, self._spot(expression.column, expression.name)
        arguments = [self.run(each) for each in expression.arguments]
        keywords = {each.name: self.run(each.value) for each in expression.keywords}
        if name in self._environment.callables:
            return self._environment.call(name, tuple(arguments), keywords, spot)
        if name in OF_A_NUMBER and len(arguments) == 1 and _is_number(arguments[0]) and not keywords:
            literal = Literal(arguments[0], expression.arguments[0].column)
            return self._folded(FunctionCall(name, (literal,), expression.column))
        if name in ("min", "max") and len(arguments) == 2 and not keywords:
            limited = self._limited(expression, arguments)
            if limited is not None:
                return limited
        positions = tuple(
            Given(value, self._computation.at(each.column))
            for value, each in zip(arguments, expression.arguments, strict=True)
        )
        named = {
            each.name: Given(
                keywords[each.name],
                self._computation.at(each.value.column),
                self._computation.at(each.column),
            )
            for each in expression.keywords
        }
        needs_device = not any(values_in([*arguments, *keywords.values()]))
        device = self._environment.device() if needs_device else None
        return call_function(Arguments(positions, named), self._tape, spot, device).result

    def _limited(self, expression: FunctionCall, arguments: list[Any]) -> Any:
        """Works out `min(1, step / 5000)`: of two numbers, or of a number and a value. None for all else."""
        number, other = arguments
        column, name = expression.column, expression.name
        if not isinstance(number, (int, float)):
            return None
        if isinstance(other, (int, float)):
            return self._folded(FunctionCall(name, (Literal(number, column), Literal(other, column)), column))
        if not isinstance(other, Value):
            return None
        limits = {"max" if name == "min" else "min": Given(number, self._computation.at(column))}
        given = Arguments((Given(other, self._computation.at(column)),), limits)
        return call_function(given, self._tape, self._spot(column, "clamp")).result
