from __future__ import annotations

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.errors import DataError
from nncli.sources.streamed import streamed_tables
from nncli.sources.tables import Reading, Table
from tests.sources.reading import small, table_of


class Pipe(io.BytesIO):
    """A stream that gives its bytes in pieces of random sizes."""

    def __init__(self, content: bytes, seed: int = 0, most: int = 9) -> None:
        super().__init__(content)
        self._draw = random.Random(seed)
        self._most = most

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(self._draw.randint(1, self._most))


def tables(text: str, seed: int = 0, reading: Reading = Reading()) -> list[Table]:  # noqa: B008
    return list(streamed_tables(Pipe(text.encode(), seed), reading))


def rows(found: list[Table]) -> list[tuple[object, ...]]:
    return [row for table in found for row in table.frame.rows()]


CSV = 'name,age\n"a, ""b""",1\n"two\nlines",2\nc,3\n\nd,4\n'


@pytest.mark.parametrize("seed", range(20))
def test_rows_come_as_from_a_file_whatever_arrives_together(seed: int) -> None:
    found = tables(CSV, seed)
    whole = table_of(small(CSV))
    assert rows(found) == whole.frame.rows()
    assert [line for table in found for line in table.lines] == whole.lines.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_json_lines_come_one_by_one(seed: int) -> None:
    text = '{"a": 1, "b": "x"}\n\n{"b": "y", "a": 2}\n{"a": 3, "b": "{"}'
    found = tables(text, seed)
    assert [row[table.columns.index("a")] for table in found for row in table.frame.rows()] == ["1", "2", "3"]
    assert [line for table in found for line in table.lines] == [1, 3, 4]


def test_a_row_is_there_before_the_next_one_is_written() -> None:
    pipe = Pipe(b"a\n1\n2\n", most=2)
    found = streamed_tables(pipe, Reading())
    assert next(found).frame.rows() == [("1",)]
    assert pipe.tell() == 4


@pytest.mark.parametrize(
    "text", ['[{"a": 1}, {"a": 2}]', '{\n "a": 1,\n "b": 2}', '[\n {"a": 1}\n]\n', '\n\n[{"a": "x\\ny"}]']
)
def test_json_over_several_lines_is_read_to_its_end(text: str) -> None:
    (table,) = tables(text)
    assert "a" in table.columns


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "data-empty", 1),
        ("\n\n", "data-empty", 1),
        ("a,b\n", "header-only", 1),
        ("a,b\n1,2\n3\n", "row-fields", 3),
        ("a,b\n1,2\n3,4\n5,6,7\n", "row-fields", 4),
        ('a,b\n1,2\n3,"4\n', "quote-unclosed", 3),
        ("a,a\n1,2\n", "header-repeated", 1),
        ('{"a": 1}\n{"a": 2\n', "json-syntax", 2),
        ('{"a": 1}\n{"a": {"b": 2}}\n', "json-nested", 2),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_wrong_is_named_by_its_line_in_the_stream(text: str, code: str, line: int, seed: int) -> None:
    with pytest.raises(DataError) as caught:
        tables(text, seed)
    (problem,) = caught.value.problems
    assert (problem.code, problem.place and problem.place.line) == (code, line)


def test_a_cell_is_found_by_its_line_in_the_stream() -> None:
    found = tables("name,age\na,1\nb,2\nlonger,x\n", seed=3)
    place = found[-1].place(len(found[-1]) - 1, "age")
    assert (place.file, place.line, place.column, place.text) == ("<stdin>", 4, 8, "longer,x")


CELL = st.text(st.sampled_from('ab1,"\n é'), max_size=6)


@settings(derandomize=True, max_examples=150)
@given(cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), seed=st.integers(0, 1000))
def test_any_rows_come_as_from_a_file(cells: list[tuple[str, str]], seed: int) -> None:
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    text = "\n".join(["a,b", *quoted]) + "\n"
    assert rows(tables(text, seed)) == cells
