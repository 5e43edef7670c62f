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
    scaled = _encoder_of(name, values, encoders)
    if scaled is None:
        low = -1.0 if bool((values < 0).any()) else 0.0
        pixels = (values - low) / (1.0 - low) * _BRIGHTEST
    else:
        pixels = _unscaled(values, scaled)
        if isinstance(scaled, PixelEncoder):
            # A few that stand out would make all others dark.
            brightest = float(pixels.flatten()[:_LOOKED_AT].quantile(_BRIGHT))
            pixels = pixels * (_BRIGHTEST / brightest if brightest > 0 else 1.0)
    return pixels.nan_to_num().round().clamp(0, _BRIGHTEST).to(torch.uint8)


def as_columns(name: str, values: Tensor, encoders: Encoders | None) -> dict[str, list[float]]:
    """Makes the columns of a table of images that are called like pixels of a table, in the unit of the data.

    Empty where they are not.
    """
    scaled = _encoder_of(name, values, encoders)
    if not isinstance(scaled, PixelEncoder) or tuple(values.shape[1:]) != scaled.shape:
        return {}
    columns = _unscaled(values, scaled).flatten(1).T.tolist()
    return dict(zip(scaled.pixels, columns, strict=True))


def _encoder_of(name: str, values: Tensor, encoders: Encoders | None) -> ImageEncoder | PixelEncoder | None:
    for each in encoders.input_encoders if encoders else ():
        if isinstance(each, (ImageEncoder, PixelEncoder)) and each.column.name == name:
            return each if values.shape[1] == len(each.means) else None
    return None


def _unscaled(values: Tensor, scaled: ImageEncoder | PixelEncoder) -> Tensor:
    means, deviations = (values.new_tensor(each)[:, None, None] for each in (scaled.means, scaled.deviations))
    return values * deviations + means
