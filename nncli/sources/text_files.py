"""Plain text: a file is one cell of a table, or where it is long a stream of pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.decoding import decoded
from nncli.sources.tables import Reading, Source, Table

TEXT: Final = "text"
"""The column of a table that is made of a text file."""
PIECE: Final = 2**18
"""A piece of a text has at most this many characters."""


def read_text(content: bytes, file: str, reading: Reading) -> Table:
    """Reads a text file as a table of one cell, every character as it is.

    Raises `data-empty`, `data-encoding`, `data-nul`.
    """
    import polars as pl

    text = decoded(content, file, reading.encoding).decode("utf-8")
    if not text:
        raise failure("data-empty", Place(file, 1, 1))
    frame = pl.DataFrame({TEXT: [text]}, schema={TEXT: pl.String})
    return Table(frame, np.arange(1, 2), Source(file), Reading(reading.delimiter, reading.encoding, ()))


def pieces_of(blocks: Iterable[str]) -> Iterator[str]:
    """Joins the blocks of a text and cuts it where words end: behind a line, else before a space.

    Where it is cut depends on the text alone, so that it is the same in blocks of any size.
    """
    held = ""
    for block in blocks:
        held = held + block if held else block
        first = 0
        while len(held) - first > PIECE:
            last = _end_of_piece(held, first)
            yield held[first:last]
            first = last
        held = held[first:]
    if held:
        yield held


def _end_of_piece(text: str, first: int) -> int:
    lowest, highest = first + PIECE // 2, first + PIECE
    for sign, is_kept in (("\n", True), (" ", False)):
        at = text.rfind(sign, lowest, highest)
        while at > lowest:
            # Several signs of white space in a row can be one token.
            if not text[at - 1].isspace() and not text[at + 1].isspace():
                return at + is_kept
            at = text.rfind(sign, lowest, at)
    return highest


def between(blocks: Iterable[str], first: int, last: int) -> Iterator[str]:
    """Gives the characters `first` to `last` of a text, without what stands behind them being read."""
    at = 0
    for block in blocks:
        if at + len(block) > first:
            yield block[max(first - at, 0) : last - at]
        at += len(block)
        if at >= last:
            return
