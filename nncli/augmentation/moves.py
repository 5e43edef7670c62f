"""Flips and crops, under torchvision's names; a mask moves with its image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import torch
from torch import Tensor

from nncli.augmentation.grids import (
    MASK_SAMPLING,
    OUTSIDE,
    Fill,
    Interpolation,
    PaddingMode,
    Sampling,
    fill_of,
    folded,
    read_lines,
    read_points,
)
from nncli.augmentation.transform import (
    between,
    in_shares,
    is_chosen,
    require_fill,
    require_range,
    require_share,
)
from nncli.draws import Draw

_ATTEMPTS: Final = 10


@dataclass(frozen=True, slots=True)
class RandomHorizontalFlip:
    """Mirrors an image left to right, with probability p."""

    p: float = 0.5
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_share("p", self.p)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Mirrors some of the images."""
        return torch.where(is_chosen(draw, place, self.p)[:, None, None, None], values.flip(3), values)


@dataclass(frozen=True, slots=True)
class RandomVerticalFlip:
    """Mirrors an image top to bottom, with probability p."""

    p: float = 0.5
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_share("p", self.p)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Mirrors some of the images."""
        return torch.where(is_chosen(draw, place, self.p)[:, None, None, None], values.flip(2), values)


@dataclass(frozen=True, slots=True)
class RandomCrop:
    """Pads an image, and takes a piece of its old size out of that.

    padding is a number of pixels, [sides, top and bottom] or [left, top, right, bottom]; padding_mode is
    what stands there. size, where it is given, is the size of the column.
    """

    size: int | tuple[int, int] | None = None
    padding: int | tuple[int, int] | tuple[int, int, int, int] | None = None
    fill: Fill = 0
    padding_mode: PaddingMode = "constant"
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.padding is None or min(self._sides()) < 0 or max(self._sides()) < 1:
            raise ValueError("padding must be 1 or more: images keep their size, and are cut out of that")
        require_fill(self.fill)

    def _sides(self) -> tuple[int, ...]:
        padding = self.padding if isinstance(self.padding, tuple) else (self.padding or 0,) * 2
        return padding * (4 // len(padding))

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Shifts the images, which is what padding and cutting comes to."""
        left, top, right, bottom = self._sides()
        across, down = draw.uniform(place, 2).unbind(1)
        height, width = values.shape[2:]
        first_row = torch.floor(down * (top + bottom + 1)).long() - top
        first_column = torch.floor(across * (left + right + 1)).long() - left
        rows = first_row[:, None] + torch.arange(height, device=values.device)
        columns = first_column[:, None] + torch.arange(width, device=values.device)
        found = read_lines(
            values, folded(rows, height, self.padding_mode), folded(columns, width, self.padding_mode)
        )
        if self.padding_mode != "constant":
            return found
        is_row, is_column = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
        fill = fill_of(values, (OUTSIDE,) if is_mask else in_shares(self.fill))
        return torch.where(is_row[:, None, :, None] & is_column[:, None, None, :], found, fill)


@dataclass(frozen=True, slots=True)
class RandomResizedCrop:
    """Takes a piece of an image, and stretches it to the size of the column.

    scale is the range of its area, as a share of the image, ratio that of its width to its height. size,
    where it is given, is the size of the column.
    """

    size: int | tuple[int, int] | None = None
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    interpolation: Interpolation = "bilinear"
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_range("scale", self.scale, 0, 1)
        require_range("ratio", self.ratio, 0, math.inf)
        if min(*self.scale, *self.ratio) <= 0:
            raise ValueError("scale and ratio must be above 0")

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Cuts and stretches every image."""
        height, width = values.shape[2:]
        box_height, box_width, across, down = self._boxes(draw, place, height, width)
        top = torch.floor(down * (height - box_height + 1))
        left = torch.floor(across * (width - box_width + 1))
        x = _stretched(left, box_width, width).unsqueeze(1)
        y = _stretched(top, box_height, height).unsqueeze(2)
        sampling = MASK_SAMPLING if is_mask else Sampling(self.interpolation)
        return read_points(values, x - width / 2, y - height / 2, sampling)

    def _boxes(self, draw: Draw, place: int, height: int, width: int) -> tuple[Tensor, ...]:
        """Draws boxes until one fits, as torchvision does; after ten it takes the largest in the middle."""
        chance = draw.uniform(place, 2 * _ATTEMPTS + 2)
        area = height * width * between(chance[:, 0:_ATTEMPTS], self.scale)
        logs = (math.log(self.ratio[0]), math.log(self.ratio[1]))
        ratio = torch.exp(between(chance[:, _ATTEMPTS : 2 * _ATTEMPTS], logs))
        heights, widths = torch.round(torch.sqrt(area / ratio)), torch.round(torch.sqrt(area * ratio))
        fits = (heights >= 1) & (heights <= height) & (widths >= 1) & (widths <= width)
        is_first = fits & (fits.cumsum(1) == 1)
        found = fits.any(1)
        share = min(max(width / height, self.ratio[0]), self.ratio[1])
        fallback = (min(height, round(width / share)), min(width, round(height * share)))
        box_height = torch.where(found, (heights * is_first).sum(1), float(max(1, fallback[0])))
        box_width = torch.where(found, (widths * is_first).sum(1), float(max(1, fallback[1])))
        across, down = (torch.where(found, chance[:, each], 0.5) for each in (-2, -1))
        return box_height, box_width, across, down


def _stretched(first: Tensor, length: Tensor, count: int) -> Tensor:
    """Spreads `count` points over pixels from `first`, (B, count), none beyond the outermost middle."""
    steps = torch.arange(count, device=first.device, dtype=first.dtype) + 0.5
    points = first[:, None] + steps * (length / count)[:, None]
    return torch.clamp(points, (first + 0.5)[:, None], (first + length - 0.5)[:, None])
