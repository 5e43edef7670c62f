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

    stripped = texts.str.strip_chars()
    empty = stripped.is_in(pl.Series(nulls, dtype=pl.String).implode()).fill_null(True)
    numbers = stripped.cast(pl.Float64, strict=False).fill_null(math.inf).fill_nan(math.inf)
    return numbers.set(empty, math.nan)


def has_numbers(words: Sequence[str]) -> bool:
    """Tells whether a number is among the words that mean an empty cell: then cells are seen as text."""
    import polars as pl

    numbers = pl.Series(words, dtype=pl.String).str.strip_chars().cast(pl.Float64, strict=False)
    return bool(numbers.is_not_null().any())
