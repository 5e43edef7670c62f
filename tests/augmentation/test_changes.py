"""Jitter, blur and erasing change pictures as a loop over single images does, and leave masks alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nncli.augmentation import colours
from nncli.augmentation.changes import ColorJitter, GaussianBlur, RandomErasing, RandomGrayscale
from nncli.augmentation.tones import (
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)
from tests.augmentation.batches import batch, changed, draw

ONE = torch.ones(1)


def test_jitter_applies_its_changes_in_the_order_that_was_drawn() -> None:
    images = batch(30)
    transform = ColorJitter(brightness=0.6, contrast=(0.5, 2.0), saturation=0.8, hue=0.3)
    found = changed(transform, images)
    chance = draw(30).uniform(5, 8)
    orders = set()
    for number, image in enumerate(images):
        bright, contrast, saturation, turn = chance[number, :4]
        steps = [
            lambda x, a=0.4 + 1.2 * bright: colours.adjust_brightness(x, a * ONE),
            lambda x, a=0.5 + 1.5 * contrast: colours.adjust_contrast(x, a * ONE),
            lambda x, a=0.2 + 1.6 * saturation: colours.adjust_saturation(x, a * ONE),
            lambda x, a=-0.3 + 0.6 * turn: colours.adjust_hue(x, a * ONE),
        ]
        order = tuple(chance[number, 4:].argsort().tolist())
        orders.add(order)
        expected = image[None]
        for index in order:
            expected = steps[index](expected)
        assert torch.allclose(found[number], expected[0], atol=1e-5)
    assert len(orders) > 10


def test_jitter_of_nothing_changes_nothing() -> None:
    images = batch(4)
    assert torch.equal(changed(ColorJitter(), images), images)


def test_blur_is_the_average_by_a_bell_curve() -> None:
    images = batch(3, 3, 15, 18)
    found = changed(GaussianBlur((5, 3), (0.5, 3.0)), images)
    sigmas = 0.5 + 2.5 * draw(3).uniform(5, 1)[:, 0]
    for image, result, sigma in zip(images.numpy(), found.numpy(), sigmas.tolist(), strict=True):
        across = np.exp(-0.5 * (np.arange(-2, 3) / sigma) ** 2)
        down = np.exp(-0.5 * (np.arange(-1, 2) / sigma) ** 2)
        kernel = np.outer(down / down.sum(), across / across.sum())
        padded = np.pad(image, ((0, 0), (1, 1), (2, 2)), mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 5), axis=(1, 2))
        assert np.allclose((windows * kernel).sum((-2, -1)), result, atol=1e-5)


def test_a_kernel_may_be_larger_than_the_image() -> None:
    images = batch(2, 1, 3, 2)
    found = changed(GaussianBlur(11, 5.0), images)
    assert found.shape == images.shape and (found.amax((2, 3)) <= images.amax((2, 3)) + 1e-6).all()


def test_erasing_paints_boxes_of_the_areas_that_are_asked_for() -> None:
    images = torch.full((500, 3, 50, 50), 0.5)
    found = changed(RandomErasing(p=1, scale=(0.1, 0.2), ratio=(0.5, 2.0), value=(255, 0, 0)), images)
    for image in found:
        is_box = image[0] == 1
        rows, columns = is_box.any(1).nonzero()[:, 0], is_box.any(0).nonzero()[:, 0]
        height, width = len(rows), len(columns)
        assert int(is_box.sum()) == height * width
        assert 0.09 < height * width / 2500 < 0.22 and 0.45 < height / width < 2.2
        assert (image[1:][:, is_box] == 0).all() and (image[:, ~is_box] == 0.5).all()
    share = (changed(RandomErasing(p=0.3), images) != images).flatten(1).any(1).float().mean()
    assert 0.22 < share < 0.38


def test_erasing_at_random_paints_every_pixel_anew() -> None:
    images = torch.full((4, 3, 30, 30), 0.5)
    found = changed(RandomErasing(p=1, scale=(0.3, 0.3), value="random"), images)
    for image in found:
        painted = image[image != 0.5]
        assert len(painted.unique()) > 0.9 * len(painted) > 100


def test_transparency_is_left_alone() -> None:
    images = batch(6, 4)
    images[:, 3] = torch.linspace(0, 1, 6)[:, None, None]
    changes = [ColorJitter(0.5, 0.5, 0.5, 0.2), RandomGrayscale(1), RandomErasing(1), RandomInvert(1),
               RandomEqualize(1), RandomErasing(1, value="random")]  # fmt: skip
    for transform in changes:
        found = changed(transform, images)
        assert torch.equal(found[:, 3], images[:, 3])
        assert not torch.equal(found[:, :3], images[:, :3])


@pytest.mark.parametrize(
    ("transform", "change"),
    [
        (RandomGrayscale(p=0.5), lambda x: colours.grey_of(x).expand_as(x)),
        (RandomInvert(), colours.invert),
        (RandomSolarize(threshold=100), lambda x: colours.solarize(x, 100 * ONE)),
        (RandomPosterize(bits=2), lambda x: colours.posterize(x, 2 * ONE)),
        (RandomAdjustSharpness(2.5), lambda x: colours.adjust_sharpness(x, 2.5 * ONE)),
        (RandomAutocontrast(), colours.autocontrast),
        (RandomEqualize(), colours.equalize),
    ],
)
def test_half_of_the_images_are_changed_and_the_rest_left(transform: Any, change: Any) -> None:
    images = batch(1).expand(300, -1, -1, -1)
    found = changed(transform, images)
    is_changed = torch.tensor([torch.allclose(each, change(images[:1])[0], atol=1e-6) for each in found])
    is_same = torch.tensor([torch.equal(each, images[0]) for each in found])
    assert torch.equal(is_changed, ~is_same)
    assert 110 < is_changed.sum() < 190


def test_masks_stay_as_they_are() -> None:
    masks = batch(5, 1)
    for transform in (ColorJitter(1), GaussianBlur(5), RandomErasing(1), RandomInvert(1), RandomGrayscale(1)):
        assert torch.equal(transform(masks, draw(5), 0, is_mask=True), masks)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (ColorJitter, {"brightness": -0.1}),
        (ColorJitter, {"hue": 0.6}),
        (ColorJitter, {"contrast": (2.0, 1.0)}),
        (RandomGrayscale, {"p": 2}),
        (GaussianBlur, {"kernel_size": 4}),
        (GaussianBlur, {"kernel_size": 101}),
        (GaussianBlur, {"kernel_size": 3, "sigma": 0.0}),
        (RandomErasing, {"scale": (0.5, 1.5)}),
        (RandomErasing, {"value": 400}),
        (RandomPosterize, {"bits": 9}),
        (RandomSolarize, {"threshold": -1}),
        (RandomAdjustSharpness, {"sharpness_factor": -1.0}),
    ],
)
def test_amounts_that_make_no_sense_are_refused(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind(**arguments)
