"""The patterns of einops, parsed and checked before einops sees them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure

REST: Final = "..."
ONE: Final = "1"
MOST_CHARACTERS: Final = 400
_TOKEN: Final = re.compile(r"\s*(->|\.\.\.|[()]|[A-Za-z][A-Za-z0-9_]*|[0-9]+)")
# The sizes of axes are keywords of einops' functions, which have these of their own.
_TAKEN: Final = frozenset({"tensor", "pattern", "reduction"})

# One axis: the names that it is made of; `()` for an axis of length 1.
Axis: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """`b c (h p) w -> b (c p) h w`: the axes on both sides, and where each name stands first."""

    text: str
    left: tuple[Axis, ...]
    right: tuple[Axis, ...]
    columns: dict[str, int]

    @property
    def left_names(self) -> tuple[str, ...]:
        """Every name on the left, in order."""
        return tuple(name for axis in self.left for name in axis)

    @property
    def right_names(self) -> tuple[str, ...]:
        """Every name on the right, in order."""
        return tuple(name for axis in self.right for name in axis)

    @property
    def left_text(self) -> str:
        """The left side as written."""
        return self.text.partition("->")[0].strip()


def parse_pattern(text: str, place: Place, path: str) -> Pattern:
    """Parses a pattern whose first character stands at a place.

    Raises SpecError `pattern-syntax` at the column of what does not fit.
    """
    if len(text) > MOST_CHARACTERS:
        raise _error(place, path, 0, f"it is longer than {MOST_CHARACTERS} characters")
    sides: list[list[Axis]] = [[]]
    group: list[str] | None = None
    columns: dict[str, int] = {}
    for token, at in _tokens(text, place, path):
        if token == "->":  # noqa: S105 - a sign, no secret
            if group is not None or len(sides) == 2:
                raise _error(place, path, at, "`->` stands once, outside of brackets")
            sides.append([])
        elif token == "(":  # noqa: S105
            if group is not None:
                raise _error(place, path, at, "brackets hold no brackets")
            group = []
        elif token == ")":  # noqa: S105
            if group is None:
                raise _error(place, path, at, "this bracket was not opened")
            sides[-1].append(tuple(name for name in group if name != ONE))
            group = None
        else:
            _refuse_name(token, sides[-1], group, (place, path, at))
            columns.setdefault(token, place.column + at)
            if group is not None:
                group.append(token)
            else:
                sides[-1].append(() if token == ONE else (token,))
    if group is not None or len(sides) != 2:
        reason = "a bracket is not closed" if group is not None else "`->` is missing"
        raise _error(place, path, len(text.rstrip()), reason)
    return Pattern(text, tuple(sides[0]), tuple(sides[1]), columns)


def _tokens(text: str, place: Place, path: str) -> Iterator[tuple[str, int]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if not found:
            at = end - len(text[position:end].lstrip())
            raise _error(place, path, at, f"`{text[at]}` does not belong here")
        yield found.group(1), found.start(1)
        position = found.end()


def _refuse_name(token: str, side: list[Axis], group: list[str] | None, at: tuple[Place, str, int]) -> None:
    if token.isdigit() and token != ONE:
        raise _error(*at, f"a number is no axis; name it, and give its size: `p: {token}`")
    if token == REST and group is not None:
        raise _error(*at, "`...` stands outside of brackets")
    if token.endswith("_") or keyword.iskeyword(token) or token in _TAKEN:
        raise _error(*at, f"`{token}` cannot be the name of an axis")
    names = [name for axis in side for name in axis] + (group or [])
    if token in names:
        raise _error(*at, f"`{token}` stands twice on one side")


def _error(place: Place, path: str, offset: int, reason: str) -> NncliError:
    return failure("pattern-syntax", replace(place, column=place.column + offset), path, reason=reason)
