"""Images of the training part after augmentation, side by side."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from nncli.augmentation.contact_sheets import contact_sheet
from nncli.columns.decodes import NO_CLASS
from nncli.columns.encoders import Encoders
from nncli.columns.images import ImageFinish
from nncli.columns.kind import Encoder
from nncli.columns.masks import MaskEncoder
from nncli.data.dataset import Data, Part
from nncli.draws import Draw
from nncli.sources.palettes import palette

_IMAGES: Final = 32
_FIRST_EPOCH: Final = 0


def image_inputs(encoders: Encoders) -> list[Encoder]:
    """Lists the inputs that are images."""
    inputs = encoders.inputs()
    return [
        each
        for each in encoders.input_encoders
        if each.column.name in inputs and inputs[each.column.name].type == "image"
    ]


def contact_sheet_png(data: Data, seed: int) -> bytes:
    """Draws a sheet of images as the first epoch trains on them, taken evenly, as a PNG.

    Several inputs with images stand below each other, and below each the masks that belong to it; images
    that are mixed are mixed with their neighbours on the sheet.
    """
    from PIL import Image

    sheets = [contact_sheet(images) for images in _as_trained(data, seed)]
    widest = max(sheet.shape[1] for sheet in sheets)
    padded = [
        torch.nn.functional.pad(sheet, (0, 0, 0, widest - sheet.shape[1]), value=255) for sheet in sheets
    ]
    stream = io.BytesIO()
    Image.fromarray(torch.cat(padded).numpy()).save(stream, "PNG")
    return stream.getvalue()


def _as_trained(data: Data, seed: int) -> Iterator[Tensor]:
    """Walks over images and their masks as they are trained on, uint8 (images, channels, height, width)."""
    part = data.parts["train"]
    at = np.unique(np.linspace(0, part.rows - 1, min(part.rows, _IMAGES)).astype(np.int64))
    draw = Draw(seed, _FIRST_EPOCH, torch.from_numpy(at))
    for encoder in image_inputs(data.encoders):
        yield pixels_of(part, encoder, draw.rows, draw)
        for target in data.encoders.target_encoders:
            if isinstance(target, MaskEncoder) and target.image == encoder.column.name:
                yield _masks(part, target, draw)


def pixels_of(part: Part, encoder: Encoder, rows: Tensor, draw: Draw | None = None) -> Tensor:
    """Gives images by their numbers in a part, int64 (N,), as uint8 (N, channels, height, width).

    With a draw they are augmented and mixed as they are trained on.
    """
    name = encoder.column.name
    values = part.columns.inputs[name].take(part.index[rows]).values
    finish = part.columns.finishes.get(name)
    if finish is not None:
        values = finish(values, draw)
    if draw is not None and isinstance(finish, ImageFinish) and finish.mixing is not None:
        values, _ = finish.mixing(values, draw)
    pixels = _unscaled(encoder, values.float())
    # Pixels of files end at 255; those of a table wherever they do.
    highest = 255.0 if encoder.reads_files else float(pixels.max().clamp(min=1e-9))
    return (pixels / highest * 255).round().clamp(0, 255).to(torch.uint8)


def _masks(part: Part, encoder: MaskEncoder, draw: Draw) -> Tensor:
    """Gives each class its colour."""
    values = part.columns.targets[encoder.column.name].take(part.index[draw.rows]).values
    taken = encoder.target_finish()(values, draw)
    assert taken.mask is not None
    colours = torch.from_numpy(palette())
    return colours[torch.where(taken.mask, taken.values, NO_CLASS)].permute(0, 3, 1, 2)


def _unscaled(encoder: Any, values: Tensor) -> Tensor:
    means = values.new_tensor(encoder.means)[:, None, None]
    deviations = values.new_tensor(encoder.deviations)[:, None, None]
    return values * deviations + means
