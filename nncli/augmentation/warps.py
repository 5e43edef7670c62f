"""Rotation, affine maps and perspective, under torchvision's names; a mask moves with its image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from nncli.augmentation.grids import Affine, Fill, Interpolation, middle_points, moved, read_points
from nncli.augmentation.transform import (
    Range,
    between,
    from_middle,
    require_fill,
    require_range,
    require_share,
    sampling_of,
    spread,
)
from nncli.draws import Draw


@dataclass(frozen=True, slots=True)
class RandomRotation:
    """Turns an image around its middle, or around center [x, y] in pixels, by up to degrees both ways."""

    degrees: Range
    interpolation: Interpolation = "nearest"
    center: tuple[float, float] | None = None
    fill: Fill = 0
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        spread("degrees", self.degrees)
        require_fill(self.fill)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Turns every image."""
        angle = between(draw.uniform(place, 1)[:, 0], spread("degrees", self.degrees))
        none = torch.zeros_like(angle)
        centre = from_middle(self.center, values)
        # torchvision turns counter-clockwise here, and clockwise in RandomAffine.
        affine = Affine(-angle, (none, none), none + 1, (none, none), centre)
        return moved(values, affine, sampling_of(self.interpolation, self.fill, is_mask))


@dataclass(frozen=True, slots=True)
class RandomAffine:
    """Turns, moves, scales and shears an image, each by an amount of its own.

    degrees is a range of angles, translate the largest shifts [across, down] as shares of the image, scale
    a range of factors, shear a range of angles across, or two ranges in one list of four.
    """

    degrees: Range
    translate: tuple[float, float] | None = None
    scale: tuple[float, float] | None = None
    shear: float | tuple[float, float] | tuple[float, float, float, float] | None = None
    interpolation: Interpolation = "nearest"
    fill: Fill = 0
    center: tuple[float, float] | None = None
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        spread("degrees", self.degrees)
        for share in self.translate or ():
            require_share("translate", share)
        if self.scale is not None:
            require_range("scale", self.scale, 0, math.inf)
            if self.scale[0] <= 0:
                raise ValueError("scale must be above 0")
        if any(abs(angle) >= 90 for angles in self._shears() for angle in angles):
            raise ValueError("shear must be below 90 degrees")
        require_fill(self.fill)

    def _shears(self) -> tuple[tuple[float, float], tuple[float, float]]:
        shear = self.shear if isinstance(self.shear, tuple) else (-(self.shear or 0), self.shear or 0)
        return (shear[0], shear[1]), (shear[2], shear[3]) if len(shear) == 4 else (0.0, 0.0)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Moves every image."""
        turn, across, down, size, lean, rise = draw.uniform(place, 6).unbind(1)
        height, width = values.shape[2:]
        far_x, far_y = self.translate or (0.0, 0.0)
        leans, rises = self._shears()
        affine = Affine(
            between(turn, spread("degrees", self.degrees)),
            (
                torch.round((2 * across - 1) * far_x * width),
                torch.round((2 * down - 1) * far_y * height),
            ),
            between(size, self.scale or (1.0, 1.0)),
            (between(lean, leans), between(rise, rises)),
            from_middle(self.center, values),
        )
        return moved(values, affine, sampling_of(self.interpolation, self.fill, is_mask))


@dataclass(frozen=True, slots=True)
class RandomPerspective:
    """Looks at an image from the side, with probability p: its corners move by distortion_scale."""

    distortion_scale: float = 0.5
    p: float = 0.5
    interpolation: Interpolation = "bilinear"
    fill: Fill = 0
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_share("distortion_scale", self.distortion_scale)
        require_share("p", self.p)
        require_fill(self.fill)

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Looks at some of the images from the side."""
        chance = draw.uniform(place, 9)
        height, width = values.shape[2:]
        x, y = middle_points(values)
        from_x, from_y = _in_square(
            x + width / 2,
            y + height / 2,
            _corners(chance[:, 0:4], self.distortion_scale, width, (1, -1, -1, 1)),
            _corners(chance[:, 4:8], self.distortion_scale, height, (1, 1, -1, -1)),
        )
        sampling = sampling_of(self.interpolation, self.fill, is_mask)
        found = read_points(values, (from_x - 0.5) * width, (from_y - 0.5) * height, sampling)
        return torch.where((chance[:, 8] < self.p)[:, None, None, None], found, values)


def _corners(chance: Tensor, share: float, length: int, signs: tuple[int, ...]) -> Tensor:
    """Draws where four corners move along one axis, (4, B); those of sign -1 come from the far side."""
    inward = torch.floor(chance * (int(share * (length // 2)) + 1)).T
    sign = torch.tensor(signs, dtype=chance.dtype, device=chance.device)[:, None]
    return inward * sign + (1 - sign) / 2 * length


def _in_square(x: Tensor, y: Tensor, corners_x: Tensor, corners_y: Tensor) -> tuple[Tensor, Tensor]:
    """Maps points so that a quadrangle, clockwise from its top left, becomes the square from 0 to 1.

    Source: the map from square to quadrangle in Heckbert 1989, Fundamentals of Texture Mapping, 2.2.3,
    inverted by its adjugate.
    """
    x0, x1, x2, x3 = corners_x[:, :, None, None]
    y0, y1, y2, y3 = corners_y[:, :, None, None]
    across_x, across_y, skew_x = x1 - x2, y1 - y2, x0 - x1 + x2 - x3
    down_x, down_y, skew_y = x3 - x2, y3 - y2, y0 - y1 + y2 - y3
    area = across_x * down_y - down_x * across_y
    g = (skew_x * down_y - down_x * skew_y) / area
    h = (across_x * skew_y - skew_x * across_y) / area
    a, b, c = x1 - x0 + g * x1, x3 - x0 + h * x3, x0
    d, e, f = y1 - y0 + g * y1, y3 - y0 + h * y3, y0
    scale = (d * h - e * g) * x + (b * g - a * h) * y + (a * e - b * d)
    from_x = ((e - f * h) * x + (c * h - b) * y + (b * f - c * e)) / scale
    from_y = ((f * g - d) * x + (a - c * g) * y + (c * d - a * f)) / scale
    return from_x, from_y
