from __future__ import annotations

import pytest

from nncli.errors import DataError
from nncli.sources.json_lines import read_json
from nncli.sources.tables import Reading, Table
from tests.sources.reading import small, table_of


def read(text: str) -> Table:
    return table_of(small(text, "rows.jsonl"))


def test_cells_keep_what_is_written() -> None:
    table = read('{"n": 123456789012345678901, "x": 1e400}\n\n{"x": 0.10, "b": true, "t": "ä", "n": null}\n')
    assert table.columns == ("n", "x", "b", "t")
    assert table.frame.rows() == [
        ("123456789012345678901", "1e400", None, None),
        (None, "0.10", "true", "ä"),
    ]
    assert table.lines.tolist() == [1, 3]
    assert (table.place(1, "b").line, table.place(1, "b").column) == (3, 13)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"x": 1', "json-syntax"),
        ("[1, 2]", "json-object"),
        ("3", "json-object"),
        ('{"x": [1]}', "json-nested"),
        ('{"x": {"y": 1}}', "json-nested"),
        ('{"x": 1, "x": 2}', "json-repeated"),
        ('{"x": "\\ud800"}', "json-syntax"),
        ('{"\\udfff": 1}', "json-syntax"),
        ("[" * 100_000, "json-syntax"),
    ],
)
def test_other_lines_are_refused_at_their_line(line: str, code: str) -> None:
    with pytest.raises(DataError) as caught:
        read('{"x": 0}\n' + line + "\n")
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.place is not None and problem.place.line == 2


@pytest.mark.parametrize("text", ["", "\n\n", "{}\n"])
def test_a_file_without_cells_is_empty(text: str) -> None:
    with pytest.raises(DataError) as caught:
        read(text)
    assert caught.value.problems[0].code == "data-empty"


@pytest.mark.parametrize(
    "text",
    [
        '{"x": 1e400, "t": "a"}\n{"x": 2}\n',
        '[{"x": 1e400, "t": "a"}, {"x": 2}]',
        '[\n  {"x": 1e400,\n   "t": "a"},\n  {"x": 2}\n]\n',
    ],
)
def test_rows_come_in_lines_or_in_a_list(text: str) -> None:
    table = read_json(text.encode(), "rows", Reading())
    assert table.frame.rows() == [("1e400", "a"), ("2", None)]
    assert table.lines.tolist() == [1, 2]


def test_one_object_may_span_lines() -> None:
    assert read_json(b'{\n  "x": 1\n}\n', "rows", Reading()).frame.rows() == [("1",)]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('[\n{"x": 1},\n{"x": 2,}]', "json-syntax", 3),
        ('[{"x": 1}', "json-syntax", 1),
        ('[{"x": 1}] 3', "json-syntax", 1),
        ('[{"x": 1}, 3]', "json-object", 2),
        ('[{"x": 1}, {"x": [3]}]', "json-nested", 2),
        ('{"x": 1}\n{"x": 2', "json-syntax", 2),
        ("[]", "data-empty", 1),
        ("[{}]", "data-empty", 1),
        ("[" * 100_000, "json-syntax", 1),
    ],
)
def test_mistakes_of_a_list_are_told_by_line_or_row(text: str, code: str, line: int) -> None:
    with pytest.raises(DataError) as caught:
        read_json(text.encode(), "rows", Reading())
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.code, problem.place.line) == (code, line)
