from __future__ import annotations

import math
from datetime import datetime

import polars as pl
import pytest

from nncli.columns.dates import DateEncoder
from nncli.errors import Problem
from nncli.sources.tables import Column, Source, Table
from tests.columns.encoding import encoded, fitted
from tests.sources.reading import small
from tests.sources.reading import table_of as read_file

DAY = Column("day", "day", "input")


def table_of(*cells: str) -> Table:
    return read_file(small("day,x\n" + "".join(f"{c},1\n" for c in cells)))


@pytest.mark.parametrize(
    ("cell", "form", "moment"),
    [
        ("2024-02-29", None, datetime(2024, 2, 29)),
        ("2024", None, datetime(2024, 1, 1)),
        ("1949-03", None, datetime(1949, 3, 1)),
        ("2024-02-29 13:45", None, datetime(2024, 2, 29, 13, 45)),
        (" 2024-02-29T13:45:10.5 ", None, datetime(2024, 2, 29, 13, 45, 10)),
        ("2024-02-29T13:45:10+02:00", None, datetime(2024, 2, 29, 11, 45, 10)),
        ("29.2.2024", "%d.%m.%Y", datetime(2024, 2, 29)),
        ("29/02/24 01:30 PM", "%d/%m/%y %I:%M %p", datetime(2024, 2, 29, 13, 30)),
    ],
)
def test_dates_are_read_as_they_are_written(cell: str, form: str | None, moment: datetime) -> None:
    parts = ("year", "month", "day", "hour", "minute", "second")
    encoder = DateEncoder(DAY, parts, form)
    values, problems = encoded(encoder, table_of(cell))
    assert problems == []
    expected = [float(moment.year)]
    for number, cycle in (
        (moment.month - 1, 12),
        (moment.day - 1, 31),
        (moment.hour, 24),
        (moment.minute, 60),
        (moment.second, 60),
    ):
        expected += [math.sin(2 * math.pi * number / cycle), math.cos(2 * math.pi * number / cycle)]
    assert values[0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("cell", ["2024-02-30", "29.2.2024", "yesterday", "13:45", "2024-13", "99999-01-01"])
def test_what_is_no_date_is_refused_at_its_line(cell: str) -> None:
    _, (problem,) = encoded(DateEncoder(DAY, ("year",)), table_of("2024-01-01", cell))
    assert (problem.code, problem.place and problem.place.line) == ("not-a-date", 3)


def test_the_parts_that_change_are_chosen() -> None:
    encoder = fitted(DAY, table_of("2024-01-01", "2024-02-01", "2024-05-01"), type="date")
    assert encoder.parts == ("month", "weekday")
    assert encoder.input().shape == (4,)
    values, _ = encoded(encoder, table_of("2024-01-01"))
    assert values.tolist() == [[0.0, 1.0, 0.0, 1.0]]


def test_years_are_scaled_as_numbers() -> None:
    encoder = fitted(DAY, table_of("2020", "2022", "2024"), type="date", parts=("year",))
    values, _ = encoded(encoder, table_of("2020", "2022", "2024"))
    assert values.flatten().tolist() == pytest.approx([-1.2247449, 0, 1.2247449])


def test_empty_cells_are_refused_or_the_median() -> None:
    strict = fitted(DAY, table_of("2020", "2024"), type="date")
    _, (problem,) = encoded(strict, table_of("2020", ""))
    assert problem.code == "cell-empty"
    filled = fitted(DAY, table_of("2020", "2022", "2024"), type="date", missing="median", parts=("year",))
    values, problems = encoded(filled, table_of("", "2022"))
    assert problems == [] and values[0].tolist() == values[1].tolist()
    empty = fitted(DAY, table_of("", ""), type="date", missing="median")
    assert isinstance(empty, Problem) and empty.code == "column-empty"


def test_typed_columns_are_taken_as_they_are() -> None:
    frame = pl.DataFrame({"day": [datetime(2024, 1, 1, 6), None]})
    table = Table(frame, pl.Series([1, 2]).to_numpy(), Source("t.parquet"))
    encoder = DateEncoder(DAY, ("hour",), missing=0)
    values, problems = encoded(encoder, table)
    assert problems == [] and values[0].tolist() == pytest.approx([1.0, 0.0], abs=1e-6)
