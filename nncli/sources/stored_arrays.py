"""Arrays in a file, each a column: read a few rows at a time, whatever their number of axes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, final

import numpy as np
from numpy.typing import NDArray

from nncli.counted import counted
from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import LARGE_BYTES, DataFile
from nncli.sources.pieces import Piece, Wanted
from nncli.sources.spots import Index
from nncli.sources.tables import Reading

if TYPE_CHECKING:
    import polars as pl

_PIECE_BYTES: Final = 16 * 2**20
_MOST_ROWS: Final = 2**17
_MOST_WHOLE_BYTES: Final = 2**30
KINDS: Final = "biufUSM"
"""Booleans, numbers, texts and dates, by NumPy's letters."""
_WIDEST: Final = 8
"""Of numbers, in bytes: Polars has none of more."""


class ByteStream(Protocol):
    """Where the bytes of an array are read from, in order."""

    def read(self, count: int, /) -> bytes:
        """Gives so many bytes."""

    def close(self) -> None:
        """Ends the reading."""


@dataclass(frozen=True)
class StoredArray:
    """One array of a file: (N, …) values, row by row, or column by column where `is_fortran`.

    `open` begins to read them. `widened` marks bfloat16, read as the upper half of float32.
    """

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    open: Callable[[], ByteStream]
    is_fortran: bool = False
    widened: bool = False

    @property
    def row_bytes(self) -> int:
        """Counts the bytes of a row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def problem(self) -> str:
        """Says why the array cannot be a column; empty where it can."""
        if self.dtype.kind not in KINDS or (self.dtype.kind in "biuf" and self.dtype.itemsize > _WIDEST):
            return f"its values are of type {self.dtype}"
        if not self.shape:
            return "it is a single value"
        if 0 in self.shape[1:]:
            return f"an axis of {list(self.shape)} has no length"
        if self.is_fortran and len(self.shape) > 1 and self.shape[0] * self.row_bytes > _MOST_WHOLE_BYTES:
            return "it lies column by column: save it with np.ascontiguousarray"
        return ""

    def rows(self, counts: Iterator[int]) -> Iterator[NDArray[np.generic]]:
        """Reads the rows, as many at a time as `counts` says. Raises ValueError where the file ends."""
        stream = self.open()
        try:
            if self.is_fortran and len(self.shape) > 1:
                whole = self._read(stream, self.shape[0]).reshape(self.shape[::-1]).T
                first = 0
                for count in counts:
                    yield np.ascontiguousarray(whole[first : first + count])
                    first += count
                return
            for count in counts:
                yield self._read(stream, count).reshape(count, *self.shape[1:])
        finally:
            stream.close()

    def _read(self, stream: ByteStream, count: int) -> NDArray[np.generic]:
        content = stream.read(count * self.row_bytes)
        if len(content) < count * self.row_bytes:
            raise ValueError("it ends too soon")
        values = np.frombuffer(content, self.dtype)
        return (values.astype(np.uint32) << 16).view(np.float32) if self.widened else values


@final
@dataclass(frozen=True)
class ArraysFile:
    """A file of arrays that was looked into."""

    file: DataFile
    reading: Reading
    arrays: Mapping[str, StoredArray]

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the arrays."""
        return tuple(self.arrays)

    def is_large(self, wanted: Wanted) -> bool:
        """Tells whether the arrays that are wanted are too much for memory."""
        chosen = self._chosen(wanted)
        return sum(each.shape[0] * each.row_bytes for each in chosen.values()) >= LARGE_BYTES

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the arrays that are wanted, in pieces of 16 MB.

        Raises `array-type`, `array-lengths`, `data-empty`, `data-unreadable`, `data-changing`.
        """
        import polars as pl

        chosen = self._chosen(wanted)
        rows = next(iter(chosen.values())).shape[0]
        if rows == 0:
            raise failure("data-empty", Place(self.file.shown, 1, 1))
        row_bytes = sum(each.row_bytes for each in chosen.values())
        step = max(1, min(_MOST_ROWS, _PIECE_BYTES // max(row_bytes, 1)))
        counts = [min(step, rows - first) for first in range(0, rows, step)]
        first = 1
        with ExitStack() as stack:
            stream = stack.enter_context(self.file.stream())
            readers = {name: each.rows(iter(counts)) for name, each in chosen.items()}
            for count in counts:
                try:
                    columns = [_series(name, next(reader)) for name, reader in readers.items()]
                except (ValueError, OSError) as error:
                    place = Place(self.file.shown, 1, 1)
                    raise failure("data-unreadable", place, reason=str(error)) from None
                yield Piece(pl.DataFrame(columns), np.arange(first, first + count))
                first += count
            self.file.refuse_change(stream)

    def text(self, index: Index) -> None:
        """Says that there are no lines."""

    def _chosen(self, wanted: Wanted) -> dict[str, StoredArray]:
        place = Place(self.file.shown, 1, 1)
        chosen = {name: each for name, each in self.arrays.items() if wanted.keeps(name)}
        if not chosen:
            # What is declared is missing, and said to be so by its line in the spec.
            chosen = dict([(name, each) for name, each in self.arrays.items() if not each.problem()][:1])
        if not chosen:
            raise failure("data-empty", place)
        for name, each in chosen.items():
            reason = each.problem()
            if reason:
                raise failure("array-type", place, name=name, reason=reason)
        lengths = Counter(each.shape[0] for each in chosen.values())
        if len(lengths) > 1:
            said = [f"`{name}` has {counted(each.shape[0], 'row')}" for name, each in chosen.items()]
            raise failure("array-lengths", place, lengths=said)
        return chosen


def _series(name: str, values: NDArray[np.generic]) -> pl.Series:
    import polars as pl

    kind = values.dtype.kind
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if kind == "S":
        # Texts of bytes are ASCII in most files; others are refused rather than guessed.
        return pl.Series(name, np.char.decode(values.astype(np.bytes_), "utf-8"), dtype=pl.String)
    if kind == "U":
        return (
            pl.Series(name, values, dtype=pl.String) if values.ndim == 1 else pl.Series(name, values.tolist())
        )
    if kind == "M":
        is_known = values.dtype.str.endswith(("[D]", "[ms]", "[us]", "[ns]"))
        return pl.Series(name, values if is_known else values.astype("M8[us]"))
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    return pl.Series(name, values)
