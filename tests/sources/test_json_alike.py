from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.errors import DataError
from nncli.sources import json_lines
from nncli.sources.json_alike import keys_alike, read_alike
from nncli.sources.tables import Reading
from tests.sources.reading import large, refused, small, table_of


def test_lines_of_the_same_keys_are_read_at_once() -> None:
    text = b'{"x": 1.50, "t": "a\\n\\u00e9", "n": 12}\n{ "x":null , "t":null,"n":-3 }\n'
    assert keys_alike(text) == ("x", "t", "n")
    frame = read_alike(text, ["x", "t", "n"], ["x"])
    assert frame is not None
    assert frame.drop("x").rows() == [("a\né", "12"), (None, "-3")]
    assert np.array_equal(frame["x"].to_numpy(), [1.5, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    "line",
    [
        '{"x": 1, "x": 2}',
        '{"x": 1, "y": 2, "z": 3}',
        '{"y": 1, "x": 2}',
        '{"x": 1}',
        '{"x": 1, "y": [2]}',
        '{"x": 1, "y": {"z": 2}}',
        '{"x": 1, "y": "\\ud800"}',
        '{"x": 1, "y": "\\x"}',
        '{"x": 1, "y": 01}',
        '{"x": 1, "y": NaN}',
        '{"x": 1, "y": 2} {}',
        '{"x": 1, "y": 2',
        "[1]",
        "",
        '{"x": 1, "y": "a\x1fb"}',
    ],
)
def test_other_lines_are_left_to_be_looked_at(line: str) -> None:
    text = ('{"x": 1, "y": 2}\n' + line + "\n").encode()
    assert keys_alike(text) == ()
    assert read_alike(text, ["x", "y"], []) is None


def test_numbers_that_would_be_written_anew_are_no_text() -> None:
    for written in ("1.50", "1e5", "-0", "123456789012345678901"):
        text = f'{{"x": {written}}}\n'.encode()
        assert read_alike(text, ["x"], []) is None
        assert table_of(small(text, "rows.jsonl")).frame.rows() == [(written,)]


def test_a_key_is_no_pattern() -> None:
    text = json.dumps({"^a.*$": 1, "*": 2, "(é)\\[": 3}, ensure_ascii=False).encode() + b"\n"
    assert keys_alike(text) == ("^a.*$", "*", "(é)\\[")
    assert table_of(small(text, "rows.jsonl")).frame.rows() == [("1", "2", "3")]
    assert keys_alike(b'{"abc": 1}\n{"a.c": 1}\n') == ()


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["1", " 2 ", "x", "1e400", ""]),
)


@settings(derandomize=True, max_examples=200)
@given(
    rows=st.lists(st.fixed_dictionaries({"a": CELLS, "b": CELLS}), min_size=1, max_size=4),
    nulls=st.sampled_from([("",), ("", "1"), ("x",)]),
    is_ascii=st.booleans(),
)
def test_both_ways_of_reading_agree(
    rows: list[dict[str, Any]], nulls: tuple[str, ...], is_ascii: bool
) -> None:
    text = "".join(json.dumps(row, ensure_ascii=is_ascii) + "\n" for row in rows)
    found = []
    for alike in (read_alike, lambda *_: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_lines, "read_alike", alike)
            try:
                found.append(table_of(small(text, "rows.jsonl"), ["a"], Reading(nulls=nulls)).frame)
            except DataError as error:
                found.append(error.problems[0].code)
    if isinstance(found[0], str):
        assert found[0] == found[1]
    else:
        # Null and empty text differ in columns of text alone; a number column has neither.
        assert found[0].equals(found[1]) and found[0].schema == found[1].schema


@pytest.mark.usefixtures("no_file_is_small")
def test_a_large_file_is_the_same_table(tmp_path: Path) -> None:
    rows = [{"n": n, "t": f"line {n}", "x": n / 7} for n in range(200)]
    lines = [json.dumps(row) for row in rows]
    lines[120] = '{"n": 120, "new": "\\ud83d\\ude00", "x": "17.5"}'
    lines[150] += "\n\n"
    text = "\r\n".join(lines)
    whole = table_of(small(text, "rows.jsonl"), ["x"])
    path = tmp_path / "rows.jsonl"
    for piece_bytes in (100, 1000, 10**6):
        table = table_of(large(path, text, piece_bytes), ["x"])
        assert sorted(table.columns) == sorted(whole.columns) and len(table) == 200
        for header in whole.columns:
            assert table.series(header).equals(whole.series(header), null_equal=True)
        assert table.lines.tolist() == whole.lines.tolist()
        assert table.place(199, "x") == whole.place(199, "x")


@pytest.mark.usefixtures("no_file_is_small")
@pytest.mark.parametrize(
    ("line", "code"), [('{"n": 1', "json-syntax"), ('{"n": [1]}', "json-nested"), ("x" * 500, "record-long")]
)
def test_mistakes_of_a_large_file_are_told_at_their_line(tmp_path: Path, line: str, code: str) -> None:
    text = '{"n": 1}\n' * 100 + line + "\n" + '{"n": 1}\n' * 100
    problem = refused(large(tmp_path / "rows.jsonl", text))
    assert problem.place is not None and (problem.code, problem.place.line) == (code, 101)
