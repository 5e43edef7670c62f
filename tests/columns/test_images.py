"""A column of image files: its encoder is fitted to them, and a batch of it is scaled and augmented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nncli.columns.images import ImageEncoder
from nncli.columns.kinds import kind_of
from nncli.draws import Draw
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec
from tests.columns.image_tables import image_table, table_of_names
from tests.sources.pictures import array, file_of, picture

IMAGE = Column("image", "image", "input")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path_factory.mktemp("cache")))


def _declared(**words: Any) -> ColumnSpec:
    return ColumnSpec.model_validate({"type": "image", **words})


def _fitted(table: Table, **words: Any) -> ImageEncoder:
    found = kind_of(_declared(**words)).fit(IMAGE, _declared(**words), table, [])
    assert isinstance(found, ImageEncoder)
    return found


def _problem(table: Table, **words: Any) -> Problem:
    found = kind_of(_declared(**words)).fit(IMAGE, _declared(**words), table, [])
    assert isinstance(found, Problem)
    return found


def _pixels(encoder: ImageEncoder, table: Table) -> torch.Tensor:
    refusals = Refusals()
    found = encoder.encode(table, refusals)
    assert not refusals.are_errors
    return found.take(torch.arange(len(table))).values


def test_size_and_channels_are_those_of_the_images(tmp_path: Path) -> None:
    table = image_table(tmp_path)
    encoder = _fitted(table)
    assert (encoder.channels, encoder.size) == (3, (12, 16))
    assert encoder.input() == InputSpec((3, 12, 16), "image")
    truth = np.stack([array(picture(12, 16, seed)) for seed in range(6)])
    assert np.array_equal(_pixels(encoder, table).numpy(), truth)


def test_images_without_colour_have_one_channel(tmp_path: Path) -> None:
    assert _fitted(image_table(tmp_path, mode="L")).channels == 1
    (tmp_path / "0.png").write_bytes(file_of(picture(12, 16)))
    assert _fitted(table_of_names(tmp_path, ["0.png", "1.png"])).channels == 3


def test_what_is_stated_holds(tmp_path: Path) -> None:
    table = image_table(tmp_path)
    encoder = _fitted(table, size=8, channels=1, resize="crop")
    assert (encoder.channels, encoder.size, encoder.resize) == (1, (8, 8), "crop")
    assert _pixels(encoder, table).shape == (6, 1, 8, 8)
    assert _fitted(table, size=(8, 9)).size == (8, 9)
    assert encoder.stated() == {"column": "image", "size": (8, 8), "channels": 1, "views": None}


def test_images_of_several_sizes_need_one_that_is_stated(tmp_path: Path) -> None:
    table = image_table(tmp_path)
    (tmp_path / "3.png").write_bytes(file_of(picture(20, 10)))
    problem = _problem(table)
    assert problem.code == "image-sizes"
    assert (problem.facts["smallest"], problem.facts["largest"]) == ("12 × 16", "20 × 10")
    assert _pixels(_fitted(table, size=10), table).shape == (6, 3, 10, 10)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_pixels_of_the_training_part_have_mean_0_and_deviation_1(tmp_path: Path, mode: str) -> None:
    table = image_table(tmp_path, mode=mode)
    encoder = _fitted(table)
    finished = encoder.finish()(_pixels(encoder, table), None).double()
    assert finished.dtype == torch.float64 and finished.mean((0, 2, 3)).abs().max() < 1e-5
    assert (finished.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-5


@pytest.mark.parametrize(("scale", "most"), [("minmax", 1.0), ("none", 255.0)])
def test_other_scales_have_fixed_ranges(tmp_path: Path, scale: str, most: float) -> None:
    table = image_table(tmp_path)
    encoder = _fitted(table, scale=scale)
    pixels = _pixels(encoder, table)
    assert torch.allclose(encoder.finish()(pixels, None), pixels.float() * (most / 255))


def test_a_constant_channel_is_not_divided_by_nothing(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(file_of(picture().convert("1").point(lambda _: 0)))
    table = table_of_names(tmp_path, ["0.png", "1.png", "2.png"])
    encoder = _fitted(table)
    assert encoder.deviations == (1.0,)
    assert torch.isfinite(encoder.finish()(_pixels(encoder, table), None)).all()


def test_images_are_augmented_where_they_are_trained_on_alone(tmp_path: Path) -> None:
    table = image_table(tmp_path)
    plain = _fitted(table)
    encoder = _fitted(
        table,
        augment=(
            {"RandomHorizontalFlip": 1.0},
            {"RandomCrop": {"padding": 2}},
        ),
    )
    finish, pixels = encoder.finish(), _pixels(encoder, table)
    assert finish.is_drawn and not plain.finish().is_drawn
    assert torch.equal(finish(pixels, None), plain.finish()(pixels, None))
    rows = torch.arange(6)
    once = finish(pixels, Draw(0, 0, rows))
    assert not torch.allclose(once, finish(pixels, None))
    assert torch.equal(once[2:5], finish(pixels[2:5], Draw(0, 0, rows[2:5])))
    assert not torch.equal(once, finish(pixels, Draw(0, 1, rows)))


def test_pixels_that_are_not_changed_come_out_as_without_augmentation(tmp_path: Path) -> None:
    table = image_table(tmp_path)
    encoder = _fitted(table, augment=({"RandomHorizontalFlip": 0.0},))
    pixels = _pixels(encoder, table)
    drawn = encoder.finish()(pixels, Draw(0, 0, torch.arange(6)))
    assert torch.allclose(drawn, encoder.finish()(pixels, None), atol=1e-5)


def test_a_transform_that_does_not_suit_the_size_is_refused(tmp_path: Path) -> None:
    problem = _problem(image_table(tmp_path), augment=({"RandomCrop": (32, 4)},))
    assert problem.code == "augment-value"
    assert "size must be that of the column, [12, 16]" in str(problem.facts["reason"])


def test_an_encoder_travels_as_json(tmp_path: Path) -> None:
    from nncli.columns.categories import ClassEncoder
    from nncli.columns.encoders import Encoders

    augment = ({"RandomAffine": {"degrees": (-5, 5), "fill": 0.5}}, "RandomGrayscale", {"MixUp": 0.2})
    encoder = _fitted(image_table(tmp_path), augment=augment)
    both = Encoders((encoder,), (ClassEncoder(Column("y", "y", "target"), ("a", "b")),))
    back = Encoders.from_json(both.to_json())
    assert back == both
    assert back.input_encoders[0].finish() is not None


def test_files_that_cannot_be_used_are_counted_and_named(tmp_path: Path) -> None:
    table = image_table(tmp_path, 12)
    encoder = _fitted(table)
    for number in range(7):
        (tmp_path / f"{number}.png").write_bytes(b"text" if number else b"")
    (tmp_path / "8.png").unlink()
    refusals = Refusals()
    encoder.encode(table, refusals)
    (problem,) = refusals.problems(table)
    assert (problem.code, problem.facts["count"]) == ("image-unreadable", 8)
    reasons = str(problem.facts["reasons"])
    assert reasons.startswith("`0.png`: it is empty; `1.png`: it is no PNG")
    assert reasons.endswith("; …") and reasons.count("`") == 10


def test_cells_without_a_path_are_refused(tmp_path: Path) -> None:
    table = table_of_names(tmp_path, ["0.png", None, ""])
    refusals = Refusals()
    kind_of(_declared()).check(IMAGE, _declared(), table, refusals)
    (problem,) = refusals.problems(table)
    assert (problem.code, problem.facts["lines"]) == ("file-unnamed", "rows 2, 3")


def test_encoding_says_so_where_no_file_of_the_training_part_can_be_read(tmp_path: Path) -> None:
    table = table_of_names(tmp_path, ["a.png", "b.png"])
    encoder = _fitted(table)
    refusals = Refusals()
    encoder.encode(table, refusals)
    assert refusals.problems(table)[0].facts["count"] == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"channels": 2}, "image-channels"),
        ({"scale": "quantile"}, "image-scale"),
        ({"size": 0}, "image-size"),
        ({"size": (20, 99_999)}, "image-size"),
        ({"views": ("one", "2")}, "view-name"),
        ({"augment": ("Flip",)}, "augment-unknown"),
    ],
)
def test_declarations_are_checked_by_themselves(words: dict[str, Any], code: str) -> None:
    (mistake,) = kind_of(_declared()).mistakes(IMAGE, _declared(**words))
    assert mistake.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 2},
        {"size": (0, 3)},
        {"means": (1.0,)},
        {"deviations": (0.0, 1.0, 1.0)},
    ],
)
def test_an_encoder_that_makes_no_sense_cannot_be(change: dict[str, Any]) -> None:
    fields = {"column": IMAGE, "channels": 3, "size": (2, 2), "means": (0.0,) * 3, "deviations": (1.0,) * 3}
    with pytest.raises(ValueError, match=r"image|deviation"):
        ImageEncoder(**{**fields, **change})
