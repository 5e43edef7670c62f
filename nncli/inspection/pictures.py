"""Images of the training part after augmentation, side by side."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from nncli.augmentation.contact_sheets import contact_sheet
from nncli.columns.images import ImageFinish
from nncli.columns.kind import Encoder
from nncli.data.dataset import Data
from nncli.draws import Draw

_IMAGES: Final = 32
_FIRST_EPOCH: Final = 0


def image_inputs(data: Data) -> list[Encoder]:
    """Lists the inputs that are images."""
    inputs = data.inputs
    return [each for each in data.encoders.input_encoders if inputs[each.column.name].type == "image"]


def contact_sheet_png(data: Data, seed: int) -> bytes:
    """Draws a sheet of images as the first epoch trains on them, taken evenly, as a PNG.

    Several inputs with images stand below each other.
    """
    from PIL import Image

    sheets = [contact_sheet(_as_trained(data, encoder, seed)) for encoder in image_inputs(data)]
    widest = max(sheet.shape[1] for sheet in sheets)
    padded = [
        torch.nn.functional.pad(sheet, (0, 0, 0, widest - sheet.shape[1]), value=255) for sheet in sheets
    ]
    stream = io.BytesIO()
    Image.fromarray(torch.cat(padded).numpy()).save(stream, "PNG")
    return stream.getvalue()


def _as_trained(data: Data, encoder: Encoder, seed: int) -> Tensor:
    """Takes images as a network gets them, back to uint8 (images, channels, height, width)."""
    part, name = data.parts["train"], encoder.column.name
    at = np.unique(np.linspace(0, part.rows - 1, min(part.rows, _IMAGES)).astype(np.int64))
    rows = part.index[torch.from_numpy(at)]
    values = part.columns.inputs[name].take(rows).values
    finish = part.columns.finishes.get(name)
    draw = Draw(seed, _FIRST_EPOCH, torch.from_numpy(at))
    if finish is not None:
        values = finish(values, draw)
    if isinstance(finish, ImageFinish) and finish.mixing is not None:
        values, _ = finish.mixing(values, draw)
    pixels = _unscaled(encoder, values.float())
    # Pixels of files end at 255; those of a table wherever they do.
    highest = 255.0 if encoder.reads_files else float(pixels.max().clamp(min=1e-9))
    return (pixels / highest * 255).round().clamp(0, 255).to(torch.uint8)


def _unscaled(encoder: Any, values: Tensor) -> Tensor:
    means = values.new_tensor(encoder.means)[:, None, None]
    deviations = values.new_tensor(encoder.deviations)[:, None, None]
    return values * deviations + means
