"""What a reader of any format gives: the headers of a file, and then its rows piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nncli.sources.spots import START, Index, Mark, SourceText
from nncli.sources.tables import Reading, Rows

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a file, in order.

    `lines` is the line that each row begins on, or its number where there are no lines; `mark` is where
    the piece begins.
    """

    frame: pl.DataFrame
    lines: Rows
    mark: Mark = START


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is needed of a file: `headers` are its columns, None for all; `numbers` hold numbers only.

    Formats that keep columns apart read those that are needed; in text all are read anyway.
    """

    headers: frozenset[str] | None = None
    numbers: frozenset[str] = frozenset()

    def keeps(self, header: str) -> bool:
        """Tells whether a column is needed."""
        return self.headers is None or header in self.headers


class Origin(Protocol):
    """Where data come from: one file, or several."""

    @property
    def path(self) -> Path:
        """Its path; the end of its name says what it is."""

    @property
    def shown(self) -> str:
        """Its name in messages."""

    @property
    def size_bytes(self) -> int:
        """Counts the bytes."""

    def digest(self) -> str:
        """Gives a sha256 of all bytes. Raises `data-changing`."""


class OpenedFile(Protocol):
    """A file that was looked into, with its rows still to be read, once."""

    @property
    def file(self) -> Origin:
        """The file."""

    @property
    def reading(self) -> Reading:
        """How it is read."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of its columns."""

    def is_large(self, wanted: Wanted) -> bool:
        """Tells whether what is wanted is too much for memory."""

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the rows; text cells of `wanted.numbers` become float64, in which NaN is an empty cell.

        Raises what is wrong with the file.
        """

    def text(self, index: Index) -> SourceText | None:
        """Finds lines again, by where each piece begins; None for a format without lines."""
