"""Texts of cells to numbers: what a number is, written once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def numbers_of(texts: pl.Series, nulls: Sequence[str]) -> pl.Series:
    """Reads texts as float64: NaN where a cell is empty, infinity where it is no number or too large."""
    import polars as pl

    plain = texts.cast(pl.Float64, strict=False)
    if not any(map(_may_be_number, nulls)) and plain.is_finite().fill_null(False).all():
        # Nothing is empty, and nothing is a word: most columns need no more.
        return plain
    stripped = texts.str.strip_chars()
    empty = stripped.is_in(pl.Series(nulls, dtype=pl.String).implode()).fill_null(True)
    numbers = stripped.cast(pl.Float64, strict=False).fill_null(math.inf).fill_nan(math.inf)
    return numbers.set(empty, math.nan)


def _may_be_number(word: str) -> bool:
    """Tells whether Python reads a word as a number, as it does whenever Polars does."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def has_numbers(words: Sequence[str]) -> bool:
    """Tells whether a number is among the words that mean an empty cell: then cells are seen as text."""
    import polars as pl

    numbers = pl.Series(words, dtype=pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    return bool(numbers.is_not_null().any())
