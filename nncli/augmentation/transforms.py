"""All transforms of images by name, and a list of them as one."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor

from nncli.augmentation import changes, mixing, moves, policies, tones, warps
from nncli.augmentation.transform import Transform
from nncli.draws import Draw

TRANSFORMS: Final[Mapping[str, Callable[..., Transform]]] = {
    "RandomHorizontalFlip": moves.RandomHorizontalFlip,
    "RandomVerticalFlip": moves.RandomVerticalFlip,
    "RandomCrop": moves.RandomCrop,
    "RandomResizedCrop": moves.RandomResizedCrop,
    "RandomRotation": warps.RandomRotation,
    "RandomAffine": warps.RandomAffine,
    "RandomPerspective": warps.RandomPerspective,
    "ColorJitter": changes.ColorJitter,
    "RandomGrayscale": changes.RandomGrayscale,
    "GaussianBlur": changes.GaussianBlur,
    "RandomInvert": tones.RandomInvert,
    "RandomSolarize": tones.RandomSolarize,
    "RandomPosterize": tones.RandomPosterize,
    "RandomAdjustSharpness": tones.RandomAdjustSharpness,
    "RandomAutocontrast": tones.RandomAutocontrast,
    "RandomEqualize": tones.RandomEqualize,
    "RandomErasing": changes.RandomErasing,
    "RandAugment": policies.RandAugment,
    "TrivialAugmentWide": policies.TrivialAugmentWide,
}
MIXERS: Final[Mapping[str, Callable[..., mixing.Mixer]]] = {"MixUp": mixing.MixUp, "CutMix": mixing.CutMix}
_PLACES: Final = 2
"""How many draws a transform makes at most."""
_MIXING: Final = 1_000


def place_of(name: str) -> int:
    """Gives the draws of an input a place of their own, by its name."""
    return zlib.crc32(name.encode()) << 16


@dataclass(frozen=True)
class Augmentation:
    """Transforms in order, with a place for their draws."""

    transforms: tuple[Transform, ...]
    place: int

    def images(self, values: Tensor, draw: Draw) -> Tensor:
        """Changes images, float32 (B, channels, height, width) from 0 to 1."""
        for number, transform in enumerate(self.transforms):
            values = transform(values, draw, self.place + _PLACES * number)
        return values

    def masks(self, values: Tensor, draw: Draw) -> Tensor:
        """Moves masks, float32 (B, 1, height, width), as their images move; uncovered is `OUTSIDE`."""
        for number, transform in enumerate(self.transforms):
            if transform.moves:
                values = transform(values, draw, self.place + _PLACES * number, is_mask=True)
        return values


def mixing_of(mixers: tuple[mixing.Mixer, ...], place: int) -> mixing.Mixing | None:
    """Makes what training does to a batch out of MixUp and CutMix; None where there is neither."""
    return mixing.Mixing(mixers, place + _MIXING) if mixers else None


def misfit(transform: Any, channels: int, size: tuple[int, int]) -> str:
    """Says why a transform does not suit images of a number of channels and (height, width), if so."""
    stated = getattr(transform, "size", None)
    wanted = (stated, stated) if isinstance(stated, int) else stated
    if wanted not in (None, size):
        return f"size must be that of the column, [{size[0]}, {size[1]}]: write it as `size:` there"
    for name in ("fill", "value"):
        colour = getattr(transform, name, 0)
        if isinstance(colour, tuple) and len(colour) not in (1, channels):
            return f"{name} must be one number, or one for each of the {channels} channels"
    return ""
