"""Parquet: typed columns; rows are named by number, since there are no lines."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final, final

import numpy as np

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import LARGE_BYTES, DataFile
from nncli.sources.parquet_child import LENGTH_BYTES, WRONG
from nncli.sources.parquet_layout import CELL_BYTES, MOST_FOOTER_BYTES, Layout, checked_layout
from nncli.sources.pieces import Piece, Wanted
from nncli.sources.spots import Index
from nncli.sources.tables import Reading

if TYPE_CHECKING:
    import polars as pl

PIECE_ROWS: Final = 2**17
# Units: seconds that a piece of rows may take; one takes a second at the most.
PATIENCE: Final = 120.0
_KILLED: Final = -9
_MAGIC: Final = b"PAR1"
_TAIL_BYTES: Final = 8
_MOST_BYTES: Final = 4 * LARGE_BYTES
"""A small file can hold many rows: what would take more than this in memory lies in the cache."""
_CHILD: Final = Path(__file__).with_name("parquet_child.py")


def open_parquet(file: DataFile, reading: Reading) -> ParquetFile:
    """Reads the footer of a Parquet file. Raises `data-empty`, `data-unreadable`, `data-changing`."""
    if not file.size_bytes:
        raise failure("data-empty", Place(file.shown, 1, 1))
    try:
        with file.stream() as stream:
            start = stream.read(len(_MAGIC))
            stream.seek(max(file.size_bytes - _TAIL_BYTES, 0))
            tail = stream.read(_TAIL_BYTES)
            footer_bytes = int.from_bytes(tail[:4], "little")
            behind = len(_MAGIC) + _TAIL_BYTES
            # A footer longer than the file has made readers ask for gigabytes.
            if not (start == tail[4:] == _MAGIC and footer_bytes + behind <= file.size_bytes):
                raise ValueError("it does not begin and end as a Parquet file does")
            if footer_bytes > MOST_FOOTER_BYTES:
                raise ValueError(f"its footer has {footer_bytes:,} bytes")
            stream.seek(file.size_bytes - _TAIL_BYTES - footer_bytes)
            layout = checked_layout(stream.read(footer_bytes), file.size_bytes)
    except (OSError, ValueError) as error:
        raise _unreadable(file, str(error)) from None
    return ParquetFile(file, reading, layout)


@final
@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A Parquet file whose footer was checked."""

    file: DataFile
    reading: Reading
    layout: Layout

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of its columns."""
        return self.layout.headers

    def is_large(self, wanted: Wanted) -> bool:
        """Tells whether the columns that are wanted are too much for memory."""
        columns = sum(map(wanted.keeps, self.headers))
        return self.file.content is None or self.layout.rows * columns * CELL_BYTES >= _MOST_BYTES

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        """Reads the columns that are wanted, a row group at a time.

        Raises `data-empty`, `data-unreadable`, `data-changing`.
        """
        # By number: Polars takes some names for patterns.
        chosen = [number for number, header in enumerate(self.headers) if wanted.keeps(header)]
        rows = 0
        with self.file.stream() as stream:
            for frame in _decoded(self.file, chosen):
                if frame.height:
                    yield Piece(frame, np.arange(rows + 1, rows + frame.height + 1))
                rows += frame.height
            self.file.refuse_change(stream)
        if not rows:
            raise failure("data-empty", Place(self.file.shown, 1, 1))

    def text(self, index: Index) -> None:
        """Says that there are no lines."""


def _decoded(file: DataFile, columns: list[int]) -> Iterator[pl.DataFrame]:
    """Has a file decoded by another process, which damaged bytes may end."""
    import polars as pl

    command = [sys.executable, "-P", str(_CHILD), json.dumps(columns), str(PIECE_ROWS)]
    command += [str(file.path.absolute())] if file.content is None else []
    with TemporaryFile() as given, TemporaryFile() as said:
        given.write(file.content or b"")
        given.seek(0)
        # What runs is this Python and a file of nncli.
        with subprocess.Popen(command, stdin=given, stdout=subprocess.PIPE, stderr=said) as child:  # noqa: S603
            assert child.stdout is not None
            try:
                while content := _answer(child, child.stdout):
                    yield pl.read_ipc_stream(content)
            except BaseException:
                child.kill()
                raise
        if child.returncode == _KILLED:
            raise failure("decoder-lost", Place(file.shown, 1, 1), seconds=f"{PATIENCE:g}")
        if child.returncode:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip().splitlines()
            is_told = child.returncode == WRONG and words
            raise _unreadable(file, words[-1] if is_told else "its bytes make no sense")


def _answer(child: subprocess.Popen[bytes], stream: IO[bytes]) -> bytes:
    """Reads the next rows of a child, empty where there are no more; one that says nothing is ended."""
    watch = threading.Timer(PATIENCE, child.kill)
    watch.start()
    try:
        length = int.from_bytes(stream.read(LENGTH_BYTES), "little")
        content = stream.read(length)
        return content if len(content) == length else b""
    finally:
        watch.cancel()


def _unreadable(file: DataFile, reason: str) -> NncliError:
    return failure("data-unreadable", Place(file.shown, 1, 1), reason=reason)
