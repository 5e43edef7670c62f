"""Images that lie in a table: one column per pixel, channel by channel, row by row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.numbers import Numbers, is_number, number_cells, read_numbers, scale_of
from nncli.errors import Problem
from nncli.natural_order import natural_order
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from nncli.columns.stored import Dense


MOST_PIXELS: Final = 1_000_000
"""Each is a column of the table; larger images lie in files or arrays."""


@dataclass(frozen=True, slots=True)
class PixelEncoder(Encoder):
    """Pixels to `shape`, scaled per channel: `(pixel - means[c]) / deviations[c]`."""

    column: Column
    pixels: tuple[str, ...]
    shape: tuple[int, int, int]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    type: Literal["pixels"] = "pixels"

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or len(self.pixels) != math.prod(self.shape):
            raise ValueError("an image has as many columns as its shape has pixels")
        if not len(self.means) == len(self.deviations) == self.shape[0]:
            raise ValueError("an image has one mean and one deviation per channel")
        if not all(deviation > 0 for deviation in self.deviations):
            raise ValueError("a deviation must be above 0")

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that are read: one for each pixel."""
        return self.pixels

    def input(self) -> InputSpec:
        """Describes the columns as one input."""
        return InputSpec(self.shape, "image")

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes the pixels to float32 (N, channels, height, width)."""
        import torch

        from nncli.columns.stored import Dense

        pixels = _read_pixels(table, self.column, self.pixels, refusals)
        pixels = pixels.reshape(len(table), *self.shape)
        means = np.array(self.means).reshape(-1, 1, 1)
        deviations = np.array(self.deviations).reshape(-1, 1, 1)
        return Dense(torch.from_numpy(((pixels - means) / deviations).astype(np.float32)))

    def stated(self) -> Mapping[str, object]:
        """Names the columns of the pixels in order."""
        return {"columns": self.pixels}


def pixel_headers(column: Column, declared: ColumnSpec, headers: Sequence[str]) -> tuple[str, ...]:
    """Lists the pixel columns: as declared, or those that match the glob, `pixel_2` before `pixel_10`."""
    if not isinstance(declared.columns, str):
        return tuple(declared.columns or ())
    return tuple(sorted((each for each in headers if fnmatchcase(each, declared.columns)), key=natural_order))


def _read_pixels(table: Table, column: Column, headers: Sequence[str], refusals: Refusals) -> Numbers:
    """Reads the pixels of every row, float64 (N, pixels); refuses as for numbers, once for the image."""
    pixels, _ = number_cells(table, headers)
    bad = np.flatnonzero(~is_number(pixels).all(axis=0))
    if bad.size:
        # The first column with bad cells stands for all: an image can have thousands.
        first = Column(column.name, headers[int(bad[0])], column.role)
        read_numbers(table, first, refusals, empty_allowed=False)
    return pixels


def fit_pixels(column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]) -> PixelEncoder:
    """Fits the scale of each channel to the training rows."""
    headers = pixel_headers(column, declared, table.columns)
    pixels = _read_pixels(table, column, headers, Refusals())
    channels, height, width = declared.shape or (1, 1, 1)
    per_channel = pixels.reshape(len(pixels), channels, -1)
    scales = [scale_of(per_channel[:, channel], declared.scale) for channel in range(channels)]
    means, deviations = zip(*scales, strict=True)
    return PixelEncoder(column, headers, (channels, height, width), means, deviations)


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    _read_pixels(table, column, pixel_headers(column, declared, table.columns), refusals)


def _stand_in(column: Column, declared: ColumnSpec) -> PixelEncoder:
    channels, height, width = declared.shape or (1, 1, 1)
    names = tuple(f"pixel_{number}" for number in range(channels * height * width))
    return PixelEncoder(column, names, (channels, height, width), (0.0,) * channels, (1.0,) * channels)


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    shape, listed = declared.shape or (), declared.columns or ()
    pixels = math.prod(shape)
    if len(shape) != 3 or min(shape) < 1 or not listed:
        yield Mistake("image-declaration")
    elif pixels > MOST_PIXELS:
        yield Mistake("image-pixels", "shape", {"shape": list(shape), "most": f"{MOST_PIXELS:,}"})
    elif not isinstance(listed, str) and len(listed) != pixels:
        facts = {"found": len(listed), "shape": list(shape), "needed": pixels}
        yield Mistake("image-columns", "columns", facts)


PIXELS: Final = Kind(
    check=_check,
    fit=fit_pixels,
    stand_in=_stand_in,
    may_be_target=False,
    has_numbers=True,
    headers=pixel_headers,
    mistakes=_mistakes,
)
