from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from nncli.columns.encoders import Encoders
from nncli.data.opening import open_data
from nncli.data.rows import encode_rows, part_from, read_rows, stream_rows, table_from_rows
from nncli.errors import DataError, NncliError, UsageError
from nncli.sources.tables import Table
from tests.data.specs import spec_of


@pytest.fixture
def encoders(tmp_path: Path) -> Encoders:
    rows = "".join(f"{n}.5;{'ab'[n % 2]};{'xy'[n % 2]}\n" for n in range(20))
    (tmp_path / "train.csv").write_text("age;kind;label\n" + rows)
    columns = {"inputs": {"age": "number", "kind": "category"}, "targets": {"label": "category"}}
    return open_data(spec_of(tmp_path, train="train.csv", delimiter=";", **columns)).encoders


def inputs_of(encoders: Encoders, table: Table) -> dict[str, torch.Tensor]:
    columns = encode_rows(encoders, table, with_targets=False).inputs
    return {name: column.tensors()["values"] for name, column in columns.items()}


def codes(error: NncliError) -> list[str]:
    return [problem.code for problem in error.problems]


def test_columns_are_found_by_name(encoders: Encoders, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text('note;kind;age\n"kept; as it is";b;0.5\n;a;1.5\n')
    table = read_rows(tmp_path / "new.csv", encoders, with_targets=False)
    assert inputs_of(encoders, table)["kind"].tolist() == [1, 0]
    assert table.raw("note").to_list() == ["kept; as it is", ""]
    assert table.raw("age").to_list() == ["0.5", "1.5"]


def test_missing_columns_are_named_together(encoders: Encoders, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("Kind;note\na;1\n")
    with pytest.raises(DataError) as caught:
        read_rows(tmp_path / "new.csv", encoders, with_targets=False)
    assert codes(caught.value) == ["columns-missing"]
    assert caught.value.problems[0].facts["names"] == ["`age`", "`kind`"]
    (tmp_path / "new.csv").write_text("age;kind\n1;a\n")
    with pytest.raises(DataError) as caught:
        read_rows(tmp_path / "new.csv", encoders, with_targets=True)
    assert caught.value.problems[0].facts["names"] == ["`label`"]


@pytest.mark.parametrize(
    "content",
    [
        b"age;kind\n1.5;a\n",
        b'\n{"kind": "a", "age": 1.5}\n',
        b'[{"kind": "a", "age": 1.5}]',
        b'\xef\xbb\xbf[\n  {\n    "kind": "a",\n    "age": 1.5\n  }\n]\n',
        b'{\r\n  "kind": "a",\r\n  "age": 1.5\r\n}\r\n',
        b"[x];age;kind\n1;1.5;a\n",
    ],
)
def test_standard_input_is_told_by_its_first_character(encoders: Encoders, content: bytes) -> None:
    (table,) = stream_rows(io.BytesIO(content), encoders)
    assert table.source.file == "<stdin>"
    assert inputs_of(encoders, table)["kind"].tolist() == [0]


@pytest.mark.parametrize("rows", ["age;kind\n1;a\n2;new\n", "age;kind\n1;a\nold;a\n", "age;kind\n1;a\n;a\n"])
def test_bad_rows_are_refused_at_their_line(encoders: Encoders, tmp_path: Path, rows: str) -> None:
    (tmp_path / "new.csv").write_text(rows)
    table = read_rows(tmp_path / "new.csv", encoders, with_targets=False)
    with pytest.raises(DataError) as caught:
        inputs_of(encoders, table)
    place = caught.value.problems[0].place
    assert place is not None and place.line == 3


def test_a_path_of_the_command_line_is_a_usage_error(encoders: Encoders, tmp_path: Path) -> None:
    for path in (tmp_path / "gone.csv", tmp_path):
        with pytest.raises(UsageError) as caught:
            read_rows(path, encoders, with_targets=False)
        assert codes(caught.value) == ["file-unreadable"]


def test_rows_from_python(encoders: Encoders) -> None:
    rows = [{"age": 1.5, "kind": "a"}, {"kind": "b", "age": torch.tensor(2).item(), "note": None}]
    table = table_from_rows(rows, encoders, with_targets=False)
    from_frame = table_from_rows(
        pl.DataFrame({"age": [1.5, 2.0], "kind": ["a", "b"]}), encoders, with_targets=False
    )
    first, second = inputs_of(encoders, table), inputs_of(encoders, from_frame)
    assert all(torch.equal(first[name], second[name]) for name in ("age", "kind", "features"))


def test_one_dict_is_one_row(encoders: Encoders) -> None:
    table = table_from_rows({"age": 1.5, "kind": "a"}, encoders, with_targets=False)
    assert inputs_of(encoders, table)["kind"].tolist() == [0]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "rows-empty"),
        ([{"age": [1], "kind": "a"}], "cell-type"),
        ([{"age": 1, "kind": "a\ud800"}], "cell-surrogate"),
        ([{"age": 1}], "columns-missing"),
        ({"age": 1}, "columns-missing"),
        ([1.5, 2.5], "rows-type"),
        ([[1.5, "a"]], "rows-type"),
        (b"age", "rows-type"),
        (None, "rows-type"),
        (3, "rows-type"),
        (pl.DataFrame({"age": [1], "kind": ["a"]}).clear(), "rows-empty"),
    ],
)
def test_other_rows_are_refused(encoders: Encoders, rows: Any, code: str) -> None:
    with pytest.raises(DataError) as caught:
        table_from_rows(rows, encoders, with_targets=False)
    assert codes(caught.value) == [code]


def test_an_empty_cell_from_python_is_named_by_its_row(encoders: Encoders) -> None:
    table = table_from_rows(
        [{"age": 1, "kind": "a"}, {"age": float("nan"), "kind": "a"}], encoders, with_targets=False
    )
    with pytest.raises(DataError) as caught:
        inputs_of(encoders, table)
    assert caught.value.problems[0].facts["lines"] == "row 2"


def test_a_part_has_inputs_and_targets(encoders: Encoders, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("label;age;kind\ny;1;a\nx;2;b\n")
    part = part_from(encoders, read_rows(tmp_path / "new.csv", encoders, with_targets=True), "test")
    assert (part.name, part.rows) == ("test", 2)
    assert part.target("label").tolist() == [1, 0]
