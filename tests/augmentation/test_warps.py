"""Rotation, affine maps and perspective move pixels as Pillow's do, and masks with them."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest
import torch
from PIL import Image

from nncli.augmentation.grids import OUTSIDE, Affine, Sampling, moved
from nncli.augmentation.warps import RandomAffine, RandomPerspective, RandomRotation, _corners, _in_square
from tests.augmentation.batches import as_picture, batch, changed, draw, pixels
from tests.sources.pictures import array

Interpolation = Literal["nearest", "bilinear"]
FILTERS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR}


def _share_alike(found: torch.Tensor, expected: Image.Image, most: int = 2) -> float:
    """Gives the share of pixels that are alike; at the border Pillow does not mix with the fill."""
    apart = np.abs(pixels(found).astype(int) - array(expected)).max(axis=0)
    return float((apart <= most).mean())


def _reference(
    image: Image.Image, angle: float, shift: Any, scale: float, shear: Any, how: str
) -> Image.Image:
    """Builds the map from its parts, forwards, and inverts it as a matrix."""
    middle = np.array([[1, 0, image.width / 2], [0, 1, image.height / 2], [0, 0, 1]])
    turn, lean, rise = np.deg2rad([angle, *shear])
    rotated = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    leaning = np.array([[1, -math.tan(lean), 0], [0, 1, 0], [0, 0, 1]])
    rising = np.array([[1, 0, 0], [-math.tan(rise), 1, 0], [0, 0, 1]])
    forwards = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) @ middle @ rotated @ rising @ leaning
    forwards = forwards @ np.diag([scale, scale, 1]) @ np.linalg.inv(middle)
    inverse = np.linalg.inv(forwards)[:2].flatten()
    return image.transform(image.size, Image.Transform.AFFINE, tuple(inverse), FILTERS[how])


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize(
    ("angle", "shift", "scale", "shear"),
    [
        (0, (0, 0), 1, (0, 0)),
        (30, (0, 0), 1, (0, 0)),
        (0, (3, -2), 1, (0, 0)),
        (0, (0, 0), 1.47, (0, 0)),
        (0, (0, 0), 0.73, (0, 0)),
        (0, (0, 0), 1, (20, 0)),
        (0, (0, 0), 1, (0, -15)),
        (-40, (2, 5), 1.2, (10, 12)),
    ],
)
def test_an_affine_map_is_what_its_parts_come_to(
    angle: float, shift: Any, scale: float, shear: Any, interpolation: Interpolation
) -> None:
    images = batch(1, 3, 40, 56)
    one = torch.ones(1)
    affine = Affine(
        one * angle, (one * shift[0], one * shift[1]), one * scale, (one * shear[0], one * shear[1])
    )
    found = moved(images, affine, Sampling(interpolation))[0]
    expected = _reference(as_picture(images[0]), angle, shift, scale, shear, interpolation)
    assert _share_alike(found, expected) > 0.93


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("center", [None, (5.0, 9.0)])
def test_a_rotation_is_pillows(interpolation: Interpolation, center: Any) -> None:
    images = batch(8, 3, 40, 40)
    transform = RandomRotation(degrees=(25, 25), interpolation=interpolation, center=center)
    for image, found in zip(images, changed(transform, images), strict=True):
        expected = as_picture(image).rotate(25, FILTERS[interpolation], center=center)
        assert _share_alike(found, expected) > 0.93


def test_amounts_are_drawn_from_all_of_their_range() -> None:
    middle = torch.zeros(2000, 1, 101, 101)
    middle[:, :, 50, 80] = 1
    found = changed(RandomRotation(30, "nearest"), middle)
    rows = torch.tensor([float(each[0].argmax() // 101) for each in found if each.max() > 0])
    angles = torch.rad2deg(torch.asin((rows - 50) / 30))
    assert -31 < angles.min() < -28 and 28 < angles.max() < 31 and angles.mean().abs() < 2
    found = changed(RandomAffine(0, translate=(0.1, 0.2)), middle)
    places = torch.tensor([divmod(int(each[0].argmax()), 101) for each in found])
    assert places[:, 0].min() == 30 and places[:, 0].max() == 70
    assert places[:, 1].min() == 70 and places[:, 1].max() == 90


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_fill_stands_where_nothing_was(interpolation: Interpolation) -> None:
    images = torch.full((1, 3, 20, 20), 0.5)
    transform = RandomRotation((45, 45), interpolation, fill=(255.0, 0.0, 51.0))
    corner = changed(transform, images)[0, :, 0, 0]
    assert torch.allclose(corner, torch.tensor([1.0, 0.0, 0.2]))


def test_perspective_puts_the_corners_where_they_were_drawn() -> None:
    images = batch(6, 3, 40, 60)
    transform = RandomPerspective(distortion_scale=0.6, p=1.0)
    chance = draw(6).uniform(5, 9)
    x = _corners(chance[:, 0:4], 0.6, 60, (1, -1, -1, 1))
    y = _corners(chance[:, 4:8], 0.6, 40, (1, 1, -1, -1))
    assert (x[[0, 3]] <= 18).all() and (x[[1, 2]] >= 42).all() and (y[[0, 1]] <= 12).all()
    found = changed(transform, images)
    for number, image in enumerate(images):
        coefficients = _solved(x[:, number].tolist(), y[:, number].tolist(), 60, 40)
        expected = as_picture(image).transform(
            (60, 40), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
        )
        assert _share_alike(found[number], expected) > 0.9


def _solved(x: list[float], y: list[float], width: int, height: int) -> tuple[float, ...]:
    """Solves for the map from quadrangle to image by its four corners."""
    rows, right = [], []
    for corner_x, corner_y, to_x, to_y in zip(
        x, y, (0, width, width, 0), (0, 0, height, height), strict=True
    ):
        rows.append([corner_x, corner_y, 1, 0, 0, 0, -to_x * corner_x, -to_x * corner_y])
        rows.append([0, 0, 0, corner_x, corner_y, 1, -to_y * corner_x, -to_y * corner_y])
        right += [to_x, to_y]
    return tuple(np.linalg.solve(np.array(rows), np.array(right)))


def test_the_corners_of_a_quadrangle_come_to_those_of_the_square() -> None:
    x, y = torch.tensor([[1.0, 9, 8, 2]]).T, torch.tensor([[2.0, 1, 7, 9]]).T
    found_x, found_y = _in_square(x.T[:, :, None], y.T[:, :, None], x, y)
    assert torch.allclose(found_x.flatten(), torch.tensor([0.0, 1, 1, 0]), atol=1e-5)
    assert torch.allclose(found_y.flatten(), torch.tensor([0.0, 0, 1, 1]), atol=1e-5)


def test_perspective_leaves_some_images_alone() -> None:
    images = batch(1).expand(200, -1, -1, -1)
    same = [torch.equal(each, images[0]) for each in changed(RandomPerspective(0.5, p=0.3), images)]
    assert 100 < sum(same) < 180


def test_masks_move_as_their_images_do_and_have_no_class_outside() -> None:
    images = torch.round(batch(20, 1, 12, 16) * 9) + 1
    for transform in (
        RandomRotation(40),
        RandomAffine(20, (0.2, 0.2), (0.7, 1.3), (-10, 10, -5, 5)),
        RandomPerspective(0.5, 1.0, "nearest"),
    ):
        seen = transform(images, draw(20), 3)
        mask = transform(images, draw(20), 3, is_mask=True)
        assert torch.equal(torch.where(seen == 0, OUTSIDE, seen), mask)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (RandomRotation, {"degrees": -1}),
        (RandomRotation, {"degrees": (3, 2)}),
        (RandomAffine, {"degrees": 0, "translate": (0.1, 1.2)}),
        (RandomAffine, {"degrees": 0, "scale": (0.0, 1.0)}),
        (RandomAffine, {"degrees": 0, "shear": 90.0}),
        (RandomPerspective, {"distortion_scale": 2.0}),
    ],
)
def test_amounts_that_make_no_sense_are_refused(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind(**arguments)
