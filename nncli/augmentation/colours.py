"""Colours of a batch of images changed, each image by its own amount.

Shapes: images are float32 (B, channels, height, width) from 0 to 1, with 1 or 3 channels; amounts are (B,).
What is done is what torchvision's functions of the same names do to one image.
"""

from __future__ import annotations

import torch
from torch import Tensor

_GREY = (0.299, 0.587, 0.114)


def grey_of(images: Tensor) -> Tensor:
    """Gives the brightness of every pixel, (B, 1, height, width)."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)
    return (_GREY[0] * red + _GREY[1] * green + _GREY[2] * blue).unsqueeze(1)


def adjust_brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Multiplies images: 0 is black, 1 the image."""
    return (images * _wide(factor)).clamp(0, 1)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Moves pixels away from the mean brightness of their image: 0 is one grey, 1 the image."""
    return _blended(images, grey_of(images).mean((1, 2, 3), keepdim=True), factor)


def adjust_saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Moves colours away from grey: 0 is grey, 1 the image."""
    return images if images.shape[1] == 1 else _blended(images, grey_of(images), factor)


def adjust_hue(images: Tensor, turn: Tensor) -> Tensor:
    """Turns the hue of every colour: 0 is the image, 0.5 and -0.5 are the opposite colours."""
    if images.shape[1] == 1:
        return images
    highest, lowest = images.amax(1), images.amin(1)
    spread = highest - lowest
    safe = torch.where(spread > 0, spread, torch.ones_like(spread))
    red, green, blue = ((highest.unsqueeze(1) - images) / safe.unsqueeze(1)).unbind(1)
    is_red, is_green = images[:, 0] == highest, images[:, 1] == highest
    sixth = torch.where(is_red, blue - green, torch.where(is_green, 2 + red - blue, 4 + green - red))
    sixth = (sixth + 6 * turn[:, None, None]) % 6
    channels = []
    for start in (5, 3, 1):
        step = (start + sixth) % 6
        channels.append(highest - spread * torch.minimum(step, 4 - step).clamp(0, 1))
    return torch.stack(channels, 1)


def adjust_sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """Moves pixels away from a smoothed image: 0 is smoothed, 1 the image. The border stays."""
    if min(images.shape[2:]) < 3:
        return images
    around = 4 * images[..., 1:-1, 1:-1]
    height, width = images.shape[2:]
    for down in range(3):
        for right in range(3):
            around = around + images[..., down : height - 2 + down, right : width - 2 + right]
    smooth = images.clone()
    smooth[..., 1:-1, 1:-1] = around / 13
    return _blended(images, smooth, factor)


def invert(images: Tensor) -> Tensor:
    """Turns dark into light and light into dark."""
    return 1 - images


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Inverts the pixels from a threshold on, which runs from 0 to 255."""
    # Half a step below: 100 / 255 in float32 is not exactly where 100 is.
    return torch.where(images * 255 > _wide(threshold) - 0.5, 1 - images, images)


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keeps the first bits of each pixel's eight."""
    step = _wide(torch.exp2(8 - bits.to(images.dtype)))
    return torch.floor(torch.round(images * 255) / step) * step / 255


def autocontrast(images: Tensor) -> Tensor:
    """Stretches every channel of every image to run from 0 to 1."""
    lowest, highest = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    spread = highest - lowest
    stretched = (images - lowest) / torch.where(spread > 0, spread, torch.ones_like(spread))
    return torch.where(spread > 0, stretched.clamp(0, 1), images)


def equalize(images: Tensor) -> Tensor:
    """Makes all brightnesses about equally frequent, in every channel of every image."""
    pixels = torch.round(images * 255).long().flatten(0, 1).flatten(1)
    first = 256 * torch.arange(len(pixels), device=pixels.device)[:, None]
    counts = torch.bincount((pixels + first).flatten(), minlength=256 * len(pixels)).view(-1, 256)
    highest = torch.where(counts > 0, torch.arange(256, device=counts.device), 0).amax(1, keepdim=True)
    step = (counts.sum(1, keepdim=True) - counts.gather(1, highest)) // 255
    below = counts.cumsum(1) - counts
    new = ((below + step // 2) // step.clamp(min=1)).clamp(max=255)
    new = torch.where(step > 0, new, torch.arange(256, device=counts.device))
    return (new.gather(1, pixels).to(images.dtype) / 255).view_as(images)


def _blended(images: Tensor, other: Tensor, factor: Tensor) -> Tensor:
    factor = _wide(factor)
    return (factor * images + (1 - factor) * other).clamp(0, 1)


def _wide(amounts: Tensor) -> Tensor:
    return amounts[:, None, None, None]
