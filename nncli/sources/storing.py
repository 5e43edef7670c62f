"""The rows of opened files as one table: in memory where they are few, in the cache where they are many."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np

from nncli.cache_folder import find_entry, new_entry
from nncli.messages.catalogue import failure
from nncli.sources.frames import StoredFrame, extremes_of, extremes_together
from nncli.sources.pieces import OpenedFile, Piece, Wanted
from nncli.sources.spots import Index, Mark
from nncli.sources.tables import Rows, Source, Table

if TYPE_CHECKING:
    import polars as pl

_KIND: Final = "tables"
_PARTS: Final = "parts.json"
_LINES: Final = "lines"
_ENOUGH_BYTES: Final = 4 * 2**20


def table_of(opened: OpenedFile, wanted: Wanted) -> Table:
    """Reads all rows of a file; of a large one only once, as long as the cache has them.

    Raises `cache-failed`, and what reading the file raises.
    """
    if not opened.is_large(wanted):
        return _in_memory(opened, wanted)
    key = _key(opened, wanted)
    folder = find_entry(_KIND, key)
    if folder is None:
        try:
            with new_entry(_KIND, key, opened.file.shown) as aside:
                _write(aside, opened.pieces(wanted))
        except OSError as error:
            reason = error.strerror or str(error)
            raise failure("cache-failed", file=opened.file.shown, reason=reason) from error
        folder = find_entry(_KIND, key)
    assert folder is not None
    return _stored(folder, opened)


def _in_memory(opened: OpenedFile, wanted: Wanted) -> Table:
    import polars as pl

    pieces = list(opened.pieces(wanted))
    frame = pl.concat([piece.frame for piece in pieces], how="diagonal")
    lines = np.concatenate([piece.lines for piece in pieces])
    return _table(opened, frame, lines, _index(piece.mark for piece in pieces))


def _index(marks: Iterable[Mark]) -> Index:
    """Keeps the marks that can be gone to: decoded text can be read from its start alone."""
    index: list[Mark] = []
    for mark in marks:
        if mark.offset or not index or mark.file != index[-1].file:
            index.append(mark)
    return tuple(index)


def _key(opened: OpenedFile, wanted: Wanted) -> str:
    reading = opened.reading
    kept = None if wanted.headers is None else sorted(wanted.headers)
    facts = [opened.file.path.suffix, reading.delimiter, reading.encoding, reading.nulls, kept]
    key = hashlib.sha256(json.dumps([opened.file.digest(), facts, sorted(wanted.numbers)]).encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        key.update(path.read_bytes())
    return key.hexdigest()


def _write(folder: Path, pieces: Iterator[Piece]) -> None:
    ends: list[int] = []
    marks: list[Mark] = []
    extremes = []
    rows = 0
    with (folder / _LINES).open("wb") as lines:
        for frame in _together(_noted(pieces, marks, lines)):
            frame.write_ipc(folder / f"{len(ends)}.arrow")
            extremes.append(extremes_of(frame))
            rows += frame.height
            ends.append(rows)
    parts = {"ends": ends, "index": _index(marks), "extremes": extremes_together(extremes)}
    (folder / _PARTS).write_text(json.dumps(parts))


def _noted(pieces: Iterator[Piece], marks: list[Mark], lines: BinaryIO) -> Iterator[pl.DataFrame]:
    for piece in pieces:
        lines.write(piece.lines.astype("<i8").tobytes())
        marks.append(piece.mark)
        yield piece.frame


def _together(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Joins small frames, such as those of many small files, until they are worth a file."""
    import polars as pl

    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(each.estimated_size() for each in waiting) >= _ENOUGH_BYTES:
            yield pl.concat(waiting, how="diagonal")
            waiting = []
    if waiting:
        yield pl.concat(waiting, how="diagonal")


def _stored(folder: Path, opened: OpenedFile) -> Table:
    import polars as pl

    parts = json.loads((folder / _PARTS).read_text())
    ends = tuple(map(int, parts["ends"]))
    paths = tuple(folder / f"{number}.arrow" for number in range(len(ends)))
    schema = {name: kind for path in paths for name, kind in pl.read_ipc_schema(path).items()}
    index = tuple(Mark(*map(int, mark)) for mark in parts["index"])
    extremes = {str(name): (float(low), float(high)) for name, (low, high) in parts["extremes"].items()}
    lines: Rows = np.memmap(folder / _LINES, np.dtype("<i8"), mode="r", shape=(ends[-1],))
    return _table(opened, StoredFrame(paths, ends, pl.Schema(schema), extremes), lines, index)


def _table(opened: OpenedFile, cells: pl.DataFrame | StoredFrame, lines: Rows, index: Index) -> Table:
    folder = str(opened.file.path.parent)
    source = Source(opened.file.shown, opened.text(index), folder=folder)
    headers = tuple(dict.fromkeys([*opened.headers, *cells.columns]))
    return Table(cells, lines, source, opened.reading, headers)
