"""CSV and TSV: every field counted here, then read by Polars as text.

Polars pads short rows with null in silence, reads blank lines as rows and a CR-only file as none.
So the structure is settled first, over the bytes as one array: quotes, line ends, fields per row.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.decoding import decoded
from nncli.sources.tables import SHOWN, Reading, Rows, Source, Table, counted

if TYPE_CHECKING:
    import polars as pl

Bytes: TypeAlias = NDArray[np.uint8]
_QUOTE, _LINE_FEED, _RETURN = 34, 10, 13
_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class _Structure:
    """Where records begin and end in `text`; blank lines are no records.

    `lines` and `fields` are per record: the line it begins on, and how many fields it has.
    """

    text: Bytes
    starts: Rows
    ends: Rows
    lines: Rows
    fields: Rows
    blank_ends: Rows

    def record(self, index: int) -> str:
        return self.text[self.starts[index] : self.ends[index]].tobytes().decode("utf-8")


def read_delimited(content: bytes, file: str, delimiter: str, reading: Reading) -> Table:
    """Reads a CSV or TSV file; every cell stays text.

    Raises `data-empty`, `header-only`, `header-blank`, `header-repeated`, `row-fields`,
    `quote-unclosed`, `quote-inside`, `delimiter-wrong`, `data-encoding`, `data-nul`.
    """
    text = np.frombuffer(decoded(content, file, reading.encoding), np.uint8)
    inside = _inside_quotes(text, file, delimiter)
    structure = _structure(*_with_line_feeds(text, inside), ord(delimiter))
    if len(structure.starts) == 0:
        raise failure("data-empty", Place(file, 1, 1))
    header = _header(structure, file, delimiter)
    if len(structure.starts) == 1:
        raise failure("header-only", Place(file, 1, 1, structure.record(0)))
    _check_fields(structure, file, len(header))
    source = Source(file, structure.text.tobytes(), delimiter)
    frame = _frame(structure, header, delimiter, file, quoted=inside is not None)
    return Table(frame, structure.lines[1:], source, reading)


def _inside_quotes(text: Bytes, file: str, delimiter: str) -> NDArray[np.bool_] | None:
    """Marks the bytes between quotes; None where there is no quote at all.

    A quote opens at the start of a field and closes at its end; a doubled one closes and opens again.
    """
    quotes = np.flatnonzero(text == _QUOTE)
    if quotes.size == 0:
        return None
    borders = np.array([ord(delimiter), _LINE_FEED, _RETURN, _QUOTE], np.uint8)
    opening, closing = quotes[::2], quotes[1::2]
    well_opened = (opening == 0) | np.isin(text[opening - 1], borders)
    # A quote before an opening one must be the closing one of a doubled quote, which it always is.
    well_closed = (closing == len(text) - 1) | np.isin(text[np.minimum(closing + 1, len(text) - 1)], borders)
    bad_open, bad_close = np.flatnonzero(~well_opened), np.flatnonzero(~well_closed)
    if bad_open.size and (bad_close.size == 0 or bad_open[0] <= bad_close[0]):
        raise failure("quote-inside", _place(text, int(opening[bad_open[0]]), file))
    if bad_close.size or len(opening) > len(closing):
        last = int(bad_close[0]) if bad_close.size else len(opening) - 1
        while last > 0 and closing[last - 1] + 1 == opening[last]:
            last -= 1
        raise failure("quote-unclosed", _place(text, int(opening[last]), file))
    return np.logical_xor.accumulate(text == _QUOTE)


def _place(text: Bytes, position: int, file: str) -> Place:
    before = text[:position].tobytes().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    after = text[position : position + 500].tobytes().decode("utf-8", "ignore").splitlines()
    start = before.rfind("\n") + 1
    line = before[start:] + (after[0] if after else "")
    return Place(file, before.count("\n") + 1, len(before) - start + 1, line)


def _with_line_feeds(text: Bytes, inside: NDArray[np.bool_] | None) -> tuple[Bytes, NDArray[np.bool_] | None]:
    """Turns the line ends CR LF and CR into LF; those between quotes are data and stay."""
    returns = text == _RETURN
    if inside is not None:
        returns &= ~inside
    at = np.flatnonzero(returns)
    if at.size == 0:
        return text, inside
    paired = (at + 1 < len(text)) & (text[np.minimum(at + 1, len(text) - 1)] == _LINE_FEED)
    text = text.copy()
    text[at[~paired]] = _LINE_FEED
    kept = np.ones(len(text), np.bool_)
    kept[at[paired]] = False
    return text[kept], None if inside is None else inside[kept]


def _structure(text: Bytes, inside: NDArray[np.bool_] | None, delimiter: int) -> _Structure:
    line_feeds = np.flatnonzero(text == _LINE_FEED)
    delimiters = np.flatnonzero(text == delimiter)
    breaks = line_feeds
    if inside is not None:
        breaks, delimiters = breaks[~inside[breaks]], delimiters[~inside[delimiters]]
    starts = np.concatenate([[0], breaks + 1]).astype(np.int64)
    ends = np.concatenate([breaks, [len(text)]]).astype(np.int64)
    filled = ends > starts
    blank_ends = ends[~filled & (ends < len(text))]
    starts, ends = starts[filled], ends[filled]
    lines = np.searchsorted(line_feeds, starts) + 1
    fields = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    return _Structure(text, starts, ends, lines, fields, blank_ends)


def _header(structure: _Structure, file: str, delimiter: str) -> list[str]:
    text = structure.record(0)
    place = Place(file, int(structure.lines[0]), 1, text)
    names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if len(names) == 1 and len(structure.starts) > 1:
        row = structure.record(1)
        for other in _DELIMITERS:
            if other != delimiter and 0 < text.count(other) == row.count(other):
                shown = "\\t" if other == "\t" else other
                raise failure("delimiter-wrong", place, delimiter=delimiter, guess=f'"{shown}"')
    blank = [index for index, name in enumerate(names, 1) if not name.strip()]
    if blank:
        raise failure("header-blank", place, number=blank[0])
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise failure("header-repeated", place, names=[f"`{name}`" for name in repeated])
    return names


def _check_fields(structure: _Structure, file: str, expected: int) -> None:
    wrong = np.flatnonzero(structure.fields != expected)
    if wrong.size == 0:
        return
    first = int(wrong[0])
    place = Place(file, int(structure.lines[first]), 1, structure.record(first).split("\n")[0])
    shown = [f"line {structure.lines[i]} has {structure.fields[i]:,}" for i in wrong[:SHOWN]]
    raise failure(
        "row-fields",
        place,
        expected=counted(expected, "field"),
        rows=[*shown, *(["…"] if wrong.size > SHOWN else [])],
        count=counted(int(wrong.size), "row"),
        all_longer=wrong.size == len(structure.starts) - 1 and bool((structure.fields[1:] > expected).all()),
    )


def _frame(
    structure: _Structure, header: list[str], delimiter: str, file: str, *, quoted: bool
) -> pl.DataFrame:
    import polars as pl

    kept = np.ones(len(structure.text), np.bool_)
    kept[structure.blank_ends] = False
    kept[: structure.starts[1]] = False
    try:
        frame = pl.read_csv(
            structure.text[kept].tobytes(),
            has_header=False,
            separator=delimiter,
            quote_char='"' if quoted else None,
            infer_schema=False,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError as error:
        raise failure("data-unreadable", Place(file, 1, 1), reason=str(error)) from None
    # Polars and the structure must agree, or cells would be named by wrong lines.
    assert frame.shape == (len(structure.starts) - 1, len(header))
    return frame.rename(dict(zip(frame.columns, header, strict=True)))
