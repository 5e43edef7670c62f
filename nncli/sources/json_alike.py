"""JSONL as programs write it, every line with the same keys: checked by one pattern, then read by Polars.

Polars' reader takes a repeated key, a key too many and half a surrogate pair without a word, and writes
numbers anew where a cell is text. The pattern lets none of these through, so that what is read here is
what `json_lines.py` reads; whatever it does not let through is left to that.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_BLANKS: Final = r"[ \t]*"
_NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_STRING: Final = (
    r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?:[0-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))*"'
)
# Of more digits, Polars' reader refuses an integer; it writes other numbers anew.
_TEXT: Final = rf"0|-?[1-9][0-9]{{0,17}}|true|false|{_STRING}"
_ANY: Final = rf"{_NUMBER}|true|false|{_STRING}"
_NO_FIELD: Final = "\x1f"
"""A sign that cannot stand in JSON: split at it, every line is one field."""


def keys_alike(text: bytes) -> tuple[str, ...]:
    """Gives the keys of the first line where all lines have these and no others, in this order; else none."""
    try:
        first = json.loads(text[: text.find(b"\n")], object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(first, tuple) or not text.endswith(b"\n"):
        return ()
    keys = tuple(key for key, _ in first)
    is_plain = (
        len(set(keys)) == len(keys) and _lines(text, _pattern(keys, dict.fromkeys(keys, _ANY))) is not None
    )
    return keys if is_plain else ()


def read_alike(text: bytes, keys: Sequence[str], numbers: Collection[str]) -> pl.DataFrame | None:
    """Reads lines that all have the same keys in the same order, or gives None where one has not.

    Cells of `numbers` become float64, NaN where they are null; others text. Line ends are LF.
    """
    import polars as pl

    cells = {key: _NUMBER if key in numbers else _TEXT for key in keys}
    rows = _lines(text, _pattern(keys, cells))
    if rows is None:
        return None
    try:
        schema = {key: pl.Float64 if key in numbers else pl.String for key in keys}
        frame = pl.read_ndjson(text, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    if frame.shape != (rows, len(keys)):
        return None
    return frame.with_columns(frame[key].fill_null(math.nan) for key in keys if key in numbers)


def _lines(text: bytes, pattern: str) -> int | None:
    """Counts the lines where all of them follow a pattern; None where one does not."""
    import polars as pl

    try:
        lines = pl.read_csv(
            text, has_header=False, separator=_NO_FIELD, quote_char=None, schema={"line": pl.String}
        )["line"]
        return len(lines) if lines.str.contains(pattern).fill_null(False).all() else None
    except pl.exceptions.PolarsError:
        return None


def _pattern(keys: Sequence[str], cells: Mapping[str, str]) -> str:
    """Writes the pattern of a line, for a search in linear time."""
    parts = (
        f"{_escaped(json.dumps(key, ensure_ascii=False))}{_BLANKS}:{_BLANKS}(?:{cells[key]}|null)"
        for key in keys
    )
    return rf"^{_BLANKS}\{{{_BLANKS}" + f"{_BLANKS},{_BLANKS}".join(parts) + rf"{_BLANKS}\}}{_BLANKS}$"


def _escaped(text: str) -> str:
    return "".join(rf"\x{{{ord(sign):x}}}" if not sign.isalnum() else sign for sign in text)
