"""Images that lie in an array of a file, such as .npz: one column holds all pixels of an image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from nncli.columns.augmenting import Change
from nncli.columns.images import ImageFinish, augment_misfit, changes_of
from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.errors import NncliError, Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from nncli.columns.stored import Dense, Finish

BRIGHTEST: Final = 255.0
"""The brightest pixel, unless all pixels that training has seen are 1 at most."""
_ROWS: Final = 4096
"""How many images are looked at together when the scale is fitted."""


@dataclass(frozen=True, slots=True)
class ArrayImageEncoder(Encoder):
    """Arrays to images of `shape`, scaled by channel: `(pixel - means[c]) / deviations[c]`.

    An array has the axes (C, H, W), (H, W, C), (H, W) or none but the pixels. Pixels run from 0 to
    `brightest`; bytes stay bytes until they are on the device, where `augment` is drawn anew each time
    that an image is trained on.
    """

    column: Column
    shape: tuple[int, int, int]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    brightest: float = BRIGHTEST
    augment: tuple[Change, ...] = ()
    type: Literal["image_array"] = "image_array"

    def __post_init__(self) -> None:
        if min(self.shape) < 1 or not len(self.means) == len(self.deviations) == self.shape[0]:
            raise ValueError("an image has one mean and one deviation per channel")
        if not all(deviation > 0 for deviation in (*self.deviations, self.brightest)):
            raise ValueError("a deviation must be above 0")

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec(self.shape, "image")

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes arrays to uint8 or float32 (N, C, H, W). Refuses `image-array`, `not-a-number`."""
        import torch

        from nncli.columns.stored import Dense

        pixels = _read(self.column, self.shape, table, refusals)
        return Dense(torch.from_numpy(np.array(pixels, order="C")))

    def finish(self) -> Finish:
        """Gives what is done to each batch: augmented where it is trained on, and scaled."""
        return ImageFinish(self.column.name, self.augment, self.means, self.deviations, self.brightest)

    def stated(self) -> Mapping[str, object]:
        """Names the column, and the shape of its images."""
        return {"column": self.column.header, "shape": self.shape}


def _read(
    column: Column, shape: tuple[int, int, int], table: Table, refusals: Refusals
) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Reads the pixels of all rows, (N, C, H, W); zeros where they are refused."""
    zeros = np.zeros((len(table), *shape), np.float32)
    try:
        found = table.array(column.header)
    except NncliError:
        refusals.add(
            "image-array", column, np.arange(len(table)), shape=list(shape), found=_kind(table, column)
        )
        return zeros
    axes = found.shape[1:]
    channels, height, width = shape
    if axes == shape or axes == (math.prod(shape),) or (axes == (height, width) and channels == 1):
        pixels = found.reshape(len(table), *shape)
    elif axes == (height, width, channels):
        pixels = np.moveaxis(found, -1, 1)
    else:
        refusals.add("image-array", column, np.arange(len(table)), shape=list(shape), found=list(axes))
        return zeros
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    numbers = pixels.astype(np.float32)
    bad = ~np.isfinite(numbers).reshape(len(table), -1).all(axis=1)
    refusals.add("not-a-number", column, np.flatnonzero(bad))
    return numbers


def _kind(table: Table, column: Column) -> str:
    return str(table.cells.schema[column.header])


def _shape(declared: ColumnSpec) -> tuple[int, int, int]:
    channels, height, width = declared.shape or (1, 1, 1)
    return channels, height, width


def fit_array_images(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> ArrayImageEncoder | Problem:
    """Fits the scale to the training rows. Problem: `augment-value`."""
    shape = _shape(declared)
    totals, squares, highest, count = np.zeros(shape[0]), np.zeros(shape[0]), 0.0, 0
    is_bytes = True
    for _, rows in table.slices(_ROWS):
        pixels = _read(column, shape, rows, Refusals())
        is_bytes = is_bytes and pixels.dtype == np.uint8
        exact = pixels.astype(np.float64)
        totals += exact.sum(axis=(0, 2, 3))
        squares += (exact * exact).sum(axis=(0, 2, 3))
        highest = max(highest, float(exact.max(initial=0.0)))
        count += len(rows) * shape[1] * shape[2]
    brightest = BRIGHTEST if is_bytes or highest > 1 else 1.0
    if declared.scale == "standard":
        means = totals / max(count, 1)
        spread = np.sqrt(np.maximum(squares / max(count, 1) - means**2, 0))
        deviations = tuple(float(each) or 1.0 for each in spread)
    else:
        means = np.zeros(shape[0])
        deviations = (brightest if declared.scale == "minmax" else 1.0,) * shape[0]
    changes = tuple(each for each in changes_of(declared) if isinstance(each, Change))
    encoder = ArrayImageEncoder(column, shape, tuple(map(float, means)), deviations, brightest, changes)
    return augment_misfit(column, changes, shape[0], shape[1:]) or encoder


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    _read(column, _shape(declared), table, refusals)


def _stand_in(column: Column, declared: ColumnSpec) -> ArrayImageEncoder:
    shape = _shape(declared)
    changes = tuple(each for each in changes_of(declared) if isinstance(each, Change))
    return ArrayImageEncoder(column, shape, (0.0,) * shape[0], (1.0,) * shape[0], augment=changes)


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    shape = declared.shape or ()
    if len(shape) != 3 or min(shape) < 1:
        yield Mistake("image-declaration")
    if declared.scale == "quantile":
        yield Mistake("image-scale", "scale")
    for found in changes_of(declared):
        yield from found if isinstance(found, list) else ()


ARRAY_IMAGES: Final = Kind(
    check=_check,
    fit=fit_array_images,
    stand_in=_stand_in,
    may_be_target=False,
    mistakes=_mistakes,
)
