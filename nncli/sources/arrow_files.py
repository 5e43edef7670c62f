"""Arrow as data: Feather and other files of it, and its streams; typed columns, rows named by number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, final

import numpy as np

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.arrow_layout import END, ArrowLayout, Message, arrow_layout
from nncli.sources.data_files import LARGE_BYTES, DataFile
from nncli.sources.pieces import Piece, Wanted
from nncli.sources.quiet_decoders import quiet_decoders
from nncli.sources.spots import Index
from nncli.sources.tables import Reading

if TYPE_CHECKING:
    import polars as pl

_PIECE_BYTES: Final = 16 * 2**20
_MOST_BYTES: Final = 4 * LARGE_BYTES
_CELL_BYTES: Final = 8


def open_arrow(file: DataFile, reading: Reading) -> ArrowFile:
    """Reads the headers of a file or stream. Raises `data-empty`, `data-unreadable`, `data-changing`."""
    import polars as pl

    if not file.size_bytes:
        raise failure("data-empty", Place(file.shown, 1, 1))
    with file.stream() as stream, reasons(file):
        layout = arrow_layout(stream, file.size_bytes)
        headers = tuple(pl.read_ipc_stream(_spliced(stream, layout, ())).columns)
    return ArrowFile(file, reading, headers, layout)


@final
@dataclass(frozen=True, slots=True)
class ArrowFile:
    """An Arrow file whose messages were checked."""

    file: DataFile
    reading: Reading
    headers: tuple[str, ...]
    layout: ArrowLayout

    def is_large(self, wanted: Wanted) -> bool:
        """Tells whether the columns that are wanted are too much for memory."""
        rows = sum(batch.rows for batch in self.layout.batches)
        columns = sum(map(wanted.keeps, self.headers))
        return self.file.content is None or rows * columns * _CELL_BYTES >= _MOST_BYTES

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the columns that are wanted, some batches at a time.

        Raises `data-empty`, `data-unreadable`, `data-changing`.
        """
        import polars as pl

        chosen = [number for number, header in enumerate(self.headers) if wanted.keeps(header)]
        rows = 0
        with self.file.stream() as stream:
            frames = (
                pl.read_ipc_stream(_spliced(stream, self.layout, batches), columns=chosen)
                for batches in _grouped(self.layout.batches)
            )
            for frame in in_steps(frames, self.file):
                if frame.height:
                    yield Piece(frame, np.arange(rows + 1, rows + frame.height + 1))
                rows += frame.height
            self.file.refuse_change(stream)
        if not rows:
            raise failure("data-empty", Place(self.file.shown, 1, 1))

    def text(self, index: Index) -> None:
        """Says that there are no lines."""


@contextmanager
def reasons(file: DataFile) -> Iterator[None]:
    """Turns what is said about a damaged file into `data-unreadable`."""
    import polars as pl

    try:
        with quiet_decoders():
            yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise failure("data-unreadable", Place(file.shown, 1, 1), reason=reason) from None


def in_steps(frames: Iterator[pl.DataFrame], file: DataFile) -> Iterator[pl.DataFrame]:
    """Takes frames one by one, and says what is wrong with their file as `reasons` does."""
    while True:
        with reasons(file):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _grouped(batches: tuple[Message, ...]) -> Iterator[tuple[Message, ...]]:
    """Puts batches together, as many as make a piece."""
    group: list[Message] = []
    for batch in batches:
        if group and sum(each.size_bytes for each in group) + batch.size_bytes > _PIECE_BYTES:
            yield tuple(group)
            group = []
        group.append(batch)
    if group:
        yield tuple(group)


def _spliced(stream: BinaryIO, layout: ArrowLayout, batches: tuple[Message, ...]) -> bytes:
    """Makes a stream of some of the batches of another."""
    parts = [layout.schema]
    for message in (*layout.dictionaries, *batches):
        stream.seek(message.offset)
        parts.append(stream.read(message.size_bytes))
    return b"".join([*parts, END])
