"""A contact sheet: images side by side in one, as a person looks at them before training."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

_GAP: Final = 2
_GAP_GREY: Final = 255
_SMALLEST: Final = 64
"""Images below this height are shown larger, every pixel as a square."""


def contact_sheet(images: Tensor, columns: int = 8) -> Tensor:
    """Puts images, uint8 (N, channels, height, width), on a sheet, uint8 (height, width, 3), row by row.

    Grey becomes colour; the fourth channel says how much of a grey board shows through.
    """
    images = _in_colour(images.cpu())
    enlarged = max(1, -(-_SMALLEST // images.shape[2]))
    images = images.repeat_interleave(enlarged, 2).repeat_interleave(enlarged, 3)
    count, _, height, width = images.shape
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    sheet = torch.full(
        (rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, 3), _GAP_GREY, dtype=torch.uint8
    )
    for number, image in enumerate(images):
        top = _GAP + number // columns * (height + _GAP)
        left = _GAP + number % columns * (width + _GAP)
        sheet[top : top + height, left : left + width] = image.permute(1, 2, 0)
    return sheet


def _in_colour(images: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images.expand(-1, 3, -1, -1)
    if images.shape[1] == 3:
        return images
    alpha = images[:, 3:].float() / 255
    shown: Tensor = (images[:, :3] * alpha + 128 * (1 - alpha)).round()
    return shown.to(torch.uint8)
