"""The colours in which classes of pixels are shown: those of PASCAL VOC, which other programs use as well."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_BITS: Final = 8


def palette() -> NDArray[np.uint8]:
    """Gives 256 colours, uint8 (256, 3): black for 0, ivory for 255, and neighbours that differ much.

    Source: VOCdevkit, VOClabelcolormap: the bits of a number become the highest bits of red, green and blue.
    """
    numbers = np.arange(2**_BITS)
    colours = np.zeros((2**_BITS, 3), np.uint8)
    for bit in range(_BITS):
        for channel in range(3):
            colours[:, channel] |= ((numbers >> channel & 1) << (_BITS - 1 - bit)).astype(np.uint8)
        numbers >>= 3
    return colours
