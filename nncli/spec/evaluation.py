"""The values of arithmetic expressions, with every bound checked before the work is done."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure, nearest
from nncli.spec.expressions import (
    LONGEST_TEXT,
    NUMBERS_ELSEWHERE,
    Choice,
    Comparison,
    Expression,
    FunctionCall,
    Index,
    ListOf,
    Literal,
    Name,
    Operation,
    SizeOf,
)
from nncli.spec.items import Constant

MOST_STEPS: Final = 10_000
LARGEST_INTEGER: Final = 2**63
LONGEST_LIST: Final = 10_000
MOST_NAMES_SHOWN: Final = 50
ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OF_A_NUMBER: Final[Mapping[str, Callable[[float], float]]] = {
    "abs": abs,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "round": round,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
}


class Evaluator:
    """Works out one expression; counts its steps so that nothing runs away."""

    def __init__(self, names: Mapping[str, Constant], size: Callable[..., int] | None, place: Place) -> None:
        self._names = names
        self._size = size
        self._place = place
        self._steps = 0

    def run(self, expression: Expression) -> Constant:
        """Works out the value.

        Raises SpecError `name-unknown`, `arithmetic`, `arithmetic-too-large`.
        """
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise self._too_large(expression.column, f"{MOST_STEPS:,} steps")
        value = self._value(expression)
        return self._bounded(value, expression.column)

    def _value(self, expression: Expression) -> Constant:
        if isinstance(expression, Literal):
            return expression.value
        if isinstance(expression, Name):
            return self._name(expression)
        if isinstance(expression, Choice):
            condition = self.run(expression.condition)
            return self.run(expression.first if condition else expression.second)
        if isinstance(expression, ListOf):
            return self._list([self.run(item) for item in expression.items], expression.column)
        if isinstance(expression, Comparison):
            return self._comparison(expression)
        if isinstance(expression, Index):
            return self._index(expression)
        if isinstance(expression, FunctionCall):
            return self._function(expression)
        if isinstance(expression, SizeOf):
            return self._size_of(expression)
        assert isinstance(expression, Operation), "the parser of arithmetic makes no other parts"
        return self._operation(expression)

    def _name(self, expression: Name) -> Constant:
        if expression.name in self._names:
            return self._names[expression.name]
        at = self._at(expression.column)
        known = sorted(self._names)[:MOST_NAMES_SHOWN]
        near = nearest(expression.name, (*known, "true", "false", "none"))
        facts = {"nearest": near, "number": NUMBERS_ELSEWHERE.get(expression.name, "")}
        raise failure("name-unknown", at, name=expression.name, known=known, **facts)

    def _operation(self, expression: Operation) -> Constant:
        sign = expression.sign
        if sign in ("and", "or"):
            first = self.run(expression.operands[0])
            return self.run(expression.operands[1]) if bool(first) == (sign == "and") else first
        values = [self.run(operand) for operand in expression.operands]
        if sign == "not":
            return not values[0]
        if len(values) == 1:
            number = self._number(values[0], expression.column)
            return -number if sign == "-" else +number
        return self._binary(sign, values[0], values[1], expression.column)

    def _binary(self, sign: str, first: Constant, second: Constant, column: int) -> Constant:
        if sign == "+" and isinstance(first, str) and isinstance(second, str):
            return first + second
        if sign == "+" and isinstance(first, tuple) and isinstance(second, tuple):
            return self._list((*first, *second), column)
        if sign == "*" and isinstance(first, tuple) and isinstance(second, int):
            if count_values(first) * second > LONGEST_LIST:
                raise self._too_large(column, f"{LONGEST_LIST:,} items")
            return first * second
        a, b = self._number(first, column), self._number(second, column)
        try:
            result = self._power(a, b, column) if sign == "**" else ARITHMETIC[sign](a, b)
            passes = math.isinf(result) and not (math.isinf(a) or math.isinf(b))
        except ZeroDivisionError:
            raise self._error(column, "it divides by zero") from None
        except (OverflowError, ValueError):
            raise self._too_large(column, "what a float holds") from None
        if passes:
            raise self._too_large(column, "what a float holds")
        return result

    def _power(self, base: float, exponent: float, column: int) -> float:
        if abs(base) > 1 and exponent * math.log2(abs(base)) > 1024:
            raise self._too_large(column, "what a float holds")
        result = base**exponent
        if isinstance(result, complex):
            raise self._error(column, "the root of a negative number")
        return float(result) if isinstance(result, float) else int(result)

    def _comparison(self, expression: Comparison) -> bool:
        left = self.run(expression.operands[0])
        for sign, operand in zip(expression.signs, expression.operands[1:], strict=True):
            right = self.run(operand)
            if not self._compare(sign, left, right, expression.column):
                return False
            left = right
        return True

    def _compare(self, sign: str, left: Constant, right: Constant, column: int) -> bool:
        if sign in ("==", "!="):
            return (left == right) == (sign == "==")
        if isinstance(left, str) and isinstance(right, str):
            return ORDER[sign](left, right)
        return ORDER[sign](self._number(left, column), self._number(right, column))

    def _index(self, expression: Index) -> Constant:
        value = self.run(expression.value)
        if not isinstance(value, (tuple, str)):
            raise self._error(expression.column, "only a list has an index")
        start = self._whole(expression.start, expression.column)
        stop = self._whole(expression.stop, expression.column)
        if expression.is_slice:
            return value[start:stop]
        if start is None or not -len(value) <= start < len(value):
            raise self._error(expression.column, f"the list has {len(value)} items, index {start} is outside")
        return value[start]

    def _list(self, items: Iterable[Constant], column: int) -> Constant:
        made = tuple(items)
        if count_values(made) > LONGEST_LIST:
            raise self._too_large(column, f"{LONGEST_LIST:,} items")
        return made

    def _whole(self, expression: Expression | None, column: int) -> int | None:
        if expression is None:
            return None
        value = self.run(expression)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._error(column, "an index is a whole number")
        return value

    def _function(self, expression: FunctionCall) -> Constant:
        values = [self.run(argument) for argument in expression.arguments]
        if expression.name in _OF_A_NUMBER:
            return self._of_a_number(expression.name, values, expression.column)
        if expression.name == "range":
            return self._range(values, expression.column)
        if expression.name == "len":
            if len(values) != 1 or not isinstance(values[0], (tuple, str)):
                raise self._error(expression.column, "len takes one list")
            return len(values[0])
        flat = values[0] if len(values) == 1 else tuple(values)
        if not isinstance(flat, tuple) or (expression.name == "sum" and len(values) != 1):
            numbers_too = "" if expression.name == "sum" else ", or several numbers"
            raise self._error(expression.column, f"{expression.name} takes a list{numbers_too}")
        numbers = [self._number(value, expression.column) for value in flat]
        if expression.name == "sum":
            return sum(numbers)
        if not numbers:
            raise self._error(expression.column, f"{expression.name} of nothing")
        return min(numbers) if expression.name == "min" else max(numbers)

    def _of_a_number(self, name: str, values: list[Constant], column: int) -> Constant:
        if len(values) != 1:
            raise self._error(column, f"{name} takes one number")
        number = self._number(values[0], column)
        try:
            return _OF_A_NUMBER[name](number)
        except ValueError:
            raise self._error(column, f"{name} has no value at {number:g}") from None
        except OverflowError:
            raise self._too_large(column, "what a float holds") from None

    def _range(self, values: list[Constant], column: int) -> Constant:
        bounds = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
        if len(bounds) != len(values) or not 1 <= len(bounds) <= 3 or (len(bounds) == 3 and bounds[2] == 0):
            raise self._error(column, "range takes one to three whole numbers")
        numbers = range(*bounds)
        if len(numbers) > LONGEST_LIST:
            raise self._too_large(column, f"{LONGEST_LIST:,} items")
        return tuple(numbers)

    def _size_of(self, expression: SizeOf) -> int:
        dimension = self._whole(expression.dimension, expression.column)
        if self._size is None:
            raise self._error(expression.column, "size is known only inside a network's items")
        if expression.value is None:
            return self._size(dimension)
        return self._size(dimension, expression.value)

    def _number(self, value: Constant, column: int) -> float:
        if isinstance(value, (int, float)):
            return value
        kind = "nothing" if value is None else "a word" if isinstance(value, str) else "a list"
        raise self._error(column, f"{kind} is no number")

    def _bounded(self, value: Constant, column: int) -> Constant:
        if isinstance(value, int) and not -LARGEST_INTEGER <= value < LARGEST_INTEGER:
            raise self._too_large(column, "64 bits")
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise self._too_large(column, f"{LONGEST_TEXT:,} characters")
        return value

    def _at(self, column: int) -> Place:
        return Place(self._place.file, self._place.line, column, self._place.text)

    def _error(self, column: int, reason: str) -> NncliError:
        return failure("arithmetic", self._at(column), reason=reason)

    def _too_large(self, column: int, limit: str) -> NncliError:
        return failure("arithmetic-too-large", self._at(column), limit=limit)


def count_values(value: Constant, most: int = LONGEST_LIST) -> int:
    """Counts values in lists of lists, up to one more than `most`; a short list can hold a long one often."""
    found, open_ones = 0, [value]
    while open_ones and found <= most:
        each = open_ones.pop()
        found += 1
        if isinstance(each, tuple):
            open_ones.extend(each)
        elif isinstance(each, Mapping):
            open_ones.extend(each.values())
    return found
