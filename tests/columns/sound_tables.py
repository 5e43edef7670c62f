"""Tables of sound files for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from nncli.sources.tables import Source, Table
from tests.sources.sounds import Wave, file_of, noise

LENGTHS = (400, 100, 250, 301)


def waves(channels: int = 1) -> list[Wave]:
    """Makes sounds of different lengths."""
    return [noise(length, channels, seed) for seed, length in enumerate(LENGTHS)]


def sound_table(
    folder: Path, *, rate: int = 8000, channels: int = 1, form: str = "WAV", is_new: bool = False
) -> Table:
    """Writes sounds, each another one, and makes a table of their names."""
    names = [f"{number} ö.{form.lower()}" for number in range(len(LENGTHS))]
    for name, wave in zip(names, waves(channels), strict=True):
        (folder / name).write_bytes(file_of(wave, rate, form))
    return table_of_names(folder, names, is_new=is_new)


def table_of_names(folder: Path, names: Sequence[str | None], *, is_new: bool = False) -> Table:
    """Makes a table of names of files."""
    frame = pl.DataFrame({"sound": names}, schema={"sound": pl.String})
    source = Source("sounds.csv", folder=str(folder), is_new=is_new)
    return Table(frame, np.arange(1, len(names) + 1), source)


def table_of_samples(cells: pl.Series) -> Table:
    """Makes a table whose cells hold samples."""
    frame = pl.DataFrame({"sound": cells})
    return Table(frame, np.arange(1, len(cells) + 1), Source("sounds.npz"))
