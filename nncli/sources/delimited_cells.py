"""Records to cells: text, or for columns that hold numbers float64 in which NaN is an empty cell.

Polars reads numbers straight from the bytes where it can. What it takes so are exactly the numbers that
its cast from text takes, less those with blanks behind them; everything else goes through that cast.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, final

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.delimited_records import Records
from nncli.sources.number_texts import has_numbers, numbers_of

if TYPE_CHECKING:
    import polars as pl


@final
class CellReader:
    """Reads the records of one file piece by piece.

    `numbers` are the headers of columns that hold numbers. Which of them have other cells as well is
    remembered, since reading those straight would only fail again.
    """

    def __init__(self, headers: Sequence[str], numbers: Collection[str], nulls: Sequence[str]) -> None:
        self._headers = headers
        self._numbers = frozenset(numbers)
        self._nulls = nulls
        # An empty cell must be told from the number that it is written as.
        self._mixed = self._numbers if has_numbers(nulls) else frozenset[str]()

    def frame(self, records: Records, file: str, delimiter: str) -> pl.DataFrame:
        """Gives the cells of a piece by header. Raises `data-unreadable`."""
        import polars as pl

        straight = self._numbers - self._mixed
        frame = None
        try:
            frame = _parsed(records, self._headers, straight, delimiter)
        except pl.exceptions.PolarsError as error:
            if not straight:
                raise failure("data-unreadable", Place(file, 1, 1), reason=str(error)) from None
        if frame is None or any(frame[header].is_nan().any() for header in straight):
            frame = _parsed(records, self._headers, frozenset(), delimiter)
            self._mixed |= {header for header in straight if _is_mixed(frame[header])}
            straight = frozenset()
        empty = math.nan if "" in self._nulls else math.inf
        return frame.with_columns(
            frame[header].fill_null(empty) if header in straight else numbers_of(frame[header], self._nulls)
            for header in self._headers
            if header in self._numbers
        )


def _parsed(
    records: Records, headers: Sequence[str], straight: Collection[str], delimiter: str
) -> pl.DataFrame:
    import polars as pl

    frame = pl.read_csv(
        records.text,
        has_header=False,
        separator=delimiter,
        quote_char='"' if records.is_quoted else None,
        schema={header: pl.Float64 if header in straight else pl.String for header in headers},
        empty_string_is_null=False,
    )
    # Polars and the structure must agree, or cells would be named by wrong lines.
    assert frame.shape == (records.rows, len(headers))
    return frame


def _is_mixed(texts: pl.Series) -> bool:
    """Tells whether a column has cells that cannot be read straight from the bytes."""
    import polars as pl

    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False)
    others = (numbers.is_null() | numbers.is_nan()) & (texts != "")
    return bool((others | (texts.str.strip_chars_end() != texts)).any())
