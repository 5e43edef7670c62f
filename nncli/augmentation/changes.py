"""Changes of colours and of what can be seen, under torchvision's names; masks stay as they are.

An image of four channels keeps its last one, which says how opaque it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

import torch
from torch import Tensor

from nncli.augmentation import colours
from nncli.augmentation.grids import Fill, fill_of, folded
from nncli.augmentation.transform import (
    Chosen,
    Range,
    between,
    in_shares,
    is_chosen,
    require_fill,
    require_range,
    require_share,
)
from nncli.draws import Draw

_ATTEMPTS: Final = 10
_WIDEST_BLUR: Final = 99


def recoloured(images: Tensor, chosen: Chosen, change: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Changes the colours of the chosen images; `change` gets them and their numbers in the batch.

    Only those go through it: equalising ten of a hundred images costs a tenth.
    """
    numbers = chosen.nonzero()[:, 0]
    if len(numbers) == 0:
        return images
    colour = images[:, :3]
    if len(numbers) == len(images):
        changed = change(colour, numbers)
    else:
        changed = colour.index_copy(0, numbers, change(colour[numbers], numbers))
    return changed if images.shape[1] <= 3 else torch.cat([changed, images[:, 3:]], dim=1)


@dataclass(frozen=True, slots=True)
class ColorJitter:
    """Changes brightness, contrast, saturation and hue, in an order that is drawn too.

    Each is a number x, for factors from 1 - x to 1 + x, or a range of factors; of hue a part of the circle,
    up to 0.5 both ways.
    """

    brightness: Range = 0
    contrast: Range = 0
    saturation: Range = 0
    hue: Range = 0
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            _factors(name, getattr(self, name))
        self._turns()

    def _turns(self) -> tuple[float, float]:
        turns = self.hue if isinstance(self.hue, tuple) else (-self.hue, self.hue)
        require_range("hue", turns, -0.5, 0.5)
        return turns

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Changes the colours of every image."""
        if is_mask:
            return values
        chance = draw.uniform(place, 8)
        # Numbers in a drawn order: where the first of them stands is the change that comes first.
        order = chance[:, 4:].argsort(dim=1, stable=True)
        jitters = (
            (colours.adjust_brightness, between(chance[:, 0], _factors("brightness", self.brightness))),
            (colours.adjust_contrast, between(chance[:, 1], _factors("contrast", self.contrast))),
            (colours.adjust_saturation, between(chance[:, 2], _factors("saturation", self.saturation))),
            (colours.adjust_hue, between(chance[:, 3], self._turns())),
        )
        used = [index for index, amount in enumerate(self._amounts()) if amount]
        for turn in range(4):
            for index in used:
                adjust, amounts = jitters[index]
                values = recoloured(values, order[:, turn] == index, _by(adjust, amounts))
        return values

    def _amounts(self) -> tuple[Range, ...]:
        return self.brightness, self.contrast, self.saturation, self.hue


def _by(adjust: Callable[[Tensor, Tensor], Tensor], amounts: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda images, numbers: adjust(images, amounts[numbers])


def _factors(name: str, amount: Range) -> tuple[float, float]:
    factors = amount if isinstance(amount, tuple) else (max(0.0, 1 - amount), 1 + amount)
    require_range(name, factors, 0, math.inf)
    return factors


@dataclass(frozen=True, slots=True)
class RandomGrayscale:
    """Takes the colours away, with probability p."""

    p: float = 0.1
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Makes some of the images grey."""
        chosen = is_chosen(draw, place, self.p)
        return values if is_mask else recoloured(values, chosen, _in_grey)


def _in_grey(images: Tensor, numbers: Tensor) -> Tensor:
    return colours.grey_of(images).expand_as(images)


@dataclass(frozen=True, slots=True)
class GaussianBlur:
    """Blurs every image by a kernel of kernel_size pixels, [across, down], whose sigma is drawn."""

    kernel_size: int | tuple[int, int]
    sigma: Range = (0.1, 2.0)
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if any(each < 1 or each % 2 == 0 or each > _WIDEST_BLUR for each in self._sizes()):
            raise ValueError(f"kernel_size must be odd, from 1 to {_WIDEST_BLUR}")
        if self._sigmas()[0] <= 0:
            raise ValueError("sigma must be above 0")
        require_range("sigma", self._sigmas(), 0, math.inf)

    def _sizes(self) -> tuple[int, int]:
        return self.kernel_size if isinstance(self.kernel_size, tuple) else (self.kernel_size,) * 2

    def _sigmas(self) -> tuple[float, float]:
        return self.sigma if isinstance(self.sigma, tuple) else (self.sigma, self.sigma)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Blurs every image."""
        if is_mask:
            return values
        sigma = between(draw.uniform(place, 1)[:, 0], self._sigmas())
        across, down = self._sizes()
        return _smoothed(_smoothed(values, sigma, across, 3), sigma, down, 2)


def _smoothed(values: Tensor, sigma: Tensor, size: int, axis: int) -> Tensor:
    """Averages along one axis; a sum of shifted images gives the same bits in any batch."""
    half, length = size // 2, values.shape[axis]
    offsets = torch.arange(-half, half + 1, device=values.device)
    weights = torch.exp(-0.5 * (offsets / sigma[:, None]) ** 2)
    weights = weights / weights.sum(1, keepdim=True)
    lines = torch.arange(-half, length + half, device=values.device)
    padded = values.index_select(axis, folded(lines, length, "reflect"))
    smooth = torch.zeros_like(values)
    for index in range(size):
        weight = weights[:, index, None, None, None]
        smooth = smooth + weight * padded.narrow(axis, index, length)
    return smooth


@dataclass(frozen=True, slots=True)
class RandomErasing:
    """Paints over a box, with probability p.

    scale is the range of its area, as a share of the image, ratio that of its height to its width. value is
    a colour, 0 to 255, or `random` for a colour of its own at each pixel.
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    value: Fill | Literal["random"] = 0
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)
        require_range("scale", self.scale, 0, 1)
        require_range("ratio", self.ratio, 0, math.inf)
        if self.ratio[0] <= 0:
            raise ValueError("ratio must be above 0")
        if self.value != "random":
            require_fill(self.value)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Paints over a box in some of the images."""
        if is_mask:
            return values
        height, width = values.shape[2:]
        chance = draw.uniform(place, 2 * _ATTEMPTS + 3)
        area = height * width * between(chance[:, :_ATTEMPTS], self.scale)
        logs = (math.log(self.ratio[0]), math.log(self.ratio[1]))
        ratio = torch.exp(between(chance[:, _ATTEMPTS : 2 * _ATTEMPTS], logs))
        heights, widths = torch.round(torch.sqrt(area * ratio)), torch.round(torch.sqrt(area / ratio))
        fits = (heights < height) & (widths < width)
        is_first = fits & (fits.cumsum(1) == 1)
        box_height, box_width = (heights * is_first).sum(1), (widths * is_first).sum(1)
        top = torch.floor(chance[:, -1] * (height - box_height + 1))
        left = torch.floor(chance[:, -2] * (width - box_width + 1))
        is_box = _within(top, box_height, height)[:, None, :, None]
        is_box = is_box & _within(left, box_width, width)[:, None, None, :]
        is_box = is_box & (chance[:, -3] < self.p)[:, None, None, None]
        # How opaque an image is stays as it is.
        is_box = is_box & (torch.arange(values.shape[1], device=values.device) < 3)[:, None, None]
        if self.value == "random":
            paint = draw.uniform(place + 1, values.shape[1], height, width)
        else:
            paint = fill_of(values, in_shares(self.value))
        return torch.where(is_box, paint, values)


def _within(first: Tensor, length: Tensor, count: int) -> Tensor:
    lines = torch.arange(count, device=first.device)
    return (lines >= first[:, None]) & (lines < (first + length)[:, None])
