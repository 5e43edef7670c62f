"""Where each pixel of a changed image is read in the image before: by rows and columns, or by points between.

Shapes: values are float32 (B, channels, height, width), images or masks alike. Points are in pixels,
counted from the middle of the image, so that turning needs no shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

Interpolation: TypeAlias = Literal["nearest", "bilinear"]
PaddingMode: TypeAlias = Literal["constant", "edge", "reflect", "symmetric"]
Fill: TypeAlias = float | tuple[float, ...]

OUTSIDE = -1.0
"""What a mask holds where a change uncovers what was never there: no class."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How values are read: `fill` stands outside of the image, one number or one for each channel."""

    interpolation: Interpolation
    fill: tuple[float, ...] = (0.0,)


MASK_SAMPLING = Sampling("nearest", (OUTSIDE,))


@dataclass(frozen=True, slots=True)
class Affine:
    """Turned clockwise by `angle`, scaled, sheared, then moved; degrees and pixels, each (B,).

    `centre` (x, y), counted from the middle of the image, stays where it is.
    """

    angle: Tensor
    shift: tuple[Tensor, Tensor]
    scale: Tensor
    shear: tuple[Tensor, Tensor]
    centre: tuple[float, float] = (0.0, 0.0)

    def points(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Says where each point comes from. Source: the inverse matrix of torchvision's `affine`."""
        turn, lean, rise = (torch.deg2rad(each)[:, None, None] for each in (self.angle, *self.shear))
        scale = self.scale[:, None, None]
        right, down = (each[:, None, None] for each in self.shift)
        x, y = x - self.centre[0] - right, y - self.centre[1] - down
        cosine, sine = torch.cos(turn - rise) / torch.cos(rise), torch.sin(turn - rise) / torch.cos(rise)
        from_x = (torch.cos(turn) - sine * torch.tan(lean)) * x
        from_x = from_x + (torch.sin(turn) + cosine * torch.tan(lean)) * y
        from_y = cosine * y - sine * x
        return from_x / scale + self.centre[0], from_y / scale + self.centre[1]


def moved(values: Tensor, affine: Affine, sampling: Sampling) -> Tensor:
    """Moves every image of a batch by its own affine map."""
    return read_points(values, *affine.points(*middle_points(values)), sampling)


def middle_points(values: Tensor) -> tuple[Tensor, Tensor]:
    """Gives the points of all pixels, x as (1, 1, width) and y as (1, height, 1)."""
    height, width = values.shape[2:]
    x = torch.arange(width, device=values.device, dtype=values.dtype) - (width - 1) / 2
    y = torch.arange(height, device=values.device, dtype=values.dtype) - (height - 1) / 2
    return x[None, None, :], y[None, :, None]


def read_points(values: Tensor, x: Tensor, y: Tensor, sampling: Sampling) -> Tensor:
    """Reads each image at its own points, (B, height, width) each."""
    height, width = values.shape[2:]
    shape = (len(values), height, width)
    x, y = x.expand(shape) + width / 2, y.expand(shape) + height / 2
    if sampling.interpolation == "nearest":
        return _pick(values, torch.floor(x), torch.floor(y), sampling)
    grid = torch.stack([x * (2 / width) - 1, y * (2 / height) - 1], dim=-1)
    found = _mix(values, grid)
    if not any(sampling.fill):
        return found
    covered = _mix(torch.ones_like(values[:, :1]), grid)
    return found + (1 - covered) * fill_of(values, sampling.fill)


def _pick(values: Tensor, x: Tensor, y: Tensor, sampling: Sampling) -> Tensor:
    """Picks pixels; grid_sample would round those that lie on an edge to the even one."""
    height, width = values.shape[2:]
    is_inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    row, column = y.clamp(0, height - 1).long(), x.clamp(0, width - 1).long()
    index = (row * width + column).flatten(1).unsqueeze(1)
    found = values.flatten(2).gather(2, index.expand(-1, values.shape[1], -1)).view_as(values)
    return torch.where(is_inside.unsqueeze(1), found, fill_of(values, sampling.fill))


def _mix(values: Tensor, grid: Tensor) -> Tensor:
    return torch.nn.functional.grid_sample(values, grid, "bilinear", "zeros", align_corners=False)


def fill_of(values: Tensor, fill: tuple[float, ...]) -> Tensor:
    """Gives a fill the shape of values."""
    return torch.tensor(fill, dtype=values.dtype, device=values.device)[:, None, None]


def read_lines(values: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Reads each image at its own rows (B, height) and columns (B, width), which must lie inside."""
    samples = torch.arange(len(values), device=values.device)[:, None, None, None]
    channels = torch.arange(values.shape[1], device=values.device)[None, :, None, None]
    return values[samples, channels, rows[:, None, :, None], columns[:, None, None, :]]


def folded(index: Tensor, length: int, mode: PaddingMode) -> Tensor:
    """Brings indices outside of 0 to `length` back inside, as a padding of that mode would hold them."""
    if mode in ("constant", "edge") or length == 1:
        return index.clamp(0, length - 1)
    # A reflection does not repeat the outermost line, a symmetric one does.
    repeated = 1 if mode == "symmetric" else 0
    period = 2 * (length - 1 + repeated)
    index = index % period
    return torch.where(index < length, index, period - repeated - index)
