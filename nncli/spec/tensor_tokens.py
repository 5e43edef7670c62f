"""Text of a tensor expression to tokens: a path, a $name and a $(…) are one token each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.spec.arithmetic import closing_parenthesis
from nncli.spec.parsing import Token

# What to write between tensors instead of Python's words.
LOGIC: Final = {"and": "logical_and(a, b)", "or": "logical_or(a, b)", "not": "logical_not(a)"}
_SYMBOLS: Final = {"&": LOGIC["and"], "|": LOGIC["or"], "~": LOGIC["not"], "!": LOGIC["not"], "^": "a ** b"}
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.(?!\.)[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<dollar>\$(?:[A-Za-z_][A-Za-z0-9_]*|(?=\()))"
    r"|(?P<string>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>\.\.\.|\*\*|//|==|!=|<=|>=|[-+*/%@<>()\[\],:=.]))"
)
# What follows a name in a path: `.state`, `.2`, `.*`, `.$i` or, before its bracket, `.$(3 - i)`.
_STEP: Final = re.compile(r"\.(?:\*|[A-Za-z0-9_]+|\$[A-Za-z_][A-Za-z0-9_]*|\$(?=\())")


def read_tokens(text: str, place: Place, start: int) -> Iterator[Token]:
    """Reads tokens; the text starts in column `start` of the line of a place.

    Raises SpecError `expression-syntax`, `brace-dollar`, `parenthesis-open`.
    """
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if not found or not found.lastgroup:
            at = end - len(text[position:end].lstrip())
            raise _misplaced(text, at, replace(place, column=start + at))
        kind, first = found.lastgroup, found.start(found.lastgroup)
        position = found.end()
        if kind == "name":
            position = _end_of_path(text, position, place, start)
        elif kind == "dollar":
            if found.group("dollar") == "$":
                position = _end_of_brackets(text, position, place, start)
            _refuse_dot(text, first, position, replace(place, column=start + position))
        yield Token(kind, text[first:position], start + first)


def _misplaced(text: str, at: int, place: Place) -> NncliError:
    sign = text[at]
    if text.startswith("${", at):
        return failure("brace-dollar", place, inside=text[at + 2 :].partition("}")[0])
    write = f"`{_SYMBOLS[sign]}`" if sign in _SYMBOLS else ""
    return failure("expression-syntax", place, reason=f"`{sign}` does not belong here", write=write)


def _refuse_dot(text: str, first: int, position: int, place: Place) -> None:
    """Refuses `$kind.classes`: in an expression `$name` ends at the dot."""
    if step := _STEP.match(text, position):
        write = f"`$({text[first + 1 : step.end()]})`"
        raise failure("expression-syntax", place, reason="a constant ends at the dot", write=write)


def _end_of_path(text: str, position: int, place: Place, start: int) -> int:
    while step := _STEP.match(text, position):
        position = step.end()
        if step.group(0) == ".$":
            position = _end_of_brackets(text, position, place, start)
    return position


def _end_of_brackets(text: str, position: int, place: Place, start: int) -> int:
    end = closing_parenthesis(text, position)
    if end < 0:
        at = replace(place, column=start + position - 1)
        raise failure("parenthesis-open", at, text=text[position - 1 :][:60])
    return end + 1
