"""Arithmetic on constants: `$name` and `$(…)`, parsed and evaluated by nncli, bounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.spec.evaluation import Evaluator
from nncli.spec.expressions import LONGEST_TEXT, Expression, Name, free_names, uses_size, walked
from nncli.spec.items import Constant, Waiting
from nncli.spec.parsing import parse
from nncli.spec.scalars import word_of

Names: TypeAlias = Mapping[str, "Constant | Waiting"]
# `$width-1`, `2 * $width`: nothing but numbers, names and operators, and no operator at the end (`$warmup%`).
_ARITHMETIC: Final = re.compile(r"(?:\$([A-Za-z_]\w*+)|[0-9.\s()]|[-+*/%](?!\s*\Z))+\Z")
_OPERATOR: Final = re.compile(r"\s*(\*\*|//|[-+*/%])\s*")
_REFERENCE: Final = re.compile(r"\$(?:\$|\(|[A-Za-z_][A-Za-z0-9_]*|)")
_WHOLE_NAME: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\Z")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression that waits for what only the data or the network knows.

    `captured` holds the constants that were known where it stands, and arguments of a block call
    that wait themselves.
    """

    expression: Expression
    text: str
    place: Place
    captured: Names

    def evaluate(
        self,
        names: Mapping[str, Constant],
        size: Callable[..., int] | None = None,
        waiting: Mapping[int, Constant] | None = None,
    ) -> Constant:
        """Works out the value; `waiting` holds the values of captured Waitings by their keys.

        Raises SpecError at the formula's place.
        """
        worked_out = waiting or {}
        if any(isinstance(v, Waiting) and v.key not in worked_out for v in self.captured.values()):
            raise failure("size-unknown", self.place, dimension=self.text)
        captured = {
            name: worked_out[value.key] if isinstance(value, Waiting) else value
            for name, value in self.captured.items()
        }
        return evaluate(self.expression, {**names, **captured}, size, self.place)

    def free_names(self) -> frozenset[str]:
        """Names that are still to come."""
        return free_names(self.expression) - frozenset(self.captured)


def evaluate(
    expression: Expression, names: Mapping[str, Constant], size: Callable[..., int] | None, place: Place
) -> Constant:
    """Evaluates an expression within bounds.

    Raises SpecError `name-unknown`, `arithmetic` with the reason, `arithmetic-too-large`.
    """
    return Evaluator(names, size, place).run(expression)


def substitute(text: str, place: Place, names: Names, deferred: Collection[str]) -> Constant:
    """Replaces `$name`, `$(…)` and `$$` in a scalar's text.

    A scalar that is one expression keeps its type; inside a longer word it becomes text. Where a
    name is in `deferred`, or `size` is used, the result is a Formula.
    Raises SpecError `dollar-form`, and what `evaluate` raises.
    """
    if len(text) > LONGEST_TEXT:
        raise failure("arithmetic-too-large", place, limit=f"{LONGEST_TEXT:,} characters")
    place = inside_quotes(place)
    whole = _whole(text, place, names, deferred)
    if whole is not None:
        return _now_or_later(whole, text, place, names, deferred)
    return _inside_word(text, place, names, deferred)


def referred_name(text: str) -> str:
    """Returns the name where a text is `$name` and nothing else."""
    found = _WHOLE_NAME.match(text)
    return found.group(1) if found else ""


def words_read(text: str) -> frozenset[str]:
    """Names every word of a text with a `$` in it: more than it reads, and nothing less."""
    return frozenset(_WORD.findall(text)) if "$" in text else frozenset()


def inside_quotes(place: Place) -> Place:
    """Moves a place from the quote of a scalar to its first character, so that columns are exact."""
    quoted = place.text[place.column - 1 : place.column] in ("'", '"')
    return replace(place, column=place.column + 1) if quoted else place


def _whole(text: str, place: Place, names: Names, deferred: Collection[str]) -> Expression | None:
    named = _WHOLE_NAME.match(text)
    if named:
        name, first = named.group(1), named.group(1).partition(".")[0]
        # `$stem.csv` is a word that starts with `$stem`; `$kind.classes` is one name.
        is_word = first in names and name not in names and not _is_deferred(name, names, deferred)
        return None if is_word else Name(name, place.column + 1)
    if text.startswith("$(") and closing_parenthesis(text, 1) == len(text) - 1:
        return parse(text[2:-1], place, 2)
    return None


def _now_or_later(
    expression: Expression, text: str, place: Place, names: Names, deferred: Collection[str]
) -> Constant:
    free = free_names(expression)
    values = {name: names[name] for name in free if name in names}
    known = {name: value for name, value in values.items() if not isinstance(value, Waiting)}
    later = {name for name in free if _is_deferred(name, names, deferred)}
    waits = bool(later) or len(known) < len(values) or uses_size(expression)
    unknown = free - values.keys() - later
    if unknown:
        # A misspelt `$clases` is nearest to a name that is still to be counted.
        known = {**dict.fromkeys(deferred), **dict.fromkeys(names), **known}
    if not waits:
        return evaluate(expression, known, None, place)
    for part in walked(expression):
        if isinstance(part, Name) and part.name in unknown:
            # Evaluating it now says which name is meant, and at its column.
            evaluate(part, known, None, place)
    return Formula(expression, text, place, values)


def is_waiting(value: Constant) -> bool:
    """Tells whether a value holds a Formula, at any depth."""
    if isinstance(value, Mapping):
        return any(map(is_waiting, value.values()))
    if isinstance(value, tuple):
        return any(map(is_waiting, value))
    return isinstance(value, Formula)


def _is_deferred(name: str, names: Names, deferred: Collection[str]) -> bool:
    if name in names:
        return False
    return name in deferred or ("." in name and name.rpartition(".")[2] in deferred)


def _inside_word(text: str, place: Place, names: Names, deferred: Collection[str]) -> str:
    _refuse_arithmetic(text, place, names)
    parts: list[str] = []
    position = 0
    while found := _REFERENCE.search(text, position):
        parts.append(text[position : found.start()])
        reference = found.group(0)
        if reference == "$$":
            parts.append("$")
            position = found.end()
            continue
        expression, position = _one_reference(text, found.start(), reference, place)
        value = _now_or_later(expression, text, place, names, deferred)
        if isinstance(value, Formula):
            raise failure("formula-in-word", place, text=_short(text))
        parts.append(_as_text(value, place))
    parts.append(text[position:])
    word = "".join(parts)
    if len(word) > LONGEST_TEXT:
        raise failure("arithmetic-too-large", place, limit=f"{LONGEST_TEXT:,} characters")
    return word


def _refuse_arithmetic(text: str, place: Place, names: Names) -> None:
    """Refuses `$width-1`, which would quietly become the word `32-1`."""
    if not _ARITHMETIC.match(text) or not _OPERATOR.search(text):
        return
    read = re.findall(r"\$([A-Za-z_]\w*)", text)
    if read and all(isinstance(names.get(name), (int, float, Waiting)) for name in read):
        meant = _OPERATOR.sub(r" \1 ", text.replace("$", "")).strip()
        raise failure("dollar-form", place, text=text, meant=f"$({meant})")


def _one_reference(text: str, start: int, reference: str, place: Place) -> tuple[Expression, int]:
    if reference == "$":
        if text[start + 1 : start + 2] == "{":
            inside = text[start + 2 :].partition("}")[0]
            raise failure("brace-dollar", _at(place, start), inside=inside)
        raise failure("dollar-alone", _at(place, start), text=_short(text))
    if reference != "$(":
        return Name(reference[1:], place.column + start + 1), start + len(reference)
    end = closing_parenthesis(text, start + 1)
    if end < 0:
        raise failure("parenthesis-open", _at(place, start), text=_short(text))
    return parse(text[start + 2 : end], place, start + 2), end + 1


def _at(place: Place, offset: int) -> Place:
    return replace(place, column=place.column + offset)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def closing_parenthesis(text: str, start: int) -> int:
    """Finds the parenthesis that closes the one at `start`, quotes left out; -1 where none does."""
    depth = 0
    quote = ""
    for position in range(start, len(text)):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return position
    return -1


def _as_text(value: Constant, place: Place) -> str:
    if isinstance(value, bool) or value is None:
        return word_of(value)
    if isinstance(value, (int, float, str)):
        return str(value)
    raise failure("arithmetic", place, reason="a list cannot stand inside a word")
