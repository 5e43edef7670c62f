"""The grammar of tensor expressions: the grammar of arithmetic with paths, $names, indices and keywords."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator
from typing import Final, TypeAlias, final

from nncli.errors import Place
from nncli.messages.catalogue import failure, nearest
from nncli.spec.arithmetic import Formula, closing_parenthesis
from nncli.spec.expressions import (
    LIBRARIES,
    Choice,
    Expression,
    FunctionCall,
    Keyword,
    ListOf,
    Literal,
    Name,
    Rest,
    Slice,
    Subscript,
    children,
    free_names,
)
from nncli.spec.functions import FUNCTIONS
from nncli.spec.items import Constant
from nncli.spec.parsing import Parser, Token
from nncli.spec.tensor_expressions import BATCH, Computation
from nncli.spec.tensor_tokens import LOGIC, read_tokens

# What computations of a training may call beside functions, networks and each other.
TRAINING_FUNCTIONS: Final = ("grad",)
Constants: TypeAlias = Callable[[str, Place], Constant]
_WORDS: Final[dict[str, None | bool]] = {
    "true": True, "True": True, "false": False, "False": False, "none": None, "None": None
}  # fmt: skip
_RESERVED: Final = frozenset({"if", "else", "and", "or", "not", "for", "in", "lambda"})


def parse_computation(
    text: str,
    place: Place,
    constants: Constants,
    also: Collection[str] = (),
    names: Container[object] = (),
) -> Computation:
    """Parses a tensor expression that starts at a place.

    `constants` gives what `$name` and `$(…)` stand for, called with that text and the place of its `$`.
    `also` names what may be called beside the functions of torch: networks of the file, and in training
    TRAINING_FUNCTIONS; such a name hides a function. `names` are those of the constants, so that a
    forgotten `$` is told.
    Raises SpecError `expression-syntax` and `function-unknown` at the column of what does not fit,
    `brace-dollar`, `parenthesis-open`, and what `constants` raises.
    """
    expression = _TensorParser(text, place, constants, also).whole()
    bare = (name for name in free_names(expression) if name not in ("x", BATCH))
    return Computation(expression, text, place, frozenset(name for name in bare if name in names))


@final
class _TensorParser(Parser):
    LEVELS = (("+", "-"), ("*", "/", "//", "%", "@"))

    def __init__(self, text: str, place: Place, constants: Constants, also: Collection[str]) -> None:
        self._constants = constants
        self._also = also
        super().__init__(text, place, 0)

    def whole(self) -> Expression:
        """Parses all tokens, and looks for strings that are no arguments."""
        expression = super().whole()
        self._refuse_strings(expression, allowed=False)
        return expression

    def _refuse_strings(self, expression: Expression, *, allowed: bool) -> None:
        if isinstance(expression, Literal) and isinstance(expression.value, str) and not allowed:
            raise self._error(expression.column, "a word stands only as an argument of a function")
        inside = isinstance(expression, FunctionCall) or (allowed and isinstance(expression, Choice))
        for child in children(expression):
            self._refuse_strings(child, allowed=inside)

    def _read(self, text: str, start: int) -> Iterator[Token]:
        return read_tokens(text, self._place, start)

    def _choice(self) -> Expression:
        value = super()._choice()
        if isinstance(value, Choice):
            varying = _first_value(value.condition)
            if varying is not None:
                reason = "the condition of `if` is a constant; between tensors `where` chooses"
                raise self._error(varying.column, reason, "`where(condition, a, b)`")
        return value

    def _or(self) -> Expression:
        if self._peek() != "not":
            value = self._comparison()
            if self._peek() not in ("and", "or"):
                return value
        word = self._peek()
        instead = f"`{LOGIC[word]}` of tensors, and of constants `$(a {word} b)`".replace("a not", "not")
        raise self._error(self._column(), f"`{word}` does not belong here", instead)

    def _postfix(self) -> Expression:
        value = self._atom()
        while self._peek() in ("[", "."):
            column = self._column()
            if self._take("."):
                name = self._peek()
                write = f"`{name}(…, …)`" if name in FUNCTIONS else ""
                raise self._error(column, "a function stands before its brackets, not behind a dot", write)
            self._take("[")
            value = Subscript(value, self._parts(column), column)
        return value

    def _parts(self, column: int) -> tuple[Expression, ...]:
        parts: list[Expression] = []
        while not self._take("]"):
            if parts:
                self._need(",")
                if self._take("]"):
                    break
            parts.append(self._part())
        if not parts:
            raise self._error(column, "the index is missing")
        return tuple(parts)

    def _part(self) -> Expression:
        column = self._column()
        if self._take("..."):
            return Rest(column)
        start = None if self._peek() == ":" else self._choice()
        if start is not None and self._peek() != ":":
            return start
        bounds: list[Expression | None] = [start]
        while len(bounds) < 3 and self._take(":"):
            bounds.append(None if self._peek() in (":", ",", "]") else self._choice())
        return Slice(bounds[0], bounds[1], bounds[2] if len(bounds) == 3 else None, column)

    def _atom(self) -> Expression:
        if self._position < len(self._tokens) and self._tokens[self._position].kind == "dollar":
            token = self._tokens[self._position]
            self._position += 1
            return Literal(self._constant(token.text, token.column), token.column)
        return super()._atom()

    def _constant(self, text: str, column: int) -> Constant:
        """Works out `$name` or `$(…)`; a Formula where it waits for sizes."""
        return self._constants(text, self._at(column))

    def _word(self, token: Token) -> Expression:
        text = token.text
        if text in _WORDS:
            return Literal(_WORDS[text], token.column)
        if text in _RESERVED:
            raise self._error(token.column, f"`{text}` does not belong here")
        if not self._take("("):
            return Name(self._path(token), token.column)
        self._require_function(token)
        return self._call(token)

    def _path(self, token: Token) -> str:
        """Writes a path with its `$i` and `$(3 - i)` replaced."""
        if "$" not in token.text:
            return token.text
        parts: list[str] = []
        position = 0
        while position < len(token.text):
            end = token.text.find("$", position)
            if end < 0:
                parts.append(token.text[position:])
                break
            parts.append(token.text[position:end])
            in_brackets = token.text[end + 1] == "("
            dot = token.text.find(".", end)
            position = (
                (closing_parenthesis(token.text, end + 1) + 1)
                if in_brackets
                else dot
                if dot > 0
                else len(token.text)
            )
            value = self._constant(token.text[end:position], token.column + end)
            if isinstance(value, Formula):
                raise failure("formula-in-word", self._at(token.column + end), text=token.text)
            if isinstance(value, bool) or not re.fullmatch(r"[A-Za-z0-9_]+", str(value)):
                raise self._error(token.column + end, "a step of a path is a name or a whole number")
            parts.append(str(value))
        return "".join(parts)

    def _require_function(self, token: Token) -> None:
        name = token.text
        if name in FUNCTIONS or name in self._also:
            return
        if "." in name:
            owner, _, last = name.rpartition(".")
            write = ""
            if last in FUNCTIONS:
                given = self._written_arguments()
                owners = [] if owner in LIBRARIES else [owner]
                write = f"`{last}({', '.join([*owners, *given])})`"
            reason = "a function stands before its brackets, not behind a dot"
            raise self._error(token.column, reason, write)
        known = (*sorted(FUNCTIONS), *self._also)
        begun = [each for each in self._also if each.startswith(name)]
        near = begun[0] if begun else nearest(name, known)
        training = name if name in TRAINING_FUNCTIONS else ""
        raise failure("function-unknown", self._at(token.column), name=name, training=training, nearest=near)

    def _written_arguments(self) -> list[str]:
        """Writes what stands in the brackets that were opened last, as one text; nothing for nothing."""
        words: list[str] = []
        depth = 0
        for token in self._tokens[self._position :]:
            depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
            if depth < 0:
                break
            words.append(f"{token.text} " if token.text == "," else token.text)
        return ["".join(words)] if words else []

    def _call(self, token: Token) -> FunctionCall:
        arguments: list[Expression] = []
        keywords: list[Keyword] = []
        while not self._take(")"):
            if arguments or keywords:
                self._need(",")
                if self._take(")"):
                    break
            column, name = self._column(), self._peek()
            value = self._choice()
            if not self._take("="):
                self._refuse_position(value, name, column, is_late=bool(keywords))
                arguments.append(value)
                continue
            if not isinstance(value, Name) or not name.isidentifier():
                raise self._error(column, "before `=` stands the name of an argument")
            if any(keyword.name == name for keyword in keywords):
                raise self._error(column, f"the argument `{name}` stands twice")
            keywords.append(Keyword(name, self._choice(), column))
        return FunctionCall(token.text, tuple(arguments), token.column, tuple(keywords))

    def _refuse_position(self, value: Expression, name: str, column: int, *, is_late: bool) -> None:
        if self._peek() == ":" and isinstance(value, Name):
            raise self._error(self._column(), "an argument is named with `=`", f"`{name}=…`")
        if is_late:
            raise self._error(column, "an argument by position stands behind one by name")


def _first_value(expression: Expression) -> Expression | None:
    """Finds a part that is not known before the network runs."""
    if isinstance(expression, (Name, FunctionCall, Subscript, ListOf)):
        return expression
    found = (_first_value(child) for child in children(expression))
    return next((each for each in found if each is not None), None)
