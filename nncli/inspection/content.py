"""What rows hold, as one number each, so that equal rows are found among millions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.columns.numbers import number_cells
from nncli.inspection.seen import SLICE_ROWS
from nncli.sources.media_files import on_all_cores, read_media
from nncli.sources.tables import Table

if TYPE_CHECKING:
    import polars as pl

Hashes: TypeAlias = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Reads:
    """Which columns of a file are read: as numbers, as they are written, and as names of files."""

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def content_of(tables: Sequence[Table], reads: Reads) -> Hashes:
    """Hashes the cells of every row of several tables, uint64 (rows,); of a file its bytes are hashed.

    Equal content has equal hashes; two others of ten million rows agree with a chance of 1 in 300,000.
    """
    headers = (*reads.numbers, *reads.texts, *reads.files)
    found = []
    for table in tables:
        hashes = np.empty(len(table), np.uint64)
        for first, piece in table.only(headers).slices(SLICE_ROWS):
            hashes[first : first + len(piece)] = _hashed(piece, reads)
        found.append(hashes)
    return np.concatenate(found)


def _hashed(table: Table, reads: Reads) -> Hashes:
    import polars as pl

    columns = []
    if reads.numbers:
        numbers = number_cells(table, reads.numbers)[0]
        columns += [pl.Series(f"n{each}", numbers[:, each]) for each in range(numbers.shape[1])]
    columns += [_as_written(table, header).alias(f"t{at}") for at, header in enumerate(reads.texts)]
    columns += [pl.Series(f"f{at}", _file_hashes(table, header)) for at, header in enumerate(reads.files)]
    hashes: Hashes = pl.DataFrame(columns).hash_rows(seed=0).to_numpy()
    return hashes


def _as_written(table: Table, header: str) -> pl.Series:
    """Gives cells as text; lists, which have none, by their own hash."""
    return (
        table.series(header).hash(seed=0) if table.cells.schema[header].is_nested() else table.texts(header)
    )


def _file_hashes(table: Table, header: str) -> Hashes:
    names = table.texts(header).fill_null("").to_list()
    hashes = np.zeros(len(names), np.uint64)

    def work(number: int) -> None:
        content = read_media(Path(table.source.folder, names[number]))
        hashes[number] = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")

    refused = on_all_cores(len(names), work)
    # A file that cannot be read is like no other.
    for number in refused:
        hashes[number] = number + 1
    return hashes
