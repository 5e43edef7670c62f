"""The grammar of arithmetic: text to the tree of expressions.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.spec.expressions import (
    FUNCTIONS,
    LONGEST_TEXT,
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
    depth,
)
from nncli.spec.scalars import is_too_large

# What Python calls a function.
_ELSEWHERE: Final = {"int": "floor", "fabs": "abs"}
MOST_NESTING: Final = 40
# The evaluator walks down the tree; a chain such as 1 + 1 + 1 is as deep as it is long.
MOST_DEPTH: Final = 100
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)"
    r"|(?P<string>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>\*\*|//|==|!=|<=|>=|[-+*/%<>()\[\],:]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign; `column` counts from 1 in the line."""

    kind: str
    text: str
    column: int


def parse(text: str, place: Place, offset: int = 0) -> Expression:
    """Parses an expression that starts `offset` characters after a place.

    Raises SpecError `expression-syntax` at the column of what does not fit.
    """
    return Parser(text, place, offset).whole()


class Parser:
    """Precedence climbing over the tokens, as in Python's grammar; that of tensors has more words."""

    LEVELS: ClassVar[tuple[tuple[str, ...], ...]] = (("+", "-"), ("*", "/", "//", "%"))

    def __init__(self, text: str, place: Place, offset: int) -> None:
        self._place = place
        if len(text) > LONGEST_TEXT:
            raise self._error(place.column, f"it is longer than {LONGEST_TEXT:,} characters")
        self._tokens = list(self._read(text, place.column + offset))
        self._position = 0
        self._depth = 0
        self._end = place.column + offset + len(text)

    def _read(self, text: str, start: int) -> Iterator[Token]:
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if not found or not found.lastgroup:
                at = end - len(text[position:end].lstrip())
                raise self._error(start + at, f"`{text[at]}` does not belong here")
            word = found.group(found.lastgroup)
            yield Token(found.lastgroup, word, start + found.start(found.lastgroup))
            position = found.end()

    def _error(self, column: int, reason: str, write: str = "") -> NncliError:
        return failure("expression-syntax", self._at(column), reason=reason, write=write)

    def _at(self, column: int) -> Place:
        return Place(self._place.file, self._place.line, column, self._place.text)

    def _peek(self) -> str:
        return self._tokens[self._position].text if self._position < len(self._tokens) else ""

    def _column(self) -> int:
        return self._tokens[self._position].column if self._position < len(self._tokens) else self._end

    def _take(self, text: str) -> bool:
        if self._peek() == text:
            self._position += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            found = f"`{self._peek()}`" if self._peek() else "the end"
            raise self._error(self._column(), f"expected `{text}`, found {found}")

    def whole(self) -> Expression:
        """Parses all tokens."""
        expression = self._choice()
        if self._peek():
            raise self._error(self._column(), f"`{self._peek()}` does not belong here")
        if depth(expression) > MOST_DEPTH:
            raise self._error(expression.column, f"its parts are more than {MOST_DEPTH} deep")
        return expression

    def _choice(self) -> Expression:
        self._depth += 1
        if self._depth > MOST_NESTING:
            raise self._error(self._column(), f"nested more than {MOST_NESTING} deep")
        column = self._column()
        value = self._or()
        if self._take("if"):
            condition = self._or()
            self._need("else")
            value = Choice(condition, value, self._choice(), column)
        self._depth -= 1
        return value

    def _or(self) -> Expression:
        column = self._column()
        value = self._and()
        while self._take("or"):
            value = Operation("or", (value, self._and()), column)
        return value

    def _and(self) -> Expression:
        column = self._column()
        value = self._not()
        while self._take("and"):
            value = Operation("and", (value, self._not()), column)
        return value

    def _not(self) -> Expression:
        column = self._column()
        count = 0
        while self._take("not"):
            count += 1
        value = self._comparison()
        for _ in range(count):
            value = Operation("not", (value,), column)
        return value

    def _comparison(self) -> Expression:
        column = self._column()
        operands: list[Expression] = [self._binary(0)]
        signs: list[str] = []
        while self._peek() in ("==", "!=", "<", "<=", ">", ">="):
            signs.append(self._peek())
            self._position += 1
            operands.append(self._binary(0))
        return Comparison(tuple(signs), tuple(operands), column) if signs else operands[0]

    def _binary(self, level: int) -> Expression:
        if level == len(self.LEVELS):
            return self._unary()
        column = self._column()
        value = self._binary(level + 1)
        while self._peek() in self.LEVELS[level]:
            sign = self._peek()
            self._position += 1
            value = Operation(sign, (value, self._binary(level + 1)), column)
        return value

    def _unary(self) -> Expression:
        column = self._column()
        signs = []
        while self._peek() in ("-", "+"):
            signs.append(self._peek())
            self._position += 1
        value = self._power()
        for sign in reversed(signs):
            value = Operation(sign, (value,), column)
        return value

    def _power(self) -> Expression:
        column = self._column()
        value = self._postfix()
        if self._take("**"):
            # As in Python, ** binds tighter than a sign before it and looser than one after it.
            self._depth += 1
            if self._depth > MOST_NESTING:
                raise self._error(column, f"nested more than {MOST_NESTING} deep")
            value = Operation("**", (value, self._unary()), column)
            self._depth -= 1
        return value

    def _postfix(self) -> Expression:
        value = self._atom()
        while self._peek() == "[":
            column = self._column()
            self._take("[")
            start = None if self._peek() == ":" else self._choice()
            is_slice = self._take(":")
            stop = None if not is_slice or self._peek() == "]" else self._choice()
            self._need("]")
            value = Index(value, start, stop, is_slice, column)
        return value

    def _atom(self) -> Expression:
        column = self._column()
        if self._position >= len(self._tokens):
            raise self._error(column, "the expression ends too early")
        token = self._tokens[self._position]
        self._position += 1
        if token.kind == "number":
            return Literal(self._number(token), column)
        if token.kind == "string":
            return Literal(token.text[1:-1], column)
        if token.text == "(":
            value = self._choice()
            self._need(")")
            return value
        if token.text == "[":
            return ListOf(self._list("]"), column)
        if token.kind != "name":
            raise self._error(column, f"`{token.text}` does not belong here")
        return self._word(token)

    def _number(self, token: Token) -> int | float:
        if is_too_large(token.text):
            raise self._error(token.column, "the number is too large")
        return int(token.text) if token.text.isdigit() else float(token.text)

    def _word(self, token: Token) -> Expression:
        constants = {"true": True, "false": False, "none": None}
        if token.text in constants:
            return Literal(constants[token.text], token.column)
        if token.text in ("if", "else", "and", "or", "not"):
            raise self._error(token.column, f"`{token.text}` does not belong here")
        if not self._take("("):
            return Name(token.text, token.column)
        if token.text == "size":
            return self._size(token)
        if token.text not in FUNCTIONS:
            known, last = ", ".join((*FUNCTIONS, "size")), token.text.rpartition(".")[2]
            meant = _ELSEWHERE.get(last, last if last in FUNCTIONS else "")
            reason = f"there is no function `{token.text}`; there are {known}"
            raise self._error(token.column, reason, f"`{meant}(…)`" if meant else "")
        return FunctionCall(token.text, self._list(")"), token.column)

    def _size(self, token: Token) -> Expression:
        arguments = self._list(")")
        if len(arguments) == 1:
            return SizeOf(None, arguments[0], token.column)
        if len(arguments) == 2 and isinstance(arguments[0], Name):
            return SizeOf(arguments[0].name, arguments[1], token.column)
        raise self._error(token.column, "size takes a dimension, or a name and a dimension")

    def _list(self, end: str) -> tuple[Expression, ...]:
        items: list[Expression] = []
        while not self._take(end):
            if items:
                self._need(",")
                if self._take(end):
                    break
            items.append(self._choice())
        return tuple(items)
