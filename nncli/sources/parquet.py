"""Parquet: typed columns; rows are named by number, since there are no lines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile
from nncli.sources.parquet_layout import MOST_FOOTER_BYTES, check_layout
from nncli.sources.pieces import Piece, Wanted
from nncli.sources.tables import Index, Reading

_MAGIC: Final = b"PAR1"
_TAIL_BYTES: Final = 8
PIECE_ROWS: Final = 2**17


def open_parquet(file: DataFile, reading: Reading) -> ParquetFile:
    """Reads the headers of a Parquet file. Raises `data-empty`, `data-unreadable`, `data-changing`."""
    import polars as pl

    if not file.size_bytes:
        raise failure("data-empty", Place(file.shown, 1, 1))
    with file.stream() as stream, _reasons(file):
        start = stream.read(len(_MAGIC))
        stream.seek(max(file.size_bytes - _TAIL_BYTES, 0))
        tail = stream.read(_TAIL_BYTES)
        footer_bytes = int.from_bytes(tail[:4], "little")
        # A footer longer than the file has made readers ask for gigabytes.
        if not (start == tail[4:] == _MAGIC and footer_bytes + len(_MAGIC) + _TAIL_BYTES <= file.size_bytes):
            raise ValueError("it does not begin and end as a Parquet file does")
        if footer_bytes > MOST_FOOTER_BYTES:
            raise ValueError(f"its footer has {footer_bytes:,} bytes")
        stream.seek(file.size_bytes - _TAIL_BYTES - footer_bytes)
        check_layout(stream.read(footer_bytes), file.size_bytes)
        headers = tuple(pl.scan_parquet(_source(file)).collect_schema())
    return ParquetFile(file, reading, headers)


@final
@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A Parquet file whose footer was checked."""

    file: DataFile
    reading: Reading
    headers: tuple[str, ...]

    def pieces(self, wanted: Wanted, digest: str = "") -> Iterator[Piece]:
        """Reads the columns that are wanted, a row group at a time.

        Raises `data-empty`, `data-unreadable`, `data-changing`.
        """
        import polars as pl

        # By number: Polars takes some names for patterns.
        chosen = [number for number, header in enumerate(self.headers) if wanted.keeps(header)]
        rows = 0
        with self.file.stream() as stream, _reasons(self.file):
            scanned = pl.scan_parquet(_source(self.file)).select(pl.nth(chosen))
            for frame in scanned.collect_batches(chunk_size=PIECE_ROWS):
                if frame.height:
                    yield Piece(frame, np.arange(rows + 1, rows + frame.height + 1))
                rows += frame.height
            self.file.refuse_change(stream)
        if not rows:
            raise failure("data-empty", Place(self.file.shown, 1, 1))

    def text(self, index: Index) -> None:
        """Says that there are no lines."""


def _source(file: DataFile) -> str | io.BytesIO:
    return io.BytesIO(file.content) if file.content is not None else str(file.path)


@contextmanager
def _reasons(file: DataFile) -> Iterator[None]:
    """Turns what is said about a damaged file into `data-unreadable`."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise failure("data-unreadable", Place(file.shown, 1, 1), reason=reason) from None
