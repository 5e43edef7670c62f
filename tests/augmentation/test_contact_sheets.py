from __future__ import annotations

import pytest
import torch

from nncli.augmentation.contact_sheets import contact_sheet


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_image_stands_on_the_sheet_in_its_place(channels: int) -> None:
    images = torch.arange(10, dtype=torch.uint8)[:, None, None, None].expand(-1, channels, 70, 90).clone()
    if channels == 4:
        images[:, 3] = 255
    sheet = contact_sheet(images, 4)
    assert sheet.shape == (3 * 72 + 2, 4 * 92 + 2, 3) and sheet.dtype == torch.uint8
    for number in range(10):
        top, left = 2 + number // 4 * 72, 2 + number % 4 * 92
        assert (sheet[top : top + 70, left : left + 90] == number).all()
        assert (sheet[top - 1, left] == 255).all()


def test_small_images_are_shown_larger() -> None:
    images = torch.tensor([[[[0, 100], [200, 50]]]], dtype=torch.uint8)
    sheet = contact_sheet(images)
    assert sheet.shape == (68, 68, 3)
    assert (sheet[2:34, 2:34] == 0).all() and (sheet[34:66, 34:66] == 50).all()


def test_transparent_pixels_show_a_grey_board() -> None:
    images = torch.zeros(1, 4, 64, 64, dtype=torch.uint8)
    assert (contact_sheet(images)[2:-2, 2:-2] == 128).all()
