"""RandAugment and TrivialAugmentWide make the changes of their lists, each image its own."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from nncli.augmentation import colours
from nncli.augmentation.grids import OUTSIDE
from nncli.augmentation.policies import RandAugment, TrivialAugmentWide
from nncli.augmentation.warps import RandomAffine
from tests.augmentation.batches import batch, changed, draw

ONE = torch.ones(1)


def _affine(image: Tensor, **amounts: Any) -> Tensor:
    fixed = {name: (amount, amount) for name, amount in amounts.items() if name == "degrees"}
    shear = amounts.get("shear", (0.0, 0.0))
    both = (shear[0], shear[0], shear[1], shear[1])
    transform = RandomAffine(**{"degrees": (0, 0), **fixed}, shear=both, center=amounts.get("center"))
    return transform(image, draw(1), 0)


def _shifted(image: Tensor, across: int, down: int) -> Tensor:
    found = torch.zeros_like(image)
    height, width = image.shape[2:]
    rows = slice(max(down, 0), min(height, height + down))
    columns = slice(max(across, 0), min(width, width + across))
    from_rows = slice(max(-down, 0), min(height, height - down))
    from_columns = slice(max(-across, 0), min(width, width - across))
    found[..., rows, columns] = image[..., from_rows, from_columns]
    return found


def _all_changes(image: Tensor, share: float, ranges: dict[str, float]) -> list[Tensor]:
    """Lists what the fourteen changes give at a share of their strength, with both signs."""
    height, width = image.shape[2:]
    found = [image, colours.autocontrast(image), colours.equalize(image)]
    found.append(colours.posterize(image, torch.round(8 - share * ranges["bits"] * ONE)))
    found.append(colours.solarize(image, 255 * (1 - share) * ONE))
    for sign in (1, -1):
        lean = math.degrees(math.atan(sign * share * ranges["shear"]))
        corner = {"center": (0.0, 0.0)}
        found.append(_affine(image, shear=(lean, 0.0), **corner))
        found.append(_affine(image, shear=(0.0, lean), **corner))
        found.append(_affine(image, degrees=sign * share * ranges["degrees"]))
        across, down = (int(share * most) for most in (ranges["across"] * width, ranges["down"] * height))
        found += [_shifted(image, sign * across, 0), _shifted(image, 0, sign * down)]
        factor = (1 + sign * share * ranges["factor"]) * ONE
        for change in (colours.adjust_brightness, colours.adjust_saturation, colours.adjust_contrast,
                       colours.adjust_sharpness):  # fmt: skip
            found.append(change(image, factor))
    return found


RAND = {"shear": 0.3, "degrees": 30, "factor": 0.9, "bits": 4, "across": 150 / 331, "down": 150 / 331}


def test_every_change_of_rand_augment_comes_up_as_often_as_the_others() -> None:
    image = batch(1, 3, 40, 41)
    count = 1400
    found = changed(RandAugment(num_ops=1, magnitude=12), image.expand(count, -1, -1, -1))
    expected = _all_changes(image, 12 / 30, RAND)
    seen = [0] * len(expected)
    for result in found:
        apart = [float((result - each[0]).abs().mean()) for each in expected]
        nearest = min(range(len(apart)), key=apart.__getitem__)
        assert apart[nearest] < 2e-3
        seen[nearest] += 1
    # The first five have no sign; each of the others stands for half of a change.
    assert all(60 < each < 140 for each in seen[:5])
    assert all(25 < each < 80 for each in seen[5:])
    assert sum(seen) == count


def test_several_changes_are_made_one_after_the_other() -> None:
    images = batch(50, 3, 24, 24)
    once = (changed(RandAugment(1, 15), images) != images).flatten(1).any(1).sum()
    thrice = (changed(RandAugment(3, 15), images) != images).flatten(1).any(1).sum()
    assert thrice >= once > 30


def test_trivial_augment_draws_its_strength() -> None:
    image = torch.full((1, 3, 8, 8), 100 / 255)
    found = changed(TrivialAugmentWide(), image.expand(4000, -1, -1, -1))
    # Of a grey image brightness alone makes another grey, of thirty strengths both ways.
    greys = torch.round(found[:, 0, 4, 4] * 255).unique()
    assert len(greys) > 40
    assert greys.min() <= 3 and greys.max() >= 195


def test_masks_follow_the_moves_and_nothing_else() -> None:
    images = torch.round(batch(200, 1, 16, 16) * 9) + 1
    for transform in (RandAugment(2, 20), TrivialAugmentWide()):
        masks = transform(images, draw(200), 3, is_mask=True)
        moved = (masks != images).flatten(1).any(1)
        assert 60 < moved.sum() < 160
        assert set(masks.unique().tolist()) <= {OUTSIDE, *images.unique().tolist()}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (RandAugment, {"num_ops": 0}),
        (RandAugment, {"magnitude": 31}),
        (RandAugment, {"magnitude": -1}),
        (TrivialAugmentWide, {"num_magnitude_bins": 1}),
    ],
)
def test_amounts_that_make_no_sense_are_refused(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind(**arguments)
