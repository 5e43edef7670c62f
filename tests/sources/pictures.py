"""Images made for tests, and the bytes of files that hold them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture(height: int = 24, width: int = 32, seed: int = 0) -> Image.Image:
    """Makes a colour image with smooth and rough places, the same for a seed."""
    numbers = np.random.default_rng(seed)
    waves = np.cumsum(numbers.normal(size=(height, width, 3)), axis=1) * 12 + numbers.uniform(40, 200, 3)
    return Image.fromarray(waves.clip(0, 255).astype(np.uint8))


def file_of(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """Writes an image as a file of some format."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def array(image: Image.Image) -> NDArray[np.uint8]:
    """Gives the pixels of an image as (channels, height, width)."""
    values = np.asarray(image)
    return values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
