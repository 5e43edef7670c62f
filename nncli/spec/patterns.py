"""Globs over the dotted names of tensors: which names a pattern matches, and what it renames them to.

A pattern and a name are compared part by part, between dots, from the first part to the last:

    fc.weight         this name
    h.*.attn.c_attn   a `*` stands for one part, or for a piece of one: `ln_*`
    backbone.*        at the end it stands for one part or more: everything below `backbone`
    *.bias            at the start it stands for any number of parts, none too: every bias
    h.                a dot at the end is short for `.*`

A `*` at the start takes as few parts as it can. `*` alone matches every name. One part holds at most one
`*`, so that matching takes no search and linear time in the length of the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LONGEST_PATTERN: Final = 200
_NORMED: Final = "parametrizations."
_FOREIGN_SIGNS: Final = frozenset("?[]{}()|^$+\\ \t\n\r,")


@dataclass(frozen=True, slots=True)
class _Glob:
    """A pattern taken apart: `parts` stand between what an open start and an open end take."""

    parts: tuple[str, ...]
    open_start: bool
    open_end: bool


def pattern_fault(text: str) -> str:
    """Says why a text is no pattern, as the end of a sentence; empty where it is one."""
    if not text:
        return "it is empty"
    if len(text) > LONGEST_PATTERN:
        return f"it has more than {LONGEST_PATTERN} characters"
    if "**" in text:
        return "one `*` at its start or end spans dots already"
    foreign = sorted(_FOREIGN_SIGNS & set(text))
    if foreign:
        return f"`*` is its only sign, and `{foreign[0]}` stands in no name"
    parts = text.removesuffix(".").split(".")
    if not all(parts):
        return "there is nothing between two dots, or before the first"
    if any(part.count("*") > 1 for part in parts):
        return "one part between dots holds at most one `*`"
    return ""


def renaming_fault(pattern: str, replacement: str) -> str:
    """Says why a pattern, itself free of faults, cannot be renamed to a replacement; empty where it can."""
    if pattern.endswith(".") and not replacement:
        return ""
    fault = pattern_fault(replacement)
    if fault:
        return fault
    if pattern.endswith(".") != replacement.endswith("."):
        return "both sides end with a dot, or none does"
    left, right = pattern.count("*"), replacement.count("*")
    if left != right:
        return f"each `*` stands for the same text on both sides, and here are {left} and {right}"
    return ""


def matches(pattern: str, name: str) -> bool:
    """Tells whether a pattern matches a whole name, or the plain name of a weight that has a norm."""
    return captured(pattern, name) is not None or (
        _NORMED in name and captured(pattern, plain_name(name)) is not None
    )


def plain_name(name: str) -> str:
    """Gives the name of the weight that a tensor is learned in place of: `fc.weight`; else the name itself.

    torch calls that tensor `fc.parametrizations.weight.original`, or two of them `original0` and `original1`.
    """
    scope, found, rest = name.rpartition(_NORMED)
    weight, _, last = rest.partition(".")
    is_other = not found or not last.startswith("original") or (scope and not scope.endswith("."))
    return name if is_other else f"{scope}{weight}"


def captured(pattern: str, name: str) -> tuple[str, ...] | None:
    """Matches a name; gives the text of every `*` from left to right, or None where it does not match."""
    glob = _taken_apart(pattern)
    names = name.split(".")
    count = len(glob.parts)
    last = len(names) - count - glob.open_end
    if last < 0 or not all(names):
        return None
    first = 0 if glob.open_end else last
    for start in range(first, (last if glob.open_start else 0) + 1):
        middle = _captured_parts(glob.parts, names[start : start + count])
        if middle is not None:
            before = [".".join(names[:start])] if glob.open_start else []
            after = [".".join(names[start + count :])] if glob.open_end else []
            return (*before, *middle, *after)
    return None


def filled(pattern: str, texts: Sequence[str]) -> str:
    """Puts a text in place of every `*`, from left to right; a part that becomes empty is left out.

    There are as many texts as `captured` gives for a pattern with the same number of `*`.
    """
    pieces = _spelt_out(pattern).split("*")
    whole = "".join(piece + text for piece, text in zip(pieces, [*texts, ""], strict=True))
    return ".".join(part for part in whole.split(".") if part)


def renamed(pattern: str, replacement: str, name: str) -> str | None:
    """Renames a name that the pattern matches, else gives None; an empty replacement removes a prefix."""
    texts = captured(pattern, name)
    if texts is None:
        return None
    if not replacement:
        return texts[-1]
    return filled(replacement, texts)


def literal_part(pattern: str) -> str:
    """The last part of a pattern that holds no `*`: the one that `split:` and `join:` replace; or empty."""
    return next((part for part in reversed(pattern.split(".")) if part and "*" not in part), "")


def with_part(pattern: str, part: str) -> str:
    """Replaces the literal part of a pattern; `part` may hold dots."""
    parts = pattern.split(".")
    place = len(parts) - 1 - parts[::-1].index(literal_part(pattern))
    return ".".join([*parts[:place], part, *parts[place + 1 :]])


def generalised(name: str) -> str:
    """Makes a pattern of a name: every part that is a number becomes `*`."""
    return ".".join("*" if part.isdecimal() else part for part in name.split("."))


def _spelt_out(pattern: str) -> str:
    return f"{pattern}*" if pattern.endswith(".") else pattern


@lru_cache(maxsize=1024)
def _taken_apart(pattern: str) -> _Glob:
    parts = _spelt_out(pattern).split(".")
    if parts == ["*"]:
        return _Glob((), open_start=False, open_end=True)
    open_start, open_end = parts[0] == "*", parts[-1] == "*"
    return _Glob(tuple(parts[open_start : len(parts) - open_end]), open_start, open_end)


def _captured_parts(parts: Sequence[str], names: Sequence[str]) -> list[str] | None:
    """Matches as many names as parts, each with at most one `*`; gives what the stars stand for."""
    texts = []
    for part, name in zip(parts, names, strict=True):
        before, star, after = part.partition("*")
        if not star:
            if name != part:
                return None
            continue
        if len(name) < len(before) + len(after) or not (name.startswith(before) and name.endswith(after)):
            return None
        texts.append(name[len(before) : len(name) - len(after)])
    return texts
