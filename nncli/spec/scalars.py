"""Plain scalars by the core rules of YAML 1.2: `1e-3` is a number, `on` a word, `012` is 12."""

from __future__ import annotations

import math
import re
from typing import Final

_INT: Final = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL: Final = re.compile(r"0o[0-7]+\Z")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_SPECIAL: Final = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
# What YAML 1.1 and people take for true and false.
_TRUTHS: Final = {
    "yes": "true", "on": "true", "y": "true", "true": "true", "no": "false", "off": "false", "n": "false",
    "false": "false",
}  # fmt: skip
_INFINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)\Z")
_NAN: Final = re.compile(r"\.(nan|NaN|NAN)\Z")
MOST_DIGITS: Final = 400


def resolve(text: str) -> None | bool | int | float | str:
    """Resolves a plain scalar's text; a number that is too large becomes an infinity.

    Source: YAML 1.2.2, section 10.3.2, core schema.
    """
    if text in _SPECIAL:
        return _SPECIAL[text]
    if text[0] not in "+-.0123456789":
        return text
    # A million digits would take Python minutes, and no number of a spec has more than a few.
    for form, start, radix in ((_INT, 0, 10), (_OCTAL, 2, 8), (_HEX, 2, 16)):
        if form.match(text):
            return int(text[start:], radix) if len(text) <= MOST_DIGITS else _infinity(text)
    if _FLOAT.match(text):
        return float(text)
    if _INFINITE.match(text):
        return _infinity(text)
    return math.nan if _NAN.match(text) else text


def is_too_large(text: str) -> bool:
    """Tells whether a plain scalar is a number that no int or float here holds, such as `1e400`."""
    value = resolve(text)
    return isinstance(value, float) and math.isinf(value) and not _INFINITE.match(text)


def word_of(value: bool | None) -> str:
    """Writes true, false and none as a file does."""
    return "none" if value is None else "true" if value else "false"


def meant_by(text: str, kind: str) -> str:
    """Says how YAML 1.2 writes what a word was surely meant to be: `yes` is true, `1_000` 1000, `5%` 0.05.

    `kind` is what is expected, in words; empty where the word is nothing of that kind.
    """
    lowered = text.lower()
    if "true or false" in kind and lowered in _TRUTHS:
        return _TRUTHS[lowered]
    if "number" not in kind:
        return ""
    percent = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?%", text)
    if percent and "whole" not in kind:
        return f"{float(percent.group(1)) / 100:g}"
    digits = re.sub(r"(?<=[0-9])_(?=[0-9])", "", text)
    value = resolve(digits)
    is_number = isinstance(value, int if "whole" in kind else (int, float)) and not isinstance(value, bool)
    return digits if is_number else ""


def _infinity(text: str) -> float:
    return -math.inf if text.startswith("-") else math.inf
