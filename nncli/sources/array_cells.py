"""Cells that are lists or arrays of numbers, as one array of all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl
    from polars.datatypes import DataType, DataTypeClass


def array_of(series: pl.Series) -> NDArray[np.generic] | None:
    """Gives a column as (N, …); None where lists differ in length, or cells are empty or no numbers."""
    import polars as pl

    kind = series.dtype
    if isinstance(kind, pl.List):
        lengths = series.list.len().unique()
        if len(lengths) != 1 or not lengths[0]:
            return None
        inner = array_of(series.explode())
        return None if inner is None else inner.reshape(len(series), -1, *inner.shape[1:])
    innermost: DataType | DataTypeClass = kind
    while isinstance(innermost, pl.Array):
        innermost = innermost.inner
    is_whole = innermost.is_numeric() or innermost == pl.Boolean
    return series.to_numpy() if is_whole and not series.has_nulls() else None
