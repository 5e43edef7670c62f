"""Batches of images made for tests, and single images of them as Pillow has them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nncli.augmentation.transform import Transform
from nncli.draws import Draw
from tests.sources.pictures import array, picture


def batch(count: int = 6, channels: int = 3, height: int = 20, width: int = 28) -> Tensor:
    """Makes different images, float32 (count, channels, height, width), from 0 to 1."""
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    images = [array(picture(height, width, seed).convert(mode)).astype(np.float32) for seed in range(count)]
    return torch.from_numpy(np.stack(images) / 255).to(torch.float32)


def draw(count: int, seed: int = 1, epoch: int = 2, first: int = 0) -> Draw:
    """Draws for rows that follow each other."""
    return Draw(seed, epoch, torch.arange(first, first + count))


def as_picture(image: Tensor) -> Image.Image:
    """Gives one image of a batch to Pillow."""
    values = pixels(image)
    return Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0))


def pixels(image: Tensor) -> NDArray[np.uint8]:
    """Gives images as numbers from 0 to 255."""
    return np.rint(image.numpy() * 255).astype(np.uint8)


def apart(image: Tensor, expected: Image.Image) -> NDArray[np.int64]:
    """Says how far an image is from Pillow's, in steps of 255, at each pixel."""
    return np.abs(pixels(image).astype(np.int64) - array(expected))


def changed(transform: Transform, images: Tensor, place: int = 5) -> Tensor:
    """Changes images as rows 0, 1, …"""
    return transform(images, draw(len(images)), place)
