"""Inverting, equalising and the like, under torchvision's names; masks stay as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from nncli.augmentation import colours
from nncli.augmentation.changes import recoloured
from nncli.augmentation.transform import is_chosen, require_range, require_share
from nncli.draws import Draw


@dataclass(frozen=True, slots=True)
class RandomInvert:
    """Turns dark into light and light into dark, with probability p."""

    p: float = 0.5
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Inverts some of the images."""
        if is_mask:
            return values
        return recoloured(values, is_chosen(draw, place, self.p), lambda images, _: colours.invert(images))


@dataclass(frozen=True, slots=True)
class RandomSolarize:
    """Inverts the pixels from a threshold on, 0 to 255, with probability p."""

    threshold: float
    p: float = 0.5
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)
        require_range("threshold", (self.threshold, self.threshold), 0, 255)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Solarizes some of the images."""
        if is_mask:
            return values
        return recoloured(values, is_chosen(draw, place, self.p), self._change)

    def _change(self, images: Tensor, numbers: Tensor) -> Tensor:
        return colours.solarize(images, numbers.new_full((len(numbers),), self.threshold, dtype=images.dtype))


@dataclass(frozen=True, slots=True)
class RandomPosterize:
    """Keeps only the first bits of each channel, 1 to 8, with probability p."""

    bits: int
    p: float = 0.5
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)
        require_range("bits", (self.bits, self.bits), 1, 8)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Posterizes some of the images."""
        if is_mask:
            return values
        return recoloured(values, is_chosen(draw, place, self.p), self._change)

    def _change(self, images: Tensor, numbers: Tensor) -> Tensor:
        return colours.posterize(images, numbers.new_full((len(numbers),), self.bits))


@dataclass(frozen=True, slots=True)
class RandomAdjustSharpness:
    """Sharpens an image by a factor above 1, smooths it by one below, with probability p."""

    sharpness_factor: float
    p: float = 0.5
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)
        require_range("sharpness_factor", (self.sharpness_factor, self.sharpness_factor), 0, math.inf)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Sharpens some of the images."""
        if is_mask:
            return values
        return recoloured(values, is_chosen(draw, place, self.p), self._change)

    def _change(self, images: Tensor, numbers: Tensor) -> Tensor:
        factor = numbers.new_full((len(numbers),), self.sharpness_factor, dtype=images.dtype)
        return colours.adjust_sharpness(images, factor)


@dataclass(frozen=True, slots=True)
class RandomAutocontrast:
    """Stretches every channel to all values from 0 to 255, with probability p."""

    p: float = 0.5
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Stretches some of the images."""
        if is_mask:
            return values
        return recoloured(
            values, is_chosen(draw, place, self.p), lambda images, _: colours.autocontrast(images)
        )


@dataclass(frozen=True, slots=True)
class RandomEqualize:
    """Makes all brightnesses of a channel about equally frequent, with probability p."""

    p: float = 0.5
    moves: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_share("p", self.p)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Equalises some of the images."""
        if is_mask:
            return values
        return recoloured(values, is_chosen(draw, place, self.p), lambda images, _: colours.equalize(images))
