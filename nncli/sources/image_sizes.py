"""How an image comes to its size: stretched, cut in the middle, or padded around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Values: TypeAlias = NDArray[np.int32]

OUTSIDE: Final = -1
"""What a mask holds where padding added pixels: no class."""
_SPARE: Final = 2
"""A large JPEG is decoded at a half, a quarter or an eighth while that is this much larger than asked."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What size images are brought to, (height, width), and how one of another shape comes there.

    `stretch` changes its shape. `crop` takes the largest box of the right shape from the middle. `pad` keeps
    all of it, in the middle of black pixels.
    """

    size: tuple[int, int]
    resize: Literal["stretch", "crop", "pad"] = "stretch"

    def draft(self, found: tuple[int, int]) -> tuple[int, int]:
        """Says how small a JPEG of (width, height) may be decoded; it may yet be turned."""
        longest = max(self.size) * _SPARE
        if self.resize != "pad":
            return longest, longest
        share = longest / max(found)
        return max(1, round(found[0] * share)), max(1, round(found[1] * share))

    def mixed(self, image: Image) -> Image:
        """Resizes an image by Pillow's bilinear filter, which is antialiased."""
        from PIL.Image import Resampling, new

        height, width = self.size
        if image.size == (width, height):
            return image
        if self.resize == "pad":
            inner, left, top = self._inside(image.size)
            padded = new(image.mode, (width, height))
            padded.paste(image.resize(inner, Resampling.BILINEAR), (left, top))
            return padded
        return image.resize((width, height), Resampling.BILINEAR, self._box(image.size))

    def picked(self, values: Values) -> Values:
        """Resizes the values of a mask, int32 (H, W), by taking the nearest; padding is `OUTSIDE`."""
        found = (values.shape[1], values.shape[0])
        if found == (self.size[1], self.size[0]):
            return values
        if self.resize == "pad":
            (width, height), left, top = self._inside(found)
            padded = np.full(self.size, OUTSIDE, dtype=np.int32)
            padded[top : top + height, left : left + width] = Fit((height, width)).picked(values)
            return padded
        left_edge, top_edge, right, bottom = self._box(found)
        rows = top_edge + (np.arange(self.size[0]) + 0.5) * ((bottom - top_edge) / self.size[0])
        columns = left_edge + (np.arange(self.size[1]) + 0.5) * ((right - left_edge) / self.size[1])
        picked: Values = values[rows.astype(int)[:, None], columns.astype(int)]
        return picked

    def _box(self, found: tuple[int, int]) -> tuple[float, float, float, float]:
        """Finds what is taken of an image of (width, height): left, top, right and bottom."""
        if self.resize == "stretch":
            return 0, 0, found[0], found[1]
        scale = min(found[0] / self.size[1], found[1] / self.size[0])
        width, height = self.size[1] * scale, self.size[0] * scale
        left, top = (found[0] - width) / 2, (found[1] - height) / 2
        return max(left, 0), max(top, 0), min(left + width, found[0]), min(top + height, found[1])

    def _inside(self, found: tuple[int, int]) -> tuple[tuple[int, int], int, int]:
        """Finds how an image of (width, height) fits inside: its own there, and its left and top."""
        scale = min(self.size[1] / found[0], self.size[0] / found[1])
        width = min(self.size[1], max(1, round(found[0] * scale)))
        height = min(self.size[0], max(1, round(found[1] * scale)))
        return (width, height), (self.size[1] - width) // 2, (self.size[0] - height) // 2
