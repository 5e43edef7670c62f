"""Which words each type of column takes beside `type`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nncli.spec.schema import ColumnSpec

# An image is a file, an array in a cell, or one column for each pixel.
_ARRAY, _COLUMNS = "image array", "image columns"
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "number": ("column", "missing", "scale", "log", "unit", "window", "shift"),
    "binary": ("column", "missing", "classes", "positive", "window", "shift"),
    "category": ("column", "missing", "classes", "rare", "unknown", "window", "shift"),
    "set": ("column", "separator", "classes", "rare", "unknown"),
    "date": ("column", "format", "parts", "missing", "window", "shift"),
    "vector": ("column", "columns", "separator", "length", "scale", "unit"),
    "series": ("column", "columns", "window", "shift", "missing", "scale", "log", "unit"),
    "image": ("column", "size", "channels", "resize", "scale", "augment", "views"),
    _ARRAY: ("column", "shape", "scale", "augment"),
    _COLUMNS: ("columns", "shape", "scale"),
    "mask": ("column", "size", "classes", "image", "resize", "unknown", "augment"),
    "audio": ("column", "rate", "length", "channels", "augment", "views"),
    "text": (
        "column",
        "missing",
        "tokenizer",
        "length",
        "truncate",
        "pad",
        "lowercase",
        "begin",
        "end",
        "vocabulary",
        "shift",
    ),
    "tokens": (
        "column",
        "missing",
        "separator",
        "classes",
        "length",
        "truncate",
        "pad",
        "vocabulary",
        "shift",
    ),
}


def words_of(declared: ColumnSpec) -> tuple[str, ...]:
    """Lists the words that a declaration may have beside its type; those of an image go by where it lies."""
    if declared.type == "image" and declared.columns is not None:
        return WORDS[_COLUMNS]
    if declared.type == "image" and declared.shape is not None:
        return WORDS[_ARRAY]
    return WORDS[declared.type]
