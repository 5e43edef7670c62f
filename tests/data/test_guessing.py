from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nncli.data import guessed_reading
from nncli.data.builtin_sets import BUILTIN
from nncli.data.guessing import Guess, guess_columns
from nncli.data.opening import open_data
from nncli.errors import DataError, NncliError, UsageError
from tests.data.specs import spec_of


def _file(folder: Path, header: str, rows: list[str], name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows, ""]))
    return path


def _types(guess: Guess) -> dict[str, str]:
    return {name: declared.type for name, declared in guess.inputs.items()}


def _codes(error: NncliError) -> list[str]:
    return [problem.code for problem in error.problems]


def test_types_and_target_are_guessed(tmp_path: Path) -> None:
    rows = [f"{n * 0.5},{'ab'[n // 3 % 2]},{'xyz'[n % 3]},{n % 2}" for n in range(40)]
    guess = guess_columns(_file(tmp_path, "size,side,kind,label", rows))
    assert _types(guess) == {"size": "number", "side": "binary", "kind": "category"}
    assert {name: each.type for name, each in guess.targets.items()} == {"label": "binary"}
    assert guess.task == "binary classification"


def test_gaps_get_a_policy_by_type(tmp_path: Path) -> None:
    rows = [f"{'' if n == 3 else n % 7},{'' if n == 4 else 'ab'[n // 3 % 2]},{n * 1.5}" for n in range(40)]
    guess = guess_columns(_file(tmp_path, "age,side,price", rows))
    assert guess.inputs["age"].missing == "median"
    assert guess.inputs["side"].type == "category"
    assert guess.inputs["side"].missing == {"constant": "missing"}


@pytest.mark.parametrize("word", ["NA", "?", "null"])
def test_words_for_empty_cells_are_found(tmp_path: Path, word: str) -> None:
    rows = [f"{word if n == 3 else n % 7},{n * 1.5}" for n in range(40)]
    guess = guess_columns(_file(tmp_path, "age,price", rows))
    assert guess.nulls == ("", word)
    assert (guess.inputs["age"].type, guess.inputs["age"].missing) == ("number", "median")


def test_columns_from_which_nothing_is_learned_are_left_out(tmp_path: Path) -> None:
    rows = [f"{n},u{n * 7},one,,word {n},{n % 5},{n * 1.5}" for n in range(40)]
    guess = guess_columns(_file(tmp_path, "row,id,same,empty,note,size,price", rows))
    assert list(guess.inputs) == ["size"]
    assert guess.left_out == {
        "row": "it counts the rows",
        "id": "its name and its values are those of an id",
        "same": "every row has the same value",
        "empty": "it is empty",
        "note": "40 different texts in 40 rows: names, ids or free text",
    }


def test_a_column_that_repeats_the_answer_is_left_out(tmp_path: Path) -> None:
    rows = [f"{n * 1.5},{'no' if n % 2 else 'yes'},{n % 2}" for n in range(40)]
    guess = guess_columns(_file(tmp_path, "size,alive,survived", rows))
    assert guess.left_out == {"alive": "it repeats `survived`"}


def test_a_code_with_leading_zeros_stays_text(tmp_path: Path) -> None:
    rows = [f"{('00123', '00124', '00200')[n % 3]},{n * 1.5}" for n in range(40)]
    assert _types(guess_columns(_file(tmp_path, "code,price", rows))) == {"code": "category"}


@pytest.mark.parametrize(
    ("values", "kind", "task"),
    [
        ([str(n % 4) for n in range(40)], "category", "classification"),
        ([str(n % 30) for n in range(40)], "number", "regression"),
        ([f"{n % 4}.5" for n in range(40)], "number", "regression"),
        (["cat", "dog"] * 20, "binary", "binary classification"),
        (["cat", "dog", "cow", "hen"] * 10, "category", "classification"),
    ],
)
def test_the_task_follows_the_target(tmp_path: Path, values: list[str], kind: str, task: str) -> None:
    rows = [f"{n * 0.5},{value}" for n, value in enumerate(values)]
    guess = guess_columns(_file(tmp_path, "size,answer", rows))
    assert (guess.targets["answer"].type, guess.task) == (kind, task)
    assert guess.chosen == "it is the last column"


def test_the_target_is_named_or_known_by_its_name(tmp_path: Path) -> None:
    path = _file(tmp_path, "species,size,weight", [f"{'ab'[n % 2]},{n * 0.5},{n * 1.5}" for n in range(40)])
    assert list(guess_columns(path).targets) == ["species"]
    assert list(guess_columns(path, "weight").targets) == ["weight"]


def test_headers_that_are_no_names_are_read_by_column(tmp_path: Path) -> None:
    rows = [f"{n * 0.5},{n * 0.25},{n * 0.75},{n % 9},{n * 2.5}" for n in range(40)]
    guess = guess_columns(_file(tmp_path, "length (cm),length-cm,2nd,from,price", rows))
    assert {name: each.column for name, each in guess.inputs.items()} == {
        "length_cm": "length (cm)",
        "length_cm_2": "length-cm",
        "column_2nd": "2nd",
        "from_2": "from",
    }


def test_another_delimiter_is_found(tmp_path: Path) -> None:
    guess = guess_columns(_file(tmp_path, "size;price", [f"{n * 0.5};{n * 1.5}" for n in range(40)]))
    assert (guess.delimiter, list(guess.inputs)) == (";", ["size"])


@pytest.mark.parametrize("name", list(BUILTIN))
def test_built_in_sets_say_what_they_are(name: str) -> None:
    guess = guess_columns(f"builtin:{name}")
    assert (guess.inputs, guess.targets) == (BUILTIN[name].inputs, BUILTIN[name].targets)


def test_a_guess_opens_as_it_stands(tmp_path: Path) -> None:
    rows = [
        f"{'NA' if n == 3 else n % 7},{'' if n == 4 else 'ab'[n // 3 % 2]},u{n},{n % 3}" for n in range(60)
    ]
    guess = guess_columns(_file(tmp_path, "age,side,id,class", rows))
    inputs = {name: each.model_dump() for name, each in guess.inputs.items()}
    targets = {name: each.model_dump() for name, each in guess.targets.items()}
    data = open_data(spec_of(tmp_path, train="rows.csv", inputs=inputs, targets=targets, nulls=guess.nulls))
    assert sum(part.rows for part in data.parts.values()) == 60
    assert data.encoders.counts()["classes"] == 3


@pytest.mark.parametrize(
    ("header", "rows", "target", "error", "code"),
    [
        ("size,price", ["1,2", "2,3", "4,4"], "prise", UsageError, "target-unknown"),
        ("size,price", ["1,2", "2,", "4,4"], "price", DataError, "target-empty"),
        ("size,price", ["1,2", "2,2", "4,2"], "price", DataError, "target-constant"),
        ("same,price", ["1,2", "1,3", "1,5"], "price", DataError, "guess-inputs"),
        ("size,price", ["1,2", "2"], None, DataError, "row-fields"),
    ],
)
def test_what_cannot_be_guessed_is_refused(
    tmp_path: Path, header: str, rows: list[str], target: str | None, error: type[NncliError], code: str
) -> None:
    with pytest.raises(error) as caught:
        guess_columns(_file(tmp_path, header, rows), target)
    assert _codes(caught.value) == [code]


def test_a_file_that_is_not_there_is_a_mistake_of_the_command_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path / "*.csv"):
        with pytest.raises(UsageError) as caught:
            guess_columns(path)
        assert _codes(caught.value) == ["file-unreadable"]
    with pytest.raises(DataError) as refused:
        guess_columns(tmp_path)
    assert _codes(refused.value) == ["folder-empty"]


def test_a_column_of_sentences_is_a_text_and_alone(tmp_path: Path) -> None:
    rows = [f"{n},the {n}th film was rather {'good' if n % 2 else 'bad'},{n % 5},{n % 2}" for n in range(120)]
    guess = guess_columns(_file(tmp_path, "minutes,review,stars,label", rows))
    assert _types(guess) == {"review": "text"}
    assert set(guess.left_out) == {"minutes", "stars"}
    assert guess.task == "binary classification"


def test_a_text_file_is_for_a_language_model(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("once upon a time\n" * 100)
    guess = guess_columns(tmp_path / "book.txt")
    assert guess.task == "language model"
    data = open_data(
        spec_of(tmp_path, train="book.txt", inputs=dict(guess.inputs), targets=dict(guess.targets))
    )
    assert data.inputs["text"].shape == (128,)
    with pytest.raises(UsageError):
        guess_columns(tmp_path / "book.txt", "label")


def test_dates_sets_and_vectors_are_inputs(tmp_path: Path) -> None:
    rows = [
        f"2026-0{n % 3 + 1}-{n % 28 + 1:02},{('a', 'a;b', 'b')[n % 3]},{n} {n * 2},{n % 7 * 1.5}"
        for n in range(60)
    ]
    guess = guess_columns(_file(tmp_path, "sold,extras,place,price", rows))
    assert _types(guess) == {"sold": "date", "extras": "set", "place": "vector"}
    data = open_data(
        spec_of(tmp_path, train="rows.csv", inputs=dict(guess.inputs), targets=dict(guess.targets))
    )
    assert "features" in data.inputs


def test_a_set_can_be_predicted_and_a_date_cannot(tmp_path: Path) -> None:
    rows = [f"{n * 0.5},{('a', 'a|b', 'b', 'b|c')[n % 4]},2026-01-{n % 28 + 1:02}" for n in range(60)]
    path = _file(tmp_path, "size,tags,day", rows)
    guess = guess_columns(path)
    assert (list(guess.targets), guess.chosen) == (["tags"], "it is the last that can be one")
    assert guess.task == "classification with several answers"
    with pytest.raises(DataError) as caught:
        guess_columns(path, "day")
    assert _codes(caught.value) == ["target-kind"]


@pytest.mark.parametrize(
    ("step", "season", "window"),
    [("month", 12, (-13, 0)), ("day", 7, (-8, 0)), ("3 days", None, (-10, 0))],
)
def test_numbers_in_time_are_a_forecast(
    tmp_path: Path, step: str, season: int | None, window: tuple[int, int]
) -> None:
    first = datetime.date(2020, 1, 1)
    days = {"day": 1, "3 days": 3}.get(step, 0)
    months = [f"{2020 + n // 12}-{n % 12 + 1:02}" for n in range(80)]
    dates = [str(first + datetime.timedelta(days * n)) for n in range(80)] if days else months
    rows = [f"{date},{n % 9},{n * 1.5}" for n, date in enumerate(dates)]
    guess = guess_columns(_file(tmp_path, "when,holidays,sold", rows))
    assert (guess.task, guess.time, guess.season) == ("forecast", "when", season)
    past = guess.inputs["past"]
    assert (past.type, past.columns, past.window) == ("series", ("sold", "holidays"), window)
    said: dict[str, Any] = {"time": guess.time, "season": guess.season}
    data = open_data(
        spec_of(tmp_path, train="rows.csv", inputs=dict(guess.inputs), targets=dict(guess.targets), **said)
    )
    assert data.inputs["past"].shape == (-window[0], 2)
    # Where a day is missing, or comes twice, rows are no steps of one series.
    del rows[20]
    assert guess_columns(_file(tmp_path, "when,holidays,sold", rows, "gap.csv")).task == "regression"


def test_several_series_are_told_apart_by_their_class(tmp_path: Path) -> None:
    first = datetime.date(2020, 1, 1)
    rows = [
        f"{first + datetime.timedelta(n)},{shop},{('open', 'shut')[n % 7 == 0]},{n * 1.5}"
        for shop in ("north", "south")
        for n in range(60)
    ]
    guess = guess_columns(_file(tmp_path, "when,shop,state,sold", rows))
    assert (guess.task, guess.time, guess.group, guess.season) == ("forecast", "when", "shop", 7)
    assert list(guess.left_out) == ["state"]
    said: dict[str, Any] = {"time": guess.time, "group": guess.group}
    data = open_data(
        spec_of(tmp_path, train="rows.csv", inputs=dict(guess.inputs), targets=dict(guess.targets), **said)
    )
    assert data.inputs["past"].shape == (8, 1)


def test_a_column_that_is_filled_or_not_is_an_input(tmp_path: Path) -> None:
    guess = guess_columns(
        _file(tmp_path, "size,note,price", [f"{n},{'' if n % 3 else 'urgent'},{n * 1.5}" for n in range(40)])
    )
    assert guess.inputs["note"].missing == {"constant": "missing"}


def test_another_encoding_is_found(tmp_path: Path) -> None:
    text = "grösse;name;preis\n" + "".join(f'{n * 0.5};"a; b";{n * 1.5}\n' for n in range(40))
    (tmp_path / "rows.csv").write_bytes(text.encode("cp1252"))
    guess = guess_columns(tmp_path / "rows.csv")
    assert (guess.encoding, guess.delimiter) == ("cp1252", ";")
    assert [each.column for each in guess.inputs.values()] == ["grösse"]


def test_what_is_no_input_is_not_guessed_as_target(tmp_path: Path) -> None:
    rows = [f"{n % 9},{'ab'[n % 2]},en" for n in range(40)]
    guess = guess_columns(_file(tmp_path, "size,kind,lang", rows))
    assert (list(guess.targets), guess.chosen) == (["kind"], "it is the last that can be one")


def test_a_folder_is_images_of_classes(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(20):
            Image.new("L", (8, 6), number * 9).save(tmp_path / "pets" / label / f"{number}.png")
    guess = guess_columns(tmp_path / "pets")
    assert {name: each.model_dump(exclude_defaults=True) for name, each in guess.inputs.items()} == {
        "image": {"type": "image", "column": "file"}
    }
    assert {name: each.type for name, each in guess.targets.items()} == {"label": "binary"}
    data = open_data(spec_of(tmp_path, train="pets", inputs=dict(guess.inputs), targets=dict(guess.targets)))
    assert data.inputs["image"].shape == (1, 6, 8)


def test_arrays_are_images_and_classes(tmp_path: Path) -> None:
    pixels = np.arange(40 * 5 * 4, dtype=np.uint8).reshape(40, 5, 4)
    np.savez(tmp_path / "a.npz", pixels=pixels, label=np.arange(40) % 4)
    guess = guess_columns(tmp_path / "a.npz")
    assert _types(guess) == {"pixels": "image"}
    data = open_data(spec_of(tmp_path, train="a.npz", inputs=dict(guess.inputs), targets=dict(guess.targets)))
    assert data.inputs["pixels"].shape == (1, 5, 4)


def test_the_file_of_a_row_is_no_input(tmp_path: Path) -> None:
    for name in "ab":
        _file(tmp_path, "size,price", [f"{n * 0.5},{n * 1.5}" for n in range(40)], f"{name}.csv")
    guess = guess_columns(str(tmp_path / "*.csv"))
    assert list(guess.inputs) == ["size"] and "split: {group: file}" in guess.left_out["file"]


def test_of_a_long_table_some_rows_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessed_reading, "MOST_ROWS", 50)
    guess = guess_columns(
        _file(tmp_path, "size,side,price", [f"{n},{'ab'[n % 2]},{n * 1.5}" for n in range(500)])
    )
    assert _types(guess) == {"size": "number", "side": "binary"}
