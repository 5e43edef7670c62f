"""MixUp and CutMix: each image mixed with another one of its batch, and the share that it keeps.

The order of rows in a batch is drawn already, so that the other one is simply the row before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from nncli.draws import Draw

_STEPS: Final = 2000
_PIECES: Final = 8


class Mixer(Protocol):
    """Mixes the images of a batch, and says how much of its own each keeps."""

    def __call__(self, images: Tensor, draw: Draw, place: int) -> tuple[Tensor, Tensor]:
        """Mixes images (B, channels, height, width); the shares are (B,), from 0 to 1."""


@dataclass(frozen=True)
class MixUp:
    """Lays each image over another one, and mixes what is said of their targets in the same shares.

    The share is drawn from a Beta distribution of alpha. Source: Zhang et al. 2018.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        _require_alpha(self.alpha)

    @cached_property
    def _shares(self) -> Tensor:
        return beta_quantiles(self.alpha)

    def __call__(self, images: Tensor, draw: Draw, place: int) -> tuple[Tensor, Tensor]:
        """Lays each image over the one before."""
        share = _drawn_share(self._shares, draw, place)
        wide = share[:, None, None, None]
        return wide * images + (1 - wide) * images.roll(1, 0), share


@dataclass(frozen=True)
class CutMix:
    """Puts a box of another image into each, and mixes what is said of their targets by area.

    The share that stays is drawn from a Beta distribution of alpha. Source: Yun et al. 2019.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        _require_alpha(self.alpha)

    @cached_property
    def _shares(self) -> Tensor:
        return beta_quantiles(self.alpha)

    def __call__(self, images: Tensor, draw: Draw, place: int) -> tuple[Tensor, Tensor]:
        """Puts a box of the image before into each."""
        height, width = images.shape[2:]
        side = torch.sqrt(1 - _drawn_share(self._shares, draw, place)) / 2
        across, down = draw.uniform(place + 1, 2).unbind(1)
        is_row = _is_box(torch.floor(down * height), torch.floor(side * height), height)
        is_column = _is_box(torch.floor(across * width), torch.floor(side * width), width)
        is_box = (is_row[:, :, None] & is_column[:, None, :]).unsqueeze(1)
        # What was cut off at the border counts for neither.
        share = 1 - is_box.to(images.dtype).mean((1, 2, 3))
        return torch.where(is_box, images.roll(1, 0), images), share


@dataclass(frozen=True)
class Mixing:
    """What training does to a batch: one of the mixers, drawn for each image."""

    mixers: tuple[Mixer, ...]
    place: int

    def __call__(self, images: Tensor, draw: Draw) -> tuple[Tensor, Tensor]:
        """Mixes each image with the one before, and gives the share that each keeps, float32 (B,)."""
        which = draw.below(self.place, len(self.mixers), 1)[:, 0]
        mixed, shares = images, images.new_ones(len(images))
        for number, mixer in enumerate(self.mixers):
            found, share = mixer(images, draw, self.place + 2 * number + 1)
            is_it = which == number
            mixed = torch.where(is_it[:, None, None, None], found, mixed)
            shares = torch.where(is_it, share.to(shares.dtype), shares)
        return mixed, shares


def beta_quantiles(alpha: float) -> Tensor:
    """Tabulates quantiles of Beta(alpha, alpha) up to the middle, float32 (steps,), evenly in probability.

    The density t^(a-1) (1-t)^(a-1) is infinite at 0 for a below 1; over s = t^a it is not.
    """
    power = min(alpha, 1.0)
    s = np.linspace(0, 0.5**power, _STEPS * _PIECES + 1)
    share = s ** (1 / power)
    density = share ** (alpha - power) * (1 - share) ** (alpha - 1)
    probability = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    wanted = np.linspace(0, 1, _STEPS)
    quantiles = np.interp(wanted, probability / probability[-1], s) ** (1 / power)
    return torch.from_numpy(quantiles.astype(np.float32))


def _drawn_share(quantiles: Tensor, draw: Draw, place: int) -> Tensor:
    chance = draw.uniform(place, 1)[:, 0]
    half = torch.where(chance < 0.5, chance, 1 - chance) * 2 * (_STEPS - 1)
    lower = half.long().clamp(max=_STEPS - 2)
    table = quantiles.to(chance.device)
    share = table[lower] + (half - lower) * (table[lower + 1] - table[lower])
    return torch.where(chance < 0.5, share, 1 - share)


def _is_box(centre: Tensor, half: Tensor, count: int) -> Tensor:
    lines = torch.arange(count, device=centre.device)
    return (lines >= (centre - half)[:, None]) & (lines < (centre + half)[:, None])


def _require_alpha(alpha: float) -> None:
    if not 0.01 <= alpha <= 100:
        raise ValueError("alpha must be from 0.01 to 100")
