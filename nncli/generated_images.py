"""Images that a network makes, as pixels: back from the scale in which it was trained."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from nncli.columns.encoders import Encoders
from nncli.columns.images import ImageEncoder
from nncli.columns.pixels import PixelEncoder

_CHANNELS: Final = (1, 3, 4)
_BRIGHTEST: Final = 255.0
_BRIGHT: Final = 0.995
# torch takes quantiles of no more than 16 million numbers.
_LOOKED_AT: Final = 10**7


def is_picture(values: Tensor) -> bool:
    """Tells whether values (N, …) are images: (N, channels, height, width) with 1, 3 or 4 channels."""
    return values.ndim == 4 and values.shape[1] in _CHANNELS and values.is_floating_point()


def as_pixels(name: str, values: Tensor, encoders: Encoders | None) -> Tensor:
    """Makes pixels of images (N, channels, height, width): uint8 of the same shape.

    An output that is called like an input of the data comes back in the unit of that input: files from 0
    to 255, pixels in a table so that the brightest are white. All else is read as 0 to 1, or as -1 to 1 where
    anything is below zero.
    """
    found = [each for each in (encoders.input_encoders if encoders else ()) if each.column.name == name]
    scaled = next((each for each in found if isinstance(each, (ImageEncoder, PixelEncoder))), None)
    if scaled is None or values.shape[1] != len(scaled.means):
        low = -1.0 if bool((values < 0).any()) else 0.0
        pixels = (values - low) / (1.0 - low) * _BRIGHTEST
    else:
        means, deviations = (
            values.new_tensor(each)[:, None, None] for each in (scaled.means, scaled.deviations)
        )
        pixels = values * deviations + means
        if isinstance(scaled, PixelEncoder):
            # A few that stand out would make all others dark.
            brightest = float(pixels.flatten()[:_LOOKED_AT].quantile(_BRIGHT))
            pixels = pixels * (_BRIGHTEST / brightest if brightest > 0 else 1.0)
    return pixels.nan_to_num().round().clamp(0, _BRIGHTEST).to(torch.uint8)
