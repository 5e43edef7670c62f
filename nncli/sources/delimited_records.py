"""The structure of delimited text: quotes, line ends and fields, settled before Polars sees a byte.

Polars pads short rows with null, reads blank lines as rows and a CR-only file as none. So records are
found here, over the bytes of a piece as one array. Lines of a piece count from 1.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.decoding import check_utf8
from nncli.sources.tables import SHOWN, Rows

Bytes: TypeAlias = NDArray[np.uint8]
Truths: TypeAlias = NDArray[np.bool_]
_QUOTE, _LINE_FEED, _RETURN = 34, 10, 13


@dataclass(frozen=True, slots=True)
class PieceText:
    """The text of a piece with LF line ends; `inside` marks the bytes between quotes, if there are any."""

    content: bytes
    inside: Truths | None = None

    @property
    def array(self) -> Bytes:
        """The bytes as numbers; nothing is copied."""
        return np.frombuffer(self.content, np.uint8)

    def after(self, position: int) -> PieceText:
        """Leaves out what stands before a position."""
        return PieceText(self.content[position:], None if self.inside is None else self.inside[position:])


@dataclass(frozen=True, slots=True)
class WrongRecords:
    """Records with more or fewer fields than the header: how many, and of the first five line and fields.

    `text` is the first line of the first one; `are_all_longer` tells that all records are.
    """

    count: int
    lines: tuple[int, ...]
    fields: tuple[int, ...]
    text: str
    are_all_longer: bool


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a piece as Polars reads them: one behind the other, without blank lines.

    `lines` is the line that each one begins on; `line_ends` counts those of the piece.
    """

    text: bytes
    rows: int
    lines: Rows
    line_ends: int
    is_quoted: bool
    wrong: WrongRecords | None = None


def piece_text(content: bytes, file: str, delimiter: str) -> PieceText:
    """Checks the characters and quotes of a piece.

    Raises `data-encoding`, `data-nul`, `quote-unclosed`, `quote-inside`.
    """
    check_utf8(content, file)
    if b'"' not in content:
        # Looking for a byte is quick, replacing it is not.
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return PieceText(content)
    text = np.frombuffer(content, np.uint8)
    return _with_line_feeds(text, _inside_quotes(text, file, delimiter))


def first_record(text: PieceText) -> tuple[str, int, int]:
    """Gives the first record that is not blank, the line it begins on, and where the next one begins.

    The record is empty where there is none.
    """
    content = text.content
    start = len(content) - len(content.lstrip(b"\n"))
    end = start
    while end < len(content):
        end = content.find(b"\n", end) + 1 or len(content)
        if content.count(b'"', start, end) % 2 == 0:
            break
    return content[start:end].decode("utf-8").removesuffix("\n"), start + 1, end


def fields_of(record: str, delimiter: str) -> list[str]:
    """Takes the text of one record apart."""
    return next(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter))


def likely_records(text: PieceText, delimiter: str, width: int) -> Records | None:
    """Takes every line as a record, where lines and delimiters are as many as if all had `width` fields.

    A line may still have too many and another one too few: Polars refuses the first, and then `records_of`
    says which. None where there are quotes, or the numbers are others.
    """
    rows = text.content.count(b"\n")
    if text.inside is not None or width == 1:
        return None
    if text.content.count(delimiter.encode()) != rows * (width - 1):
        return None
    return Records(text.content, rows, np.arange(1, rows + 1), rows, is_quoted=False)


def records_of(text: PieceText, delimiter: str, width: int) -> Records:
    """Finds the records of a piece, and those that do not have `width` fields."""
    array, inside = text.array, text.inside
    line_feeds = np.flatnonzero(array == _LINE_FEED)
    delimiters = np.flatnonzero(array == ord(delimiter))
    breaks: Rows = line_feeds
    if inside is not None:
        breaks, delimiters = breaks[~inside[breaks]], delimiters[~inside[delimiters]]
    starts = np.concatenate([np.zeros(1, np.int64), breaks[:-1] + 1])[: len(breaks)]
    filled = breaks > starts
    blank_ends = breaks[~filled]
    starts, ends = starts[filled], breaks[filled]
    lines = np.searchsorted(line_feeds, starts) + 1
    fields = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    content = text.content
    if blank_ends.size:
        kept = np.ones(len(array), np.bool_)
        kept[blank_ends] = False
        content = array[kept].tobytes()
    wrong = np.flatnonzero(fields != width)
    found = None
    if wrong.size:
        first = int(wrong[0])
        found = WrongRecords(
            int(wrong.size),
            tuple(map(int, lines[wrong[:SHOWN]])),
            tuple(map(int, fields[wrong[:SHOWN]])),
            text.content[starts[first] : ends[first]].decode("utf-8").split("\n")[0],
            wrong.size == len(starts) and bool((fields > width).all()),
        )
    return Records(content, len(starts), lines, len(line_feeds), inside is not None, found)


def _inside_quotes(text: Bytes, file: str, delimiter: str) -> Truths:
    """Marks the bytes between quotes.

    A quote opens at the start of a field and closes at its end; a doubled one closes and opens again.
    """
    quotes = np.flatnonzero(text == _QUOTE)
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


def _with_line_feeds(text: Bytes, inside: Truths) -> PieceText:
    """Turns the line ends CR LF and CR into LF; those between quotes are data and stay."""
    at = np.flatnonzero((text == _RETURN) & ~inside)
    if at.size == 0:
        return PieceText(text.tobytes(), inside)
    paired = (at + 1 < len(text)) & (text[np.minimum(at + 1, len(text) - 1)] == _LINE_FEED)
    text = text.copy()
    text[at[~paired]] = _LINE_FEED
    kept = np.ones(len(text), np.bool_)
    kept[at[paired]] = False
    return PieceText(text[kept].tobytes(), inside[kept])
