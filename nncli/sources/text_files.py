"""Plain text: a file is one cell of a table, or several by a glob are streams of pieces."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

import numpy as np

from nncli.errors import Place, Problem
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile, find_file
from nncli.sources.decoding import decoded, decoded_blocks
from nncli.sources.pieces import Piece, Wanted
from nncli.sources.spots import Index
from nncli.sources.tables import Reading

TEXT: Final = "text"
"""The column of a table that is made of a text file."""
PIECE: Final = 2**18
"""A piece of a text has at most this many characters."""


def open_text(file: DataFile, reading: Reading) -> TextFile:
    """Opens a text file as a table of one cell, in which every character is as it is."""
    # No text means an empty cell.
    return TextFile(file, replace(reading, nulls=()))


@final
@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file that was opened."""

    file: DataFile
    reading: Reading
    headers: tuple[str, ...] = (TEXT,)

    def is_large(self, wanted: Wanted) -> bool:
        """Says no: a text is one cell."""
        return False

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the whole text. Raises `data-empty`, `data-encoding`, `data-nul`, `data-changing`."""
        import polars as pl

        content = b"".join(self.file.chunks(PIECE))
        text = decoded(content, self.file.shown, self.reading.encoding).decode("utf-8")
        if not text:
            raise failure("data-empty", Place(self.file.shown, 1, 1))
        yield Piece(pl.DataFrame({TEXT: [text]}, schema={TEXT: pl.String}), np.arange(1, 2))

    def text(self, index: Index) -> None:
        """Says that rows have no lines."""


def find_texts(folder: Path, source: str) -> list[DataFile] | Problem:
    """Finds the files that a path or a glob names, in the order of their names.

    Problems without a place: those of `find_file`.
    """
    paths = [folder / source]
    if glob.has_magic(source) and not paths[0].exists():
        named = sorted(glob.glob(source, root_dir=folder, recursive=True))
        paths = [folder / each for each in named if (folder / each).is_file()] or paths
    files = []
    for path in paths:
        found = find_file(path, str(path))
        if isinstance(found, Problem):
            return found
        files.append(found)
    return files


def text_blocks(file: DataFile, encoding: str) -> Iterator[str]:
    """Reads a text a megabyte at a time. Raises `data-encoding`, `data-nul`, `data-changing`."""
    with file.stream() as stream:
        yield from decoded_blocks(stream, file.shown, encoding)
        file.refuse_change(stream)


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
