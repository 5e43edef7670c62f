from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from nncli.data.opening import open_data
from nncli.errors import NncliError
from tests.data.specs import spec_of

MONTHS = [f"{1950 + n // 12}-{n % 12 + 1:02d}" for n in range(60)]
LAST: dict[str, Any] = {"type": "series", "column": "load", "window": (-3, 0), "scale": "none"}
NEXT: dict[str, Any] = {"type": "number", "column": "load", "scale": "none"}


def opened(folder: Path, text: str, **data: Any) -> Any:
    (folder / "rows.csv").write_text(text)
    return open_data(spec_of(folder, train="rows.csv", **data))


def monthly(order: list[int] | None = None) -> str:
    rows = [f"{MONTHS[n]},{n}\n" for n in (order or range(60))]
    return "month,load\n" + "".join(rows)


def test_a_sample_has_the_steps_before_it_and_what_comes_next(tmp_path: Path) -> None:
    split = {"validation": 6, "test": 12}
    data = opened(
        tmp_path, monthly(), time="month", split=split, inputs={"past": LAST}, targets={"next": NEXT}
    )
    assert {name: part.rows for name, part in data.parts.items()} == {
        "train": 39,
        "validation": 6,
        "test": 12,
    }
    test = data.parts["test"]
    assert test.input("past").shape == (12, 3, 1)
    assert test.input("past")[0].flatten().tolist() == [45, 46, 47]
    assert test.target("next").flatten().tolist() == list(range(48, 60))
    assert data.inputs["past"].shape == (3, 1) and data.inputs["past"].type == "series"


def test_rows_are_put_in_order_of_time(tmp_path: Path) -> None:
    order = torch.randperm(60, generator=torch.Generator().manual_seed(0)).tolist()
    columns: dict[str, Any] = {"inputs": {"past": LAST}, "targets": {"next": NEXT}, "time": "month"}
    data = opened(tmp_path, monthly(order), **columns)
    assert data.parts["test"].target("next").flatten().tolist() == list(range(51, 60))


def test_a_horizon_of_several_steps_keeps_parts_apart(tmp_path: Path) -> None:
    ahead = {**NEXT, "window": (0, 6)}
    split = {"validation": 6, "test": 12}
    data = opened(tmp_path, monthly(), split=split, inputs={"past": LAST}, targets={"next": ahead})
    train, validation, test = (data.parts[name] for name in ("train", "validation", "test"))
    assert test.target("next").shape == (12, 6)
    assert data.targets["next"].shape == (6,)
    # No answer of training is among those of validation, nor one of validation among those of the test.
    assert train.target("next").max() < validation.target("next").min()
    assert validation.target("next").max() < test.target("next").min() or validation.rows == 1


def test_series_by_group_do_not_run_into_each_other(tmp_path: Path) -> None:
    rows = "".join(
        f"{shop},{day},{100 * number + day}\n" for number, shop in enumerate("ab") for day in range(20)
    )
    split = {"validation": 0, "test": 4}
    columns: dict[str, Any] = {"inputs": {"past": LAST}, "targets": {"next": NEXT}}
    data = opened(tmp_path, "shop,day,load\n" + rows, group="shop", split=split, **columns)
    for part in data.parts.values():
        past, following = part.input("past")[:, :, 0], part.target("next")
        assert torch.equal(past, following + torch.tensor([-3.0, -2.0, -1.0]))
    assert sorted(data.parts["test"].target("next").flatten().tolist()) == [18, 19, 118, 119]


def test_encoders_see_the_training_stretch_alone(tmp_path: Path) -> None:
    scaled = {**LAST, "scale": "standard"}
    split = {"validation": 6, "test": 12}
    data = opened(tmp_path, monthly(), split=split, inputs={"past": scaled}, targets={"next": NEXT})
    (encoder,) = data.encoders.input_encoders
    # The last training sample is around row 41, and reads the rows up to 40.
    assert encoder.variables[0].mean == sum(range(41)) / 41


def test_several_variables_and_what_is_known_of_the_future(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n * n},{n % 7}\n" for n in range(50))
    inputs = {
        "past": {"type": "series", "columns": ("load", "wind"), "window": (-4, 0), "scale": "none"},
        "weekday": {"type": "category", "window": (0, 2)},
    }
    ahead = {**NEXT, "window": (0, 2)}
    data = opened(tmp_path, "load,wind,weekday\n" + rows, inputs=inputs, targets={"load": ahead})
    train = data.parts["train"]
    assert train.input("past").shape[1:] == (4, 2)
    assert train.input("weekday")[0].tolist() == [4, 5]
    assert data.inputs["weekday"].type == "index" and data.inputs["weekday"].vocabulary == 8
    assert train.target("load")[0].tolist() == [4, 5]


def test_a_shift_reads_another_step(tmp_path: Path) -> None:
    inputs = {"load": {"type": "number", "shift": 1, "scale": "none"}}
    data = opened(tmp_path, monthly(), inputs=inputs, targets={"next": {**NEXT, "shift": -1}})
    train = data.parts["train"]
    assert torch.equal(train.target("next") - train.input("load"), torch.full((train.rows, 1), 2.0))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (monthly() + "1950-01,5\n", "time-repeated"),
        (monthly() + "soon,5\n", "not-a-date"),
        (monthly() + ",5\n", "cell-empty"),
        ("month,load\n1950-01,1\n1950-02,2\n1950-03,3\n", "rows-too-few"),
    ],
)
def test_rows_that_have_no_place_in_time_are_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(NncliError) as caught:
        opened(tmp_path, text, time="month", inputs={"past": LAST}, targets={"next": NEXT})
    assert [problem.code for problem in caught.value.problems] == [code]
    assert caught.value.problems[0].place is not None


def test_the_second_start_gives_the_same_samples(tmp_path: Path) -> None:
    columns: dict[str, Any] = {"inputs": {"past": LAST}, "targets": {"next": {**NEXT, "window": (0, 2)}}}
    first = opened(tmp_path, monthly(), time="month", **columns)
    again = opened(tmp_path, monthly(), time="month", **columns)
    for name, part in first.parts.items():
        assert torch.equal(part.input("past"), again.parts[name].input("past"))
        assert torch.equal(part.target("next"), again.parts[name].target("next"))
