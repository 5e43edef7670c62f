"""The fault cases of tables, each from the text of a spec to the words that a person reads."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import polars as pl
import pytest
import torch

from nncli.data.dataset import Data
from nncli.data.opening import open_data
from nncli.errors import Exit, NncliError, Problem
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin

NUMBER = "{age: number}"
CATEGORY = "{age: category}"
ROWS = "".join(f"{n},{n % 2}\n" for n in range(30))
TABLE = "age,y\n" + ROWS


def _open(
    folder: Path,
    content: str | bytes | None,
    inputs: str = NUMBER,
    target: str = "binary",
    file: str = "r.csv",
) -> Data:
    if content is not None:
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    text = (
        f"data:\n  train: {file}\n  inputs: {inputs}\n  targets: {{y: {target}}}\nnetwork:\n  - Linear: 1\n"
    )
    return open_data(parse_spec(text, Origin("spec.yaml", folder, text)))


def _refused(
    folder: Path,
    content: str | bytes | None,
    inputs: str = NUMBER,
    target: str = "binary",
    file: str = "r.csv",
) -> Problem:
    with pytest.raises(NncliError) as caught:
        _open(folder, content, inputs, target, file)
    assert caught.value.exit_code == Exit.DATA
    problem = caught.value.problems[0]
    # Every refusal can be said, and says where.
    assert message_of(problem) and hint_of(problem) is not None
    assert problem.place is not None
    return problem


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        pytest.param("", "data-empty", 1, id="17 empty file"),
        pytest.param("\n\n", "data-empty", 1, id="17 blank lines only"),
        pytest.param("age,y\n", "header-only", 1, id="17 header only"),
        pytest.param(TABLE + "5\n" + ROWS, "row-fields", 32, id="18 short row"),
        pytest.param(TABLE + "5,1,2\n", "row-fields", 32, id="19 long row"),
        pytest.param("age,y\n" + "5,1,2\n" * 9, "row-fields", 2, id="19 all rows long"),
        pytest.param(TABLE + '"5,1\n' + ROWS, "quote-unclosed", 32, id="20 unclosed quote"),
        pytest.param(TABLE.encode() + b"\xe9,1\n", "data-encoding", 32, id="21 cp1252"),
        pytest.param(TABLE.encode("utf-16"), "data-encoding", 1, id="21 utf-16"),
        pytest.param(TABLE.replace(",", ";"), "delimiter-wrong", 1, id="23 semicolons"),
        pytest.param("age,age,y\n1,2,0\n", "header-repeated", 1, id="24 repeated header"),
        pytest.param("age,,y\n1,2,0\n", "header-blank", 1, id="24 blank header"),
        pytest.param(TABLE + "NA,1\n", "not-a-number", 32, id="25 NA"),
        pytest.param(TABLE + ",1\n", "cell-empty", 32, id="25 empty cell"),
        pytest.param(TABLE + "5,\n", "target-empty", 32, id="26 empty target"),
        pytest.param(TABLE + "inf,1\n", "not-a-number", 32, id="27 inf"),
        pytest.param(TABLE + "1e400,1\n", "not-a-number", 32, id="27 1e400"),
        pytest.param(TABLE + ROWS * 2999 + "word,1\n", "not-a-number", 90_002, id="28 word far below"),
        pytest.param(TABLE + "1\0,1\n", "data-nul", 32, id="NUL"),
    ],
)
def test_a_bad_table_is_refused_at_its_line(
    tmp_path: Path, content: str | bytes, code: str, line: int
) -> None:
    problem = _refused(tmp_path, content)
    assert problem.code == code
    assert problem.place is not None
    assert (Path(problem.place.file).name, problem.place.line) == ("r.csv", line)


def test_all_bad_cells_are_counted_and_five_are_shown(tmp_path: Path) -> None:
    message = message_of(_refused(tmp_path, TABLE + "word,1\n" * 7))
    assert "7 rows" in message
    assert message.count("`word`") == 5


def test_hints_say_what_to_type(tmp_path: Path) -> None:
    assert "encoding: cp1252" in hint_of(_refused(tmp_path, TABLE.encode() + b"\xe9,1\n"))
    assert 'delimiter: ";"' in hint_of(_refused(tmp_path, TABLE.replace(",", ";")))
    assert "missing: median" in hint_of(_refused(tmp_path, TABLE + ",1\n"))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TABLE.replace("\n", "\r").encode(), id="CR"),
        pytest.param(TABLE.replace("\n", "\r\n").encode(), id="CR LF"),
        pytest.param(TABLE.replace("\n", "\n\n").encode(), id="blank lines"),
        pytest.param(b"\xef\xbb\xbf" + TABLE.encode(), id="BOM"),
        pytest.param(TABLE.removesuffix("\n").encode(), id="no last line end"),
    ],
)
def test_case_22_line_ends_and_marks_change_nothing(tmp_path: Path, content: bytes) -> None:
    plain, other = _open(tmp_path, TABLE), _open(tmp_path, content)
    for name, part in plain.parts.items():
        assert torch.equal(part.input("age"), other.parts[name].input("age"))
        assert torch.equal(part.target("y"), other.parts[name].target("y"))


def test_case_29_a_category_keeps_its_text(tmp_path: Path) -> None:
    data = _open(tmp_path, "age,y\n" + "00123,1\n00124,0\n123,1\n" * 20, CATEGORY)
    assert set(data.resolved.inputs["age"].classes or ()) == {"00123", "00124", "123"}


def test_case_30_one_value_and_rare_classes(tmp_path: Path) -> None:
    constant = _open(tmp_path, "age,y\n" + "".join(f"1,{n % 2}\n" for n in range(30)))
    assert [each.code for each in constant.warnings] == ["column-constant"]
    rare = _open(tmp_path, TABLE + "7,2\n", target="category")
    assert [each.code for each in rare.warnings] == ["class-rare"]
    assert _refused(tmp_path, "age,y\n" + "1,0\n2,0\n" * 20, target="category").code == "class-single"


@pytest.mark.parametrize(
    ("cell", "target", "code"),
    [
        ("2", "binary", "binary-values"),
        ("-1", "{type: binary, classes: [0, 1]}", "class-unknown"),
        ("1.5", "{type: category, classes: [0, 1]}", "class-unknown"),
        ("2", "{type: category, classes: [0, 1]}", "class-unknown"),
    ],
)
def test_case_31_labels_are_checked(tmp_path: Path, cell: str, target: str, code: str) -> None:
    assert _refused(tmp_path, TABLE + f"7,{cell}\n", target=target).code == code


def test_a_binary_column_of_three_values_is_sent_to_category(tmp_path: Path) -> None:
    assert hint_of(_refused(tmp_path, TABLE + "7,2\n")) == "write `y: category` for 3 values"


def test_case_32_missing_columns_are_named_at_their_lines(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(TABLE)
    with pytest.raises(NncliError) as caught:
        _open(tmp_path, TABLE, "{agee: number, zip: category}")
    first, second = caught.value.problems
    assert [each.code for each in (first, second)] == ["column-missing"] * 2
    assert [each.place and (each.place.file, each.place.line) for each in (first, second)] == [
        ("spec.yaml", 3)
    ] * 2
    assert "`age`" in hint_of(first)


def test_files_that_cannot_be_read_are_refused_at_their_line_in_the_spec(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    cases = {"none.csv": "data-missing", "folder.csv": "data-irregular", "rows.xls": "data-format"}
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe.csv")
        cases["pipe.csv"] = "data-irregular"
    for file, code in cases.items():
        problem = _refused(tmp_path, None, file=file)
        assert problem.code == code
        assert problem.place is not None
        assert (problem.place.file, problem.place.line) == ("spec.yaml", 2)


def test_formats_agree_on_the_same_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame({"age": [n * 0.5 for n in range(30)], "y": [n % 2 for n in range(30)]})
    frame.write_csv(tmp_path / "r.csv")
    frame.write_csv(tmp_path / "r.tsv", separator="\t")
    frame.write_parquet(tmp_path / "r.parquet")
    frame.write_ndjson(tmp_path / "r.jsonl")
    plain = _open(tmp_path, None)
    for file in ("r.tsv", "r.parquet", "r.jsonl"):
        other = _open(tmp_path, None, file=file)
        for name, part in plain.parts.items():
            assert torch.equal(part.input("features"), other.parts[name].input("features"))
            assert torch.equal(part.target("y"), other.parts[name].target("y"))


def test_every_case_has_the_tests_that_are_listed() -> None:
    tests = Path(__file__).parents[1]
    table = (tests / "data" / "fault_cases.md").read_text()
    named = re.findall(r"`(\w+/\w+\.py)::(test_\w+)`", table)
    assert len(named) > 40
    for file, name in named:
        assert f"def {name}(" in (tests / file).read_text(), (file, name)
    listed = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    assert {int(number) for each in listed for number in each.split(",")} == set(range(17, 43))
