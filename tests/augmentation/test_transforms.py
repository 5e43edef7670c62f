"""Every transform gives a row the same picture in any batch, and another one in another epoch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.augmentation.transforms import TRANSFORMS, Augmentation, misfit, place_of
from nncli.draws import Draw
from tests.augmentation.batches import batch, draw

NEEDED: dict[str, dict[str, Any]] = {
    "RandomCrop": {"padding": 2},
    "RandomRotation": {"degrees": 30},
    "RandomAffine": {"degrees": 20, "translate": (0.2, 0.1), "scale": (0.8, 1.2), "shear": 10},
    "GaussianBlur": {"kernel_size": 3},
    "RandomSolarize": {"threshold": 100},
    "RandomPosterize": {"bits": 3},
    "RandomAdjustSharpness": {"sharpness_factor": 2.0},
    "ColorJitter": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.2},
}
ALL = {name: kind(**NEEDED.get(name, {})) for name, kind in TRANSFORMS.items()}
IMAGES = {channels: batch(40, channels, 18, 20) for channels in (1, 3, 4)}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_row_gets_the_same_picture_in_any_batch(name: str, channels: int) -> None:
    augmentation = Augmentation((ALL[name],), place_of("image"))
    images = IMAGES[channels]
    whole = augmentation.images(images, draw(40))
    rows = torch.tensor([31, 4, 17])
    assert torch.equal(augmentation.images(images[rows], Draw(1, 2, rows)), whole[rows])
    alone = augmentation.images(images[7:8], Draw(1, 2, torch.tensor([7])))
    assert torch.equal(alone[0], whole[7])
    assert whole.shape == images.shape and whole.dtype == torch.float32
    assert whole.min() >= -1e-6 and whole.max() <= 1 + 1e-6


@pytest.mark.parametrize("name", ALL)
def test_seed_epoch_row_and_place_each_give_another_picture(name: str) -> None:
    if name == "RandomGrayscale":
        return  # All of its pictures of a row are two.
    images = batch(1, 3, 18, 20).expand(40, -1, -1, -1)
    first = Augmentation((ALL[name],), place_of("one")).images(images, draw(40))
    others = [
        Augmentation((ALL[name],), place_of("one")).images(images, draw(40, seed=9)),
        Augmentation((ALL[name],), place_of("one")).images(images, draw(40, epoch=9)),
        Augmentation((ALL[name],), place_of("one")).images(images, draw(40, first=100)),
        Augmentation((ALL[name],), place_of("two")).images(images, draw(40)),
    ]
    assert len(torch.unique(first.flatten(1), dim=0)) > 1
    for other in others:
        assert not torch.equal(first, other)


@pytest.mark.parametrize("name", ALL)
def test_images_that_came_in_are_not_changed_in_place(name: str) -> None:
    images = IMAGES[3].clone()
    Augmentation((ALL[name],), 0).images(images, draw(40))
    Augmentation((ALL[name],), 0).masks(images[:, :1], draw(40))
    assert torch.equal(images, IMAGES[3])


@settings(deadline=None)
@given(
    names=st.lists(st.sampled_from(sorted(ALL)), min_size=1, max_size=4),
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    channels=st.sampled_from([1, 3, 4]),
    seed=st.integers(0, 2**31),
)
def test_any_list_keeps_the_shape_and_range_of_any_image(
    names: list[str], height: int, width: int, channels: int, seed: int
) -> None:
    images = torch.rand(3, channels, height, width, generator=torch.Generator().manual_seed(seed % 1000))
    augmentation = Augmentation(tuple(ALL[name] for name in names), 3)
    found = augmentation.images(images, draw(3, seed))
    assert found.shape == images.shape and torch.isfinite(found).all()
    assert found.min() >= -1e-6 and found.max() <= 1 + 1e-6
    masks = torch.round(images[:, :1] * 5)
    moved = augmentation.masks(masks, draw(3, seed))
    assert set(moved.unique().tolist()) <= {-1.0, *masks.unique().tolist()}


def test_masks_move_with_their_images_through_a_whole_list() -> None:
    names = ("RandomHorizontalFlip", "ColorJitter", "RandomCrop", "RandomAffine", "RandomErasing")
    kinds = tuple(ALL[name] for name in names)
    shapes = torch.zeros(30, 1, 24, 24)
    shapes[:, :, 4:16, 6:14] = 1
    seen = Augmentation(tuple(each for each in kinds if each.moves), 5).images(shapes, draw(30))
    others = Augmentation(kinds, 5)
    masks = others.masks(shapes, draw(30)).clamp(min=0)
    # Places count all transforms of the list, so that only the whole list moves both alike.
    assert not torch.equal(seen, masks)
    assert torch.equal(others.masks(shapes, draw(30)), others.masks(shapes, draw(30)))
    moved = shapes
    for number, kind in enumerate(kinds):
        moved = kind(moved, draw(30), 5 + 2 * number) if kind.moves else moved
    assert torch.equal(moved, masks)


def test_a_size_other_than_that_of_the_column_does_not_suit() -> None:
    crop = TRANSFORMS["RandomCrop"]
    assert misfit(crop(size=32, padding=4), 3, (32, 32)) == ""
    assert misfit(crop(size=(32, 40), padding=4), 3, (32, 40)) == ""
    assert "[32, 40]" in misfit(crop(size=32, padding=4), 3, (32, 40))
    assert "3 channels" in misfit(crop(padding=4, fill=(1, 2, 3, 4)), 3, (32, 40))
    assert misfit(ALL["ColorJitter"], 1, (5, 5)) == ""
