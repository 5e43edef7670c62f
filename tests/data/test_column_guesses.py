from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nncli.data.column_guesses import ColumnGuess, guess_column
from nncli.sources.tables import Source, Table


def guessed(*cells: object, folder: str = "") -> ColumnGuess:
    frame = pl.DataFrame({"x": list(cells)})
    return guess_column(Table(frame, np.arange(1, len(cells) + 1), Source("rows", folder=folder)), "x")


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2026-01-02", "2026-03-04", "2025-05-06"], None),
        (["1949-01", "1949-02", "1949-03"], None),
        (["2026-01-02 10:00", "2026-01-02 11:00", "2026-01-03T12:00"], None),
        (["31.01.2026", "01.02.2026", "03.04.2025"], "%d.%m.%Y"),
        (["31/01/2026", "01/02/2026", "03/04/2025"], "%d/%m/%Y"),
        (["01/31/2026", "02/01/2026", "03/04/2025"], "%m/%d/%Y"),
    ],
)
def test_dates_are_told_by_their_form(cells: list[str], form: str | None) -> None:
    found = guessed(*cells)
    assert (found.type, found.words.get("format"), found.reason) == ("date", form, "")


def test_a_date_that_can_be_read_in_two_ways_is_not_guessed() -> None:
    found = guessed("01/02/2026", "03/04/2026", "05/06/2026")
    assert found.type == "date" and "day or month first?" in found.reason


def test_typed_dates_are_dates() -> None:
    days = [datetime.date(2026, 1, day) for day in (1, 2, 3)]
    assert guessed(*days).type == "date"
    assert guessed(days[0], days[0]).reason == "every row has the same value"


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["1 2", "3 4.5", "-1 0"], None),
        (["[1, 2]", "[3, 4.5]", "[0, 1]"], ","),
        (["1;2;3", "4;5;6", "7;8;9"], ";"),
    ],
)
def test_lists_of_numbers_are_vectors(cells: list[str], separator: str | None) -> None:
    found = guessed(*cells)
    assert (found.type, found.words.get("separator")) == ("vector", separator)
    assert guessed(*cells, "1 2 3 4").type != "vector"


@pytest.mark.parametrize(("sign", "separator"), [(";", ";"), ("|", "|"), (", ", None)])
def test_classes_that_come_again_in_other_company_are_a_set(sign: str, separator: str | None) -> None:
    cells = [sign.join(each) for each in (["garden"], ["pool", "garden"], ["pool", "sauna"], ["sauna"])] * 5
    found = guessed(*cells, sign.join(["pool", "garden", "sauna"]))
    assert (found.type, found.words.get("separator")) == ("set", separator)


def test_names_with_commas_are_no_set() -> None:
    names = [f"Smith {number}, Mr. John the {number}th" for number in range(60)]
    assert guessed(*names).type == "text"
    assert guessed(*[f"Smith{number}, John" for number in range(60)]).reason.endswith("free text")


def test_paths_are_images_or_sounds(tmp_path: Path) -> None:
    assert guessed("a.png", "b.JPG", "c.jpeg").words == {"size": (64, 64)}
    assert guessed("a.wav", "b.flac", "c.mp3").type == "audio"
    assert guessed("a.png", "b.pdf", "c.png").type == "category"


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ((28, 28), [1, 28, 28]),
        ((3, 8, 9), [3, 8, 9]),
        ((8, 9, 3), [3, 8, 9]),
        ((7,), None),
        ((2, 8, 9), None),
    ],
)
def test_arrays_are_vectors_or_images(axes: tuple[int, ...], shape: list[int] | None) -> None:
    frame = pl.DataFrame({"x": np.zeros((4, *axes), np.uint8)})
    found = guess_column(Table(frame, np.arange(1, 5), Source("a.npz")), "x")
    assert found.words.get("shape") == (tuple(shape) if shape else None)
    assert found.type == ("image" if shape else "vector" if len(axes) == 1 else "category")


def test_other_types_are_left_out() -> None:
    for cells in ([{"a": 1}, {"a": 2}], [b"1", b"2"], [["a"], ["b"]]):
        assert "its cells are of type" in guessed(*cells).reason
