"""Parquet: typed columns; rows are named by number, since there are no lines."""

from __future__ import annotations

import io
from typing import Final

import numpy as np

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.tables import Reading, Source, Table

_MAGIC: Final = b"PAR1"


def read_parquet(content: bytes, file: str, reading: Reading) -> Table:
    """Reads a Parquet file. Raises `data-empty`, `data-unreadable`."""
    import polars as pl

    place = Place(file, 1, 1)
    if not content:
        raise failure("data-empty", place)
    # A footer longer than the file has made readers ask for gigabytes.
    footer_bytes = int.from_bytes(content[-8:-4], "little")
    if not (content.startswith(_MAGIC) and content.endswith(_MAGIC) and footer_bytes + 12 <= len(content)):
        raise failure("data-unreadable", place, reason="it does not begin and end as a Parquet file does")
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise failure("data-unreadable", place, reason=str(error).split("\n")[0]) from None
    if frame.is_empty():
        raise failure("data-empty", place)
    return Table(frame, np.arange(1, frame.height + 1), Source(file), reading)
