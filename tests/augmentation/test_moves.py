"""Flips and crops move pixels as a loop over single images does, and masks with them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nncli.augmentation.grids import OUTSIDE, folded
from nncli.augmentation.moves import RandomCrop, RandomHorizontalFlip, RandomResizedCrop, RandomVerticalFlip
from tests.augmentation.batches import apart, as_picture, batch, changed, draw


@pytest.mark.parametrize(("kind", "axis"), [(RandomHorizontalFlip, 2), (RandomVerticalFlip, 1)])
def test_flips_mirror_about_half_of_the_images_and_leave_the_rest(kind: Any, axis: int) -> None:
    images = batch(1).expand(400, -1, -1, -1)
    found = changed(kind(), images)
    mirrored = [torch.equal(each, images[0].flip(axis)) for each in found]
    same = [torch.equal(each, images[0]) for each in found]
    assert all(one != other for one, other in zip(mirrored, same, strict=True))
    assert 150 < sum(mirrored) < 250
    assert torch.equal(changed(kind(p=1), images), images.flip(axis + 1))
    assert torch.equal(changed(kind(p=0), images), images)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
@pytest.mark.parametrize("padding", [3, (1, 4), (0, 1, 2, 5)])
def test_a_crop_is_a_piece_of_the_padded_image(
    mode: Literal["constant", "edge", "reflect", "symmetric"], padding: Any
) -> None:
    images = batch(40, 3, 8, 9)
    left, top, right, bottom = {int: lambda p: (p,) * 4, tuple: lambda p: p * (4 // len(p))}[type(padding)](
        padding
    )
    found = changed(RandomCrop(padding=padding, padding_mode=mode, fill=255), images)
    places = set()
    for image, result in zip(images.numpy(), found.numpy(), strict=True):
        extra: Any = {"constant_values": 1.0} if mode == "constant" else {}
        padded = np.pad(image, ((0, 0), (top, bottom), (left, right)), mode=mode, **extra)
        fits = [
            (down, across)
            for down in range(top + bottom + 1)
            for across in range(left + right + 1)
            if np.array_equal(padded[:, down : down + 8, across : across + 9], result)
        ]
        assert fits
        places.add(fits[0])
    assert len(places) > 5


def test_all_places_of_a_crop_are_equally_likely() -> None:
    ramp = torch.arange(5.0).expand(1, 1, 5, 5) / 255
    found = changed(RandomCrop(padding=2, padding_mode="edge"), ramp.expand(5000, -1, -1, -1))
    middle = torch.round(found[:, 0, 2, 2] * 255).long()
    assert (torch.bincount(middle, minlength=5) - 1000).abs().max() < 120


@given(
    index=st.integers(-40, 40),
    length=st.integers(1, 9),
    mode=st.sampled_from([("edge", "edge"), ("reflect", "reflect"), ("symmetric", "symmetric")]),
)
def test_indices_outside_are_folded_as_numpy_pads(index: int, length: int, mode: tuple[Any, Any]) -> None:
    padded = np.pad(np.arange(length), 40, mode=mode[1])
    assert folded(torch.tensor([index]), length, mode[0]).item() == padded[index + 40]


def test_a_resized_crop_is_a_piece_stretched_by_pillow() -> None:
    images = batch(12, 3, 30, 40)
    transform = RandomResizedCrop(scale=(0.1, 0.6))
    height, width, across, down = transform._boxes(draw(12), 5, 30, 40)
    found = changed(transform, images)
    for number, image in enumerate(images):
        top = int(down[number] * (30 - height[number] + 1))
        left = int(across[number] * (40 - width[number] + 1))
        box = (left, top, left + int(width[number]), top + int(height[number]))
        expected = as_picture(image).crop(box).resize((40, 30), Image.Resampling.BILINEAR)
        assert apart(found[number], expected).max() <= 1


@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    scale=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)).map(lambda pair: (min(pair), max(pair))),
    ratio=st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)).map(lambda pair: (min(pair), max(pair))),
)
def test_boxes_lie_inside_whatever_is_asked_for(
    height: int, width: int, scale: tuple[float, float], ratio: tuple[float, float]
) -> None:
    boxes = RandomResizedCrop(scale=scale, ratio=ratio)._boxes(draw(50), 0, height, width)
    assert (boxes[0] >= 1).all() and (boxes[0] <= height).all()
    assert (boxes[1] >= 1).all() and (boxes[1] <= width).all()


def test_boxes_have_the_areas_and_shapes_that_are_asked_for() -> None:
    heights, widths, _, _ = RandomResizedCrop(scale=(0.2, 0.4))._boxes(draw(2000), 0, 200, 200)
    area, ratio = heights * widths / 40_000, widths / heights
    assert 0.19 < area.min() < 0.21 and 0.39 < area.max() < 0.41
    assert 0.74 < ratio.min() < 0.77 and 1.3 < ratio.max() < 1.35


def test_masks_move_as_their_images_do() -> None:
    images = torch.round(batch(20, 1, 12, 16) * 9)
    moves = [RandomHorizontalFlip(), RandomVerticalFlip(), RandomCrop(padding=2, padding_mode="edge"),
             RandomResizedCrop(interpolation="nearest")]  # fmt: skip
    for transform in moves:
        assert torch.equal(transform(images, draw(20), 3, is_mask=True), transform(images, draw(20), 3))


def test_what_a_crop_uncovers_in_a_mask_has_no_class() -> None:
    masks = torch.full((50, 1, 6, 6), 3.0)
    found = RandomCrop(padding=2, fill=255)(masks, draw(50), 0, is_mask=True)
    assert set(found.unique().tolist()) == {OUTSIDE, 3.0}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (RandomHorizontalFlip, {"p": 1.5}),
        (RandomCrop, {}),
        (RandomCrop, {"padding": 0}),
        (RandomCrop, {"padding": (-1, 2)}),
        (RandomCrop, {"padding": 1, "fill": 300}),
        (RandomResizedCrop, {"scale": (1.0, 0.5)}),
        (RandomResizedCrop, {"scale": (0.0, 0.5)}),
        (RandomResizedCrop, {"ratio": (0.0, 1.0)}),
    ],
)
def test_amounts_that_make_no_sense_are_refused(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind(**arguments)
