"""Each finding appears where its fault was planted, and none in a healthy table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nncli.data.opening import open_cells
from nncli.inspection.findings import CODES, percent
from nncli.inspection.seen import see
from nncli.messages.catalogue import CATALOGUE
from tests.data.specs import spec_of
from tests.inspection.tables import TEST, TRAIN, found, looked, row, rows


def test_nothing_is_found_in_a_healthy_table(tmp_path: Path) -> None:
    assert looked(tmp_path, TRAIN).findings == ()


def test_every_finding_has_words() -> None:
    assert {code for code in CATALOGUE if code.startswith("finding-")} - {"finding-unknown"} == set(
        CODES.values()
    )


def test_rows_of_the_test_part_that_were_trained_on(tmp_path: Path) -> None:
    (finding,) = looked(tmp_path, TRAIN, [*TEST, TRAIN[7], TRAIN[3]]).findings
    assert (finding.name, finding.severity, finding.count) == ("leakage", "warning", 2)
    file, train = tmp_path / "test.csv", tmp_path / "train.csv"
    assert finding.places == (f"{file}:62 as {train}:9", f"{file}:63 as {train}:5")
    assert finding.message == "2 of 62 rows of test (3.2 %) have the same inputs as a row of train"


def test_a_leak_is_found_whatever_the_target(tmp_path: Path) -> None:
    other = [*TRAIN[7][:3], "ba"["ab".index(TRAIN[7][3])]]
    look = looked(tmp_path, TRAIN, [*TEST, other])
    assert [each.name for each in look.findings] == ["leakage", "noise"]


def test_a_number_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    again = [TRAIN[7][0] + "00", *TRAIN[7][1:]]
    assert [each.count for each in found(looked(tmp_path, TRAIN, [*TEST, again]), "leakage")] == [1]


def test_rows_that_come_again_in_one_part(tmp_path: Path) -> None:
    (finding,) = looked(tmp_path, [*TRAIN, TRAIN[0], TRAIN[0], TRAIN[5]]).findings
    assert (finding.name, finding.severity, finding.count) == ("duplicates", "warning", 3)
    file = tmp_path / "train.csv"
    assert finding.places == (f"{file}:202 as {file}:2", f"{file}:203 as {file}:2", f"{file}:204 as {file}:7")


def test_a_single_copy_is_a_note(tmp_path: Path) -> None:
    (finding,) = looked(tmp_path, [*TRAIN, TRAIN[0]]).findings
    assert (finding.name, finding.severity) == ("duplicates", "note")


def test_the_same_inputs_with_another_class(tmp_path: Path) -> None:
    other = [*TRAIN[4][:3], "ba"["ab".index(TRAIN[4][3])]]
    (finding,) = looked(tmp_path, [*TRAIN, other]).findings
    assert (finding.name, finding.count) == ("noise", 2)
    assert finding.places == (f"{tmp_path / 'train.csv'}:6", f"{tmp_path / 'train.csv'}:202")


def test_a_column_that_names_the_class(tmp_path: Path) -> None:
    def told(cells: list[list[str]]) -> list[list[str]]:
        return [[size, weight, {"a": "red", "b": "blue"}[kind], kind] for size, weight, _, kind in cells]

    (finding,) = looked(tmp_path, told(TRAIN), told(TEST)).findings
    assert (finding.name, finding.column, finding.count) == ("giveaway", "colour", 260)
    assert finding.message == "`colour` gives `kind` away: each of its 2 values stands beside one class alone"


def test_a_column_that_is_empty_for_one_class_alone(tmp_path: Path) -> None:
    def told(cells: list[list[str]]) -> list[list[str]]:
        return [[size, weight, "" if kind == "a" else "red", kind] for size, weight, _, kind in cells]

    columns = {"size": "number", "colour": {"type": "category", "missing": {"constant": "none"}}}
    look = looked(tmp_path, told(TRAIN), told(TEST), inputs=columns)
    assert [each.column for each in found(look, "giveaway")] == ["colour"]


def test_a_number_that_parts_two_classes(tmp_path: Path) -> None:
    middle = sorted(float(each[0]) for each in TRAIN)[len(TRAIN) // 2]

    def told(cells: list[list[str]]) -> list[list[str]]:
        return [[size, *rest, "a" if float(size) < middle else "b"] for size, *rest, _ in cells]

    (finding,) = found(looked(tmp_path, told(TRAIN), told(TEST)), "giveaway")
    assert finding.column == "size"
    assert "`size` gives `kind` away: one class lies up to" in finding.message
    first, *others = told(TRAIN)
    wrong = [*first[:3], "ab"["ba".index(first[3])]]
    assert found(looked(tmp_path, [wrong, *others], told(TEST)), "giveaway") == []


def test_a_number_that_is_the_target_in_another_unit(tmp_path: Path) -> None:
    def told(cells: list[list[str]]) -> list[list[str]]:
        return [[size, f"{float(size) * 2.54 + 1:.2f}", *rest] for size, _, *rest in cells]

    columns = {"weight": "number", "colour": "category"}
    data = {"inputs": columns, "targets": {"size": "number"}}
    (finding,) = looked(tmp_path, told(TRAIN), told(TEST), **data).findings
    assert (finding.name, finding.column) == ("giveaway", "weight")
    assert finding.message == "`weight` gives `size` away: their correlation is 1.00000"


def test_classes_that_are_uneven(tmp_path: Path) -> None:
    few = [[*each[:3], "a" if number % 20 else "b"] for number, each in enumerate(TRAIN)]
    (finding,) = looked(tmp_path, few).findings
    assert (finding.name, finding.severity, finding.column) == ("imbalance", "warning", "kind")
    assert finding.message == "classes of `kind` are uneven: `a` has 190 rows, `b` 10 rows, 19 to 1"


def test_classes_with_a_handful_of_rows(tmp_path: Path) -> None:
    look = looked(tmp_path, [*TRAIN, *([*row(number)[:3], "c"] for number in range(260, 263))])
    (finding,) = found(look, "rare")
    assert finding.message == "1 class of `kind` have fewer than 5 training rows: `c` (3)"


def test_columns_that_never_change(tmp_path: Path) -> None:
    same = [[size, "3.0", colour, kind] for size, _, colour, kind in [*TRAIN, *TEST]]
    (finding,) = looked(tmp_path, same[:200], same[200:]).findings
    assert (finding.name, finding.column, finding.count) == ("constant", "weight", 200)
    assert finding.message == "`weight` is `3.0` in all 200 training rows that were looked at"


def test_empty_cells_that_are_filled(tmp_path: Path) -> None:
    gaps = [["" if number in (3, 9) else each[0], *each[1:]] for number, each in enumerate(TRAIN)]
    columns = {"size": {"type": "number", "missing": "median"}, "weight": "number", "colour": "category"}
    (finding,) = looked(tmp_path, gaps, inputs=columns).findings
    assert (finding.name, finding.severity, finding.count) == ("filled", "note", 2)
    assert finding.places == (f"{tmp_path / 'train.csv'}:5", f"{tmp_path / 'train.csv'}:11")
    assert finding.message == "2 cells of `size` (0.8 %) are empty and filled by median 51"


@pytest.mark.parametrize("missing", ["flag", "keep"])
def test_empty_cells_that_are_told_of_are_no_finding(missing: str, tmp_path: Path) -> None:
    gaps = [["" if number in (3, 9) else each[0], *each[1:]] for number, each in enumerate(TRAIN)]
    columns = {"size": {"type": "number", "missing": missing}, "weight": "number", "colour": "category"}
    assert looked(tmp_path, gaps, inputs=columns).findings == ()


def test_numbers_beyond_those_of_training(tmp_path: Path) -> None:
    (finding,) = looked(tmp_path, TRAIN, [*TEST, ["-400.5", *TEST[0][1:]]]).findings
    assert (finding.name, finding.severity, finding.count) == ("outside", "note", 1)
    assert finding.places == (f"{tmp_path / 'test.csv'}:62",)
    assert finding.message.endswith("lie outside 0.5 to 100.5, where training was: the furthest is -400.5")
    many = [[f"{900 + number}", *each[1:]] for number, each in enumerate(TEST)]
    assert [each.severity for each in looked(tmp_path, TRAIN, many).findings] == ["warning"]


def test_a_draw_takes_every_part_in_its_share(tmp_path: Path) -> None:
    looked(tmp_path, TRAIN)
    columns = {"inputs": {"size": "number"}, "targets": {"kind": "category"}}
    spec = spec_of(
        tmp_path, train="train.csv", test="test.csv", split={"validation": 0.0, "test": 0.0}, **columns
    )
    division = open_cells(spec)
    assert division is not None
    seen = see(division, ["size", "kind"], most_rows=130)
    assert (len(seen), seen.total, seen.is_draw) == (130, 260, True)
    assert (seen.of_part("train").sum(), seen.of_part("test").sum()) == (100, 30)
    again = see(division, ["size", "kind"], most_rows=130)
    assert np.array_equal(seen.numbers(["size"]), again.numbers(["size"]))
    whole = dict(zip([f"{tmp_path / 'train.csv'}:{at + 2}" for at in range(200)], TRAIN, strict=True))
    at = np.flatnonzero(seen.of_part("train"))[:5]
    sizes = seen.numbers(["size"])[at, 0]
    assert [whole[place][0] for place in seen.places(at, "")] == [str(size) for size in sizes]


def test_shares_are_written_as_a_person_reads_them() -> None:
    assert [percent(*each) for each in ((0, 9), (1, 8), (3, 100), (1, 10_000))] == [
        "0 %",
        "12 %",
        "3.0 %",
        "below 0.1 %",
    ]
    assert rows(5, 1) == [row(5)]
