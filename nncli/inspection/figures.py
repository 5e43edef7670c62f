"""The figures of each column: how its values lie, classes, lengths of texts, sizes of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nncli.columns.array_images import ArrayImageEncoder
from nncli.columns.categories import ClassEncoder
from nncli.columns.dates import NO_TIME, DateEncoder, read_times
from nncli.columns.images import ImageEncoder
from nncli.columns.kind import Encoder
from nncli.columns.masks import MaskEncoder
from nncli.columns.numbers import NumberEncoder, Numbers
from nncli.columns.pixels import PixelEncoder
from nncli.columns.series import SeriesEncoder
from nncli.columns.sets import SetEncoder
from nncli.columns.sounds import SoundEncoder
from nncli.columns.stored import Ragged, Stored
from nncli.columns.tags import TagEncoder
from nncli.columns.texts import TextEncoder
from nncli.columns.vectors import VectorEncoder
from nncli.inspection.media import media_figures
from nncli.inspection.seen import Seen
from nncli.inspection.spreads import Spread, spread_of
from nncli.sources.tables import Refusals
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Figures:
    """What is said of one column.

    `type` is the declared one. `missing` counts empty cells. `spread` is that of the numbers, of the
    lengths of texts, or of the seconds of sounds. `classes` have their counts, most frequent first: of rows,
    and in masks of pixels.
    `details` holds what only some kinds have, ready for JSON.
    """

    name: str
    role: str
    type: str
    headers: tuple[str, ...]
    missing: int
    spread: Spread | None = None
    classes: tuple[tuple[str, int], ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Tells how many times the most frequent class is as frequent as the rarest one that is there."""
        return self.classes[0][1] / self.classes[-1][1] if self.classes else None


@dataclass(frozen=True, slots=True)
class Cells:
    """One column as it is looked at: its encoder, its declaration, its encoded values, and the raw rows."""

    encoder: Encoder
    declared: ColumnSpec
    stored: Sequence[Stored]
    seen: Seen | None


def figures_of(cells: Cells) -> Figures:
    """Works out the figures of a column."""
    encoder, column = cells.encoder, cells.encoder.column
    missing, spread, details = 0, None, dict[str, Any]()
    classes: tuple[tuple[str, int], ...] = ()
    if isinstance(encoder, (NumberEncoder, SeriesEncoder)):
        numbers = _numbers(cells)
        missing, spread = int(np.isnan(numbers).sum()), spread_of(numbers)
    elif isinstance(encoder, VectorEncoder):
        spread, details = spread_of(_decoded(cells)), {"numbers": len(encoder.means)}
    elif isinstance(encoder, PixelEncoder):
        details = _pixels(encoder, _numbers(cells))
    elif isinstance(encoder, (ClassEncoder, SetEncoder)):
        missing, classes = _classes(cells)
    elif isinstance(encoder, DateEncoder):
        missing, details = _dates(cells)
    elif isinstance(encoder, (TextEncoder, TagEncoder)):
        missing, spread = _missing_texts(cells), _lengths(cells)
        details = _vocabulary(encoder)
    elif isinstance(encoder, (ImageEncoder, ArrayImageEncoder, MaskEncoder, SoundEncoder)):
        assert cells.seen is not None
        found = media_figures(encoder, cells.stored[0], cells.seen)
        spread, classes, details = found.spread, found.classes, dict(found.details)
    return Figures(
        column.name,
        column.role,
        cells.declared.type,
        encoder.headers,
        missing,
        spread,
        classes,
        {**details, **_steps(cells)},
    )


def _numbers(cells: Cells) -> Numbers:
    assert cells.seen is not None
    return cells.seen.numbers(cells.encoder.headers)


def _decoded(cells: Cells) -> Numbers:
    """Takes encoded numbers back to the unit of the column."""
    import torch

    found = []
    for column in cells.stored:
        rows = torch.from_numpy(
            np.unique(np.linspace(0, column.rows - 1, min(column.rows, 100_000)).astype(int))
        )
        values = column.tensors()["values"].index_select(0, rows)
        found.append(cells.encoder.decode(values).double().flatten().numpy())
    return np.concatenate(found)


def _texts(cells: Cells) -> pl.Series:
    assert cells.seen is not None
    return cells.seen.texts(cells.encoder.column.header)


def _missing_texts(cells: Cells) -> int:
    return _texts(cells).null_count() if cells.seen is not None else 0


def _classes(cells: Cells) -> tuple[int, tuple[tuple[str, int], ...]]:
    """Counts empty cells, and the rows of each class."""
    texts, encoder = _texts(cells), cells.encoder
    missing = texts.null_count()
    if isinstance(encoder, SetEncoder):
        texts = texts.drop_nulls().str.split(encoder.separator).explode().str.strip_chars()
        texts = texts.filter(texts != "")
    counts = (
        texts.drop_nulls()
        .alias("class")
        .value_counts(name="rows")
        .sort(["rows", "class"], descending=[True, False])
    )
    return missing, tuple((str(name), int(rows)) for name, rows in counts.rows())


def _dates(cells: Cells) -> tuple[int, dict[str, Any]]:
    assert cells.seen is not None
    form, column = cells.declared.format, cells.encoder.column
    found = np.concatenate(
        [read_times(table, column, form, Refusals(), empty_allowed=True) for table in cells.seen.tables]
    )
    there = found[found != NO_TIME]
    if not there.size:
        return len(found), {}
    return int(len(found) - len(there)), {"first": moment(there.min()), "last": moment(there.max())}


def moment(microseconds: int) -> str:
    """Writes a time: the date alone where it is midnight."""
    return str(np.datetime64(int(microseconds), "us").astype("datetime64[s]")).replace("T00:00:00", "")


def _lengths(cells: Cells) -> Spread | None:
    """Sums up the lengths in tokens or classes, of all rows."""
    found = [column.lengths.numpy() for column in cells.stored if isinstance(column, Ragged)]
    return spread_of(np.concatenate(found).astype(np.float64)) if found else None


def _vocabulary(encoder: TextEncoder | TagEncoder) -> dict[str, Any]:
    if isinstance(encoder, TagEncoder):
        return {"vocabulary": len(encoder.classes)}
    steps = {"stretch": encoder.layout.length} if encoder.is_stretched else {}
    return {"vocabulary": encoder.tokenizer.size, **steps}


def _pixels(encoder: PixelEncoder, numbers: Numbers) -> dict[str, Any]:
    channels, height, width = encoder.shape
    means = np.nanmean(numbers.reshape(len(numbers), channels, -1), axis=(0, 2))
    return {
        "channels": channels,
        "smallest": [height, width],
        "largest": [height, width],
        "channel_means": [float(each) for each in means],
    }


def _steps(cells: Cells) -> dict[str, Any]:
    """Tells the stretch of a column that is read around a row."""
    window, shift = cells.declared.window, cells.declared.shift
    return ({"window": list(window)} if window is not None else {}) | ({"shift": shift} if shift else {})
