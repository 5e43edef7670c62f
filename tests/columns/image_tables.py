"""Tables of image files for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from nncli.sources.tables import Source, Table
from tests.sources.pictures import file_of, picture


def image_table(
    folder: Path, count: int = 6, *, mode: str = "RGB", size: tuple[int, int] = (12, 16), is_new: bool = False
) -> Table:
    """Writes images, each another one, and makes a table of their names."""
    names = [f"{number}.png" for number in range(count)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(file_of(picture(*size, number).convert(mode)))
    return table_of_names(folder, names, is_new=is_new)


def table_of_names(folder: Path, names: Sequence[str | None], *, is_new: bool = False) -> Table:
    """Makes a table of names of files."""
    frame = pl.DataFrame({"image": names}, schema={"image": pl.String})
    source = Source("images.csv", folder=str(folder), is_new=is_new)
    return Table(frame, np.arange(1, len(names) + 1), source)
