"""How the bytes of a file become one sample of a column, as it is kept: images and masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from nncli.sources.image_files import ImageForm, Pixels, decode_image, decode_mask
from nncli.sources.image_sizes import OUTSIDE, Fit
from nncli.sources.media_files import MediaError

NO_CLASS: Final = 255
"""What a mask holds where a pixel has no class."""


@dataclass(frozen=True, slots=True)
class ImageDecode:
    """How a file becomes an image, uint8 (channels, height, width)."""

    channels: int
    size: tuple[int, int]
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    kind: Literal["image"] = "image"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return (self.channels, *self.size)

    def __call__(self, content: bytes) -> Pixels:
        """Decodes one file. Raises MediaError."""
        return decode_image(content, ImageForm(self.channels, Fit(self.size, self.resize)))


@dataclass(frozen=True, slots=True)
class MaskDecode:
    """How a file becomes a mask, uint8 (height, width): the place of each pixel's value among `values`.

    Other values are refused, or have no class where they are kept.
    """

    values: tuple[int, ...]
    size: tuple[int, int]
    resize: Literal["stretch", "crop", "pad"] = "stretch"
    unknown: Literal["error", "keep"] = "error"
    kind: Literal["mask"] = "mask"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return self.size

    def __call__(self, content: bytes) -> Pixels:
        """Decodes one file. Raises MediaError."""
        found = decode_mask(content, Fit(self.size, self.resize))
        classes = np.full(found.shape, NO_CLASS, dtype=np.uint8)
        is_known = found == OUTSIDE
        for index, value in enumerate(self.values):
            is_it = found == value
            classes[is_it] = index
            is_known |= is_it
        if self.unknown == "error" and not is_known.all():
            raise MediaError(f"it has the value {found[~is_known][0]}, which is no class")
        return classes


Decode: TypeAlias = ImageDecode | MaskDecode
_DECODES: Final[Mapping[str, Callable[..., Decode]]] = {"image": ImageDecode, "mask": MaskDecode}


def decode_of(document: Mapping[str, Any]) -> Decode:
    """Makes it of its fields, as they come out of JSON."""
    fields = {name: tuple(each) if isinstance(each, list) else each for name, each in document.items()}
    return _DECODES[document["kind"]](**fields)
