from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli.columns.encoders import Encoders
from nncli.data.future import future_of
from nncli.data.opening import open_data
from nncli.errors import DataError
from nncli.sources.tables import Table
from tests.data.specs import spec_of
from tests.sources.reading import small, table_of

PAST: dict[str, Any] = {"type": "series", "column": "load", "window": (-3, 0), "scale": "none"}
AHEAD: dict[str, Any] = {"type": "number", "column": "load", "window": (0, 2), "scale": "none"}


def encoders_of(folder: Path, text: str, **data: Any) -> Encoders:
    (folder / "rows.csv").write_text(text)
    columns = {"inputs": {"past": PAST}, "targets": {"load": AHEAD}}
    return open_data(spec_of(folder, train="rows.csv", **{**columns, **data})).encoders


def rows_of(times: list[str]) -> str:
    return "time,load\n" + "".join(f"{time},{n}\n" for n, time in enumerate(times))


@pytest.mark.parametrize(
    ("times", "after"),
    [
        ([f"19{y}-{m:02d}" for y in (58, 59) for m in range(1, 13)], ["1960-01", "1960-02"]),
        ([f"{year}" for year in range(1990, 2010)], ["2010", "2011"]),
        ([f"2024-02-{day:02d}" for day in range(10, 30)], ["2024-03-01", "2024-03-02"]),
        ([f"2024-02-28T{hour:02d}:30" for hour in range(4, 24)], ["2024-02-29T00:30", "2024-02-29T01:30"]),
    ],
)
def test_steps_go_on_at_the_pace_of_the_last_rows(tmp_path: Path, times: list[str], after: list[str]) -> None:
    text = rows_of(times)
    future = future_of(encoders_of(tmp_path, text, time="time"), table_of(small(text)))
    assert future.labels == {"time": after}
    assert future.part.input("past").flatten().tolist() == [float(len(times) - back) for back in (3, 2, 1)]


def test_every_series_has_its_own_future(tmp_path: Path) -> None:
    text = "shop,load\n" + "".join(f"{shop},{n}\n" for shop in "ba" for n in range(20))
    future = future_of(encoders_of(tmp_path, text, group="shop"), table_of(small(text)))
    assert future.labels == {"shop": ["a", "a", "b", "b"], "step": [21, 22, 21, 22]}
    assert future.part.rows == 2 and future.steps == 2


def _known(text: str) -> Table:
    return table_of(small(text))


def test_what_is_known_of_the_future_stands_in_rows_without_an_answer(tmp_path: Path) -> None:
    header, rows = "time,load,holiday\n", [f"2024-01-{day:02d},{day},{day % 2}\n" for day in range(1, 31)]
    inputs = {"past": PAST, "holiday": {"type": "number", "window": (0, 2), "scale": "none"}}
    encoders = encoders_of(tmp_path, header + "".join(rows), time="time", inputs=inputs)
    table = _known(header + "".join(rows) + "2024-01-31,,1\n2024-02-01,,0\n")
    future = future_of(encoders, table)
    assert future.labels == {"time": ["2024-01-31", "2024-02-01"]}
    assert future.part.input("holiday").flatten().tolist() == [1, 0]
    assert future.part.input("past").flatten().tolist() == [28, 29, 30]


def test_a_gap_in_what_is_read_is_refused_and_one_before_it_is_not(tmp_path: Path) -> None:
    times = [f"2024-01-{day:02d}" for day in range(1, 31)]
    encoders = encoders_of(tmp_path, rows_of(times), time="time")
    assert future_of(encoders, _known("time,load\n2024-01-01,\n2024-01-02,1\n2024-01-03,2\n2024-01-04,3\n"))
    with pytest.raises(DataError) as caught:
        future_of(encoders, _known("time,load\n2024-01-01,0\n2024-01-02,1\n2024-01-03,\n2024-01-04,3\n"))
    assert [problem.code for problem in caught.value.problems] == ["cell-empty"]


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    times = [f"2024-01-{day:02d}" for day in range(1, 31)]
    encoders = encoders_of(tmp_path, rows_of(times), time="time")
    with pytest.raises(DataError) as caught:
        future_of(encoders, _known("time,load\n2024-01-01,0\n2024-01-02,1\n"))
    assert [problem.code for problem in caught.value.problems] == ["series-short"]
