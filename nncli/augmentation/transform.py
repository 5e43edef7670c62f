"""What a transform is, and what all of them share: ranges of amounts, and which images are chosen."""

from __future__ import annotations

import math
from typing import ClassVar, Protocol, TypeAlias

from torch import Tensor

from nncli.augmentation.grids import MASK_SAMPLING, Fill, Interpolation, Sampling
from nncli.draws import Draw

Range: TypeAlias = float | tuple[float, float]
Chosen: TypeAlias = Tensor
"""Which images of a batch are changed, bool (B,)."""


class Transform(Protocol):
    """One change of a batch of images. `moves` tells that it changes where pixels are."""

    moves: ClassVar[bool]

    def __call__(self, values: Tensor, draw: Draw, place: int, *, is_mask: bool = False) -> Tensor:
        """Changes images, or where `is_mask` the masks that belong to them, by the same draws."""


def is_chosen(draw: Draw, place: int, p: float) -> Chosen:
    """Draws which images are changed, each with probability p."""
    return draw.uniform(place, 1)[:, 0] < p


def between(chance: Tensor, limits: tuple[float, float]) -> Tensor:
    """Turns numbers from 0 to 1 into numbers between limits."""
    return limits[0] + (limits[1] - limits[0]) * chance


def spread(name: str, amount: Range) -> tuple[float, float]:
    """Reads an amount as torchvision does: one number is a range both ways around 0."""
    if not isinstance(amount, tuple):
        if amount < 0:
            raise ValueError(f"{name} must be 0 or more, or a range")
        return -amount, amount
    require_range(name, amount, -math.inf, math.inf)
    return amount


def from_middle(centre: tuple[float, float] | None, values: Tensor) -> tuple[float, float]:
    """Counts a point [x, y] in pixels from the middle of an image."""
    height, width = values.shape[2:]
    return (0.0, 0.0) if centre is None else (centre[0] - width / 2, centre[1] - height / 2)


def in_shares(fill: Fill) -> tuple[float, ...]:
    """Gives a fill in the range of images, 0 to 1."""
    return tuple(each / 255 for each in (fill if isinstance(fill, tuple) else (fill,)))


def sampling_of(interpolation: Interpolation, fill: Fill, is_mask: bool) -> Sampling:
    """Says how images are read, or masks, which are always picked."""
    return MASK_SAMPLING if is_mask else Sampling(interpolation, in_shares(fill))


def require_share(name: str, share: float) -> None:
    """Raises ValueError unless a number is from 0 to 1."""
    if not 0 <= share <= 1:
        raise ValueError(f"{name} must be from 0 to 1")


def require_range(name: str, limits: tuple[float, float], lowest: float, highest: float) -> None:
    """Raises ValueError unless a range ascends between limits."""
    if not lowest <= limits[0] <= limits[1] <= highest:
        within = "" if highest == math.inf else f" from {lowest:g} to {highest:g}"
        raise ValueError(f"{name} must be a range{within}, the smaller number first")


def require_fill(fill: Fill) -> None:
    """Raises ValueError unless a fill is a colour."""
    values = fill if isinstance(fill, tuple) else (fill,)
    if len(values) not in (1, 3, 4) or not all(0 <= each <= 255 for each in values):
        raise ValueError("fill must be from 0 to 255, one number or one for each channel")
