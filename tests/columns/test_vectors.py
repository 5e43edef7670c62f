from __future__ import annotations

import polars as pl
import pytest
import torch

from nncli.sources.tables import Column, Reading, Source, Table
from tests.columns.encoding import encoded, fitted
from tests.sources.reading import small
from tests.sources.reading import table_of as read_file

PLACE = Column("place", "place", "input")


def table_of(*cells: str) -> Table:
    text = "place;x;y1;y2\n" + "".join(f"{cell};1;{n};{n * n}\n" for n, cell in enumerate(cells))
    return read_file(small(text), reading=Reading(";"))


@pytest.mark.parametrize("cell", ["1 -2 3.5", " 1  -2\t3.5 ", "[1 -2 3.5]"])
def test_numbers_of_one_cell(cell: str) -> None:
    encoder = fitted(PLACE, table_of("1 2 3", "3 4 5"), type="vector", scale="none")
    values, problems = encoded(encoder, table_of(cell))
    assert problems == [] and values.tolist() == [[1, -2, 3.5]]


def test_numbers_of_several_columns() -> None:
    encoder = fitted(PLACE, table_of("", "", ""), type="vector", columns="y*", scale="none")
    assert encoder.headers == ("y1", "y2")
    assert encoded(encoder, table_of("", "", ""))[0].tolist() == [[0, 0], [1, 1], [2, 4]]


def test_each_number_is_scaled_by_itself_and_comes_back() -> None:
    table = table_of("0 100", "2 300", "4 500")
    encoder = fitted(PLACE, table, type="vector")
    values, _ = encoded(encoder, table)
    assert torch.allclose(values.mean(0), torch.zeros(2), atol=1e-6)
    back = encoder.decode(values.double())
    assert torch.allclose(back, torch.tensor([[0, 100], [2, 300], [4, 500]]).double(), atol=1e-4)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("1 2", "vector-length"), ("1 2 3 4", "vector-length"), ("1 x 3", "not-a-number"), ("", "cell-empty")],
)
def test_other_cells_are_refused(cell: str, code: str) -> None:
    encoder = fitted(PLACE, table_of("1 2 3", "3 4 5"), type="vector")
    _, (problem,) = encoded(encoder, table_of("1 2 3", cell))
    assert (problem.code, problem.place and problem.place.line) == (code, 3)


def test_lists_of_typed_files() -> None:
    frame = pl.DataFrame({"place": [[1.0, 2.0], [3.0, 4.0]]})
    table = Table(frame, pl.Series([1, 2]).to_numpy(), Source("t.parquet"))
    encoder = fitted(PLACE, table, type="vector", scale="none")
    assert encoded(encoder, table)[0].tolist() == [[1, 2], [3, 4]]
