"""Images that lie in a table: one column per pixel, channel by channel, row by row."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

import numpy as np

from nncli.columns.numbers import Numbers, is_number, number_cells, read_numbers, scale_of
from nncli.errors import Problem
from nncli.sources.tables import Column, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class ImageEncoder:
    """Pixels to `shape`, scaled per channel: `(pixel - means[c]) / deviations[c]`."""

    column: Column
    headers: tuple[str, ...]
    shape: tuple[int, int, int]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    type: Literal["image"] = "image"

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or len(self.headers) != math.prod(self.shape):
            raise ValueError("an image has as many columns as its shape has pixels")
        if not len(self.means) == len(self.deviations) == self.shape[0]:
            raise ValueError("an image has one mean and one deviation per channel")
        if not all(deviation > 0 for deviation in self.deviations):
            raise ValueError("a deviation must be above 0")

    def input(self) -> InputSpec:
        """Describes the columns as one input."""
        return InputSpec(self.shape, "image")

    def encode(self, table: Table, problems: list[Problem]) -> Tensor:
        """Encodes the pixels to float32 (N, channels, height, width); bad cells become problems."""
        import torch

        pixels = read_pixels(table, self.column, self.headers, problems)
        pixels = pixels.reshape(len(table), *self.shape)
        means = np.array(self.means).reshape(-1, 1, 1)
        deviations = np.array(self.deviations).reshape(-1, 1, 1)
        return torch.from_numpy(((pixels - means) / deviations).astype(np.float32))


def pixel_headers(declared: ColumnSpec, headers: Sequence[str]) -> tuple[str, ...]:
    """Lists the pixel columns: as declared, or those that match the glob, `pixel_2` before `pixel_10`."""
    if not isinstance(declared.columns, str):
        return tuple(declared.columns or ())
    return tuple(sorted((each for each in headers if fnmatchcase(each, declared.columns)), key=_natural))


def read_pixels(table: Table, column: Column, headers: Sequence[str], problems: list[Problem]) -> Numbers:
    """Reads the pixels of every row, float64 (N, pixels). Problems: as for numbers, one for the image."""
    pixels, _ = number_cells(table, headers)
    bad = np.flatnonzero(~is_number(pixels).all(axis=0))
    if bad.size:
        # The first column with bad cells stands for all: an image can have thousands.
        first = Column(column.name, headers[int(bad[0])], column.role)
        read_numbers(table, first, problems, empty_allowed=False)
    return pixels


def fit_image(
    column: Column, declared: ColumnSpec, headers: tuple[str, ...], pixels: Numbers
) -> ImageEncoder:
    """Fits the scale of each channel to the training part's pixels, (rows, pixels)."""
    channels, height, width = declared.shape or (1, 1, 1)
    per_channel = pixels.reshape(len(pixels), channels, -1)
    scales = [
        (0.0, 1.0) if declared.scale == "none" else scale_of(per_channel[:, channel])
        for channel in range(channels)
    ]
    means, deviations = zip(*scales, strict=True)
    return ImageEncoder(column, headers, (channels, height, width), means, deviations)


def _natural(text: str) -> list[tuple[int, int, str]]:
    pieces = re.findall(r"[0-9]+|[^0-9]+", text)
    return [(0, int(piece), piece) if piece[0] in "0123456789" else (1, 0, piece) for piece in pieces]
