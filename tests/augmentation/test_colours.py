"""Colours change as Pillow changes those of a single image."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from nncli.augmentation import colours
from tests.augmentation.batches import apart, as_picture, batch, pixels

FACTORS = (0.0, 0.4, 0.9, 1.0, 1.3, 1.9)


@pytest.mark.parametrize(
    ("change", "reference"),
    [
        (colours.adjust_brightness, ImageEnhance.Brightness),
        (colours.adjust_contrast, ImageEnhance.Contrast),
        (colours.adjust_saturation, ImageEnhance.Color),
        (colours.adjust_sharpness, ImageEnhance.Sharpness),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_enhancing_is_pillows(
    change: Callable[[Tensor, Tensor], Tensor], reference: Callable[[Image.Image], ImageEnhance._Enhance],
    channels: int,
) -> None:  # fmt: skip
    images = batch(len(FACTORS), channels)
    found = change(images, torch.tensor(FACTORS))
    for image, result, factor in zip(images, found, FACTORS, strict=True):
        # Pillow rounds the grey that it mixes in.
        assert apart(result, reference(as_picture(image)).enhance(factor)).max() <= 2


@pytest.mark.parametrize("channels", [1, 3])
def test_inverting_and_the_like_are_pillows(channels: int) -> None:
    images = batch(6, channels)
    thresholds, bits = (0.0, 1.0, 100.0, 128.0, 254.0, 255.0), (1, 2, 3, 4, 7, 8)
    solarized = colours.solarize(images, torch.tensor(thresholds))
    posterized = colours.posterize(images, torch.tensor(bits))
    stretched, equalized, inverted = (
        colours.autocontrast(images), colours.equalize(images), colours.invert(images)
    )  # fmt: skip
    for number, image in enumerate(map(as_picture, images)):
        assert apart(solarized[number], ImageOps.solarize(image, thresholds[number])).max() == 0
        assert apart(posterized[number], ImageOps.posterize(image, bits[number])).max() == 0
        assert apart(stretched[number], ImageOps.autocontrast(image)).max() <= 1
        assert apart(equalized[number], ImageOps.equalize(image)).max() == 0
        assert apart(inverted[number], ImageOps.invert(image)).max() == 0


def test_hue_turns_as_colorsys_does() -> None:
    images = batch(3, 3, 6, 7)
    turns = (-0.5, 0.2, 0.5)
    found = colours.adjust_hue(images, torch.tensor(turns))
    for image, result, turn in zip(images, found, turns, strict=True):
        for row in range(6):
            for column in range(7):
                hue, saturation, value = colorsys.rgb_to_hsv(*image[:, row, column].tolist())
                expected = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
                assert torch.allclose(result[:, row, column], torch.tensor(expected), atol=1e-5)


def test_grey_pixels_have_no_hue_to_turn() -> None:
    images = batch(2, 1).expand(-1, 3, -1, -1)
    assert torch.allclose(colours.adjust_hue(images, torch.tensor([0.1, 0.4])), images)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_an_image_of_one_colour_stays_one(value: float) -> None:
    images = torch.full((2, 3, 5, 5), value)
    images = torch.round(images * 255) / 255
    for change in (colours.autocontrast, colours.equalize):
        assert torch.allclose(change(images), images)


def test_images_too_small_to_smooth_stay_as_they_are() -> None:
    images = batch(2, 3, 2, 9)
    assert torch.equal(colours.adjust_sharpness(images, torch.tensor([0.0, 2.0])), images)


def test_nothing_leaves_the_range_of_images() -> None:
    images = batch(6)
    for change in (colours.adjust_brightness, colours.adjust_contrast, colours.adjust_saturation):
        found = change(images, torch.full((6,), 50.0))
        assert found.min() >= 0 and found.max() <= 1
    assert np.ptp(pixels(colours.adjust_contrast(images, torch.full((6,), 50.0)))) == 255
