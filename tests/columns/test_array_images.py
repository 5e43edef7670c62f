from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray

from nncli.columns.array_images import ARRAY_IMAGES, ArrayImageEncoder
from nncli.columns.kinds import kind_of
from nncli.columns.pixels import PIXELS
from nncli.draws import Draw
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Source, Table
from nncli.spec.schema import ColumnSpec

IMAGE = Column("image", "image", "input")
PIXELS_OF_SIX = np.arange(6 * 2 * 3 * 4, dtype=np.uint8).reshape(6, 2, 3, 4)


def table_of(array: NDArray[Any]) -> Table:
    return Table(pl.DataFrame({"image": array}), np.arange(1, len(array) + 1), Source("a.npz"))


def declared(**words: Any) -> ColumnSpec:
    return ColumnSpec.model_validate({"type": "image", "shape": (2, 3, 4), **words})


def fitted(array: NDArray[Any], **words: Any) -> ArrayImageEncoder:
    encoder = ARRAY_IMAGES.fit(IMAGE, declared(**words), table_of(array), [])
    assert isinstance(encoder, ArrayImageEncoder)
    return encoder


def encoded(encoder: ArrayImageEncoder, array: NDArray[Any]) -> torch.Tensor:
    refusals = Refusals()
    found = encoder.encode(table_of(array), refusals)
    assert not refusals.are_errors
    return found.values


def test_a_shape_without_columns_is_an_array() -> None:
    assert kind_of(declared()) is ARRAY_IMAGES
    assert kind_of(declared(columns="pixel_*")) is PIXELS


@pytest.mark.parametrize(
    "array",
    [PIXELS_OF_SIX, np.moveaxis(PIXELS_OF_SIX, 1, -1), PIXELS_OF_SIX.reshape(6, -1)],
    ids=["channels first", "channels last", "flat"],
)
def test_every_order_of_axes_gives_the_same_pixels(array: NDArray[Any]) -> None:
    values = encoded(fitted(array), array)
    assert values.dtype == torch.uint8
    assert torch.equal(values, torch.from_numpy(PIXELS_OF_SIX))


def test_pixels_are_scaled_by_channel_on_the_device() -> None:
    encoder = fitted(PIXELS_OF_SIX)
    finished = encoder.finish()(encoded(encoder, PIXELS_OF_SIX), None)
    assert torch.allclose(finished.mean(dim=(0, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(finished.std(dim=(0, 2, 3), correction=0), torch.ones(2), atol=1e-5)
    minmax = fitted(PIXELS_OF_SIX, scale="minmax")
    assert (minmax.means, minmax.deviations) == ((0.0, 0.0), (255.0, 255.0))
    as_they_are = fitted(PIXELS_OF_SIX, scale="none")
    assert torch.equal(
        as_they_are.finish()(encoded(as_they_are, PIXELS_OF_SIX), None),
        torch.from_numpy(PIXELS_OF_SIX).float(),
    )


def test_numbers_up_to_one_are_as_bright_as_bytes() -> None:
    grey = np.linspace(0, 1, 6 * 12, dtype=np.float32).reshape(6, 3, 4)
    encoder = fitted(grey, shape=(1, 3, 4), scale="minmax")
    assert (encoder.brightest, encoder.deviations) == (1.0, (1.0,))
    assert encoded(encoder, grey).dtype == torch.float32
    assert fitted(grey * 300, shape=(1, 3, 4)).brightest == 255.0


def test_augmentation_is_drawn_anew_in_training_alone() -> None:
    encoder = fitted(PIXELS_OF_SIX, augment=({"RandomHorizontalFlip": {"p": 1.0}},), scale="none")
    values, finish = encoded(encoder, PIXELS_OF_SIX), encoder.finish()
    assert finish.is_drawn
    flipped = finish(values, Draw(0, 0, torch.arange(6)))
    assert torch.allclose(flipped, values.float().flip(-1), atol=1e-3)


def test_what_is_no_image_of_the_shape_is_refused() -> None:
    for array in (np.zeros((3, 4, 4)), np.zeros((3, 7)), np.array(["a", "b", "c"])):
        refusals = Refusals()
        ARRAY_IMAGES.check(IMAGE, declared(), table_of(array), refusals)
        (problem,) = refusals.problems(table_of(array))
        assert problem.code == "image-array" and problem.facts["count"] == 3
    refusals = Refusals()
    broken = PIXELS_OF_SIX.astype(np.float32)
    broken[4, 0, 0, 0] = np.nan
    ARRAY_IMAGES.check(IMAGE, declared(), table_of(broken), refusals)
    (problem,) = refusals.problems(table_of(broken))
    assert problem.code == "not-a-number" and problem.facts["cells"] == [
        "row 5 `Array(Float32, shape=(2, 3, 4))`"
    ]


def test_mistakes_of_the_declaration_are_found() -> None:
    def codes(**words: Any) -> list[str]:
        return [each.code for each in ARRAY_IMAGES.mistakes(IMAGE, declared(**words))]

    assert codes() == []
    assert codes(shape=(3, 4)) == ["image-declaration"]
    assert codes(scale="quantile") == ["image-scale"]
    assert codes(augment=("RandomFlop",)) == ["augment-unknown"]


def test_the_stand_in_has_the_shape() -> None:
    encoder = ARRAY_IMAGES.stand_in(IMAGE, declared())
    assert not isinstance(encoder, Problem) and encoder.input().shape == (2, 3, 4)
