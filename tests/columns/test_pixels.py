from __future__ import annotations

import numpy as np
import torch

from nncli.columns.pixels import PixelEncoder, pixel_headers
from nncli.sources.tables import Column, Table
from nncli.spec.schema import ColumnSpec
from tests.columns.encoding import encoded, fitted
from tests.sources.reading import small
from tests.sources.reading import table_of as read_file

IMAGE = Column("image", "image", "input")
HEADERS = tuple(f"p{index}" for index in range(12))
DECLARED = {"type": "image", "columns": "p*", "shape": (2, 2, 3)}


def table_of(*rows: list[object]) -> Table:
    lines = [",".join(HEADERS), *(",".join(map(str, row)) for row in rows), ""]
    return read_file(small("\n".join(lines)))


def test_a_glob_finds_columns_in_natural_order() -> None:
    declared = ColumnSpec.model_validate({"type": "image", "columns": "pixel_*"})
    found = pixel_headers(
        IMAGE, declared, ["pixel_10", "label", "pixel_9", "pixel_1_2", "pixel_1_10", "pixel_x"]
    )
    assert found == ("pixel_1_2", "pixel_1_10", "pixel_9", "pixel_10", "pixel_x")


def test_pixels_lie_channel_by_channel_and_are_scaled_per_channel() -> None:
    table = table_of(list(range(12)), [2 * n for n in range(12)])
    encoder = fitted(IMAGE, table, **DECLARED)
    first = np.array([*range(6), *range(0, 12, 2)], float)
    assert encoder.means[0] == first.mean() and encoder.deviations[0] == first.std()
    values, _ = encoded(encoder, table)
    assert values.shape == (2, 2, 2, 3) and values.dtype == torch.float32
    raw, _ = encoded(fitted(IMAGE, table, **DECLARED, scale="none"), table)
    assert raw[0].flatten().tolist() == list(range(12))
    assert raw[0, 1, 0].tolist() == [6, 7, 8]


def test_a_bad_pixel_is_named() -> None:
    table = table_of(list(range(12)), [1, "x", *[""] * 10])
    encoder = PixelEncoder(IMAGE, HEADERS, (2, 2, 3), (0.0, 0.0), (1.0, 1.0))
    _, (problem,) = encoded(encoder, table)
    assert (problem.code, problem.facts["column"]) == ("not-a-number", "p1")
    assert problem.place is not None and (problem.place.line, problem.place.column) == (3, 3)
