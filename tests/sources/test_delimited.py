from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli.errors import DataError, Problem
from nncli.sources.delimited import read_delimited
from nncli.sources.tables import Reading, Table


def read(text: str | bytes, delimiter: str = ",", encoding: str = "utf-8") -> Table:
    content = text.encode() if isinstance(text, str) else text
    return read_delimited(content, "rows.csv", delimiter, Reading(delimiter, encoding))


def refused(text: str | bytes, delimiter: str = ",", encoding: str = "utf-8") -> Problem:
    with pytest.raises(DataError) as caught:
        read(text, delimiter, encoding)
    (problem,) = caught.value.problems
    return problem


def at(problem: Problem) -> tuple[int, int]:
    assert problem.place is not None
    return problem.place.line, problem.place.column


ROWS = [("1", "a"), ("2", "b")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x,y\n1,a\n2,b\n", [2, 3]),
        ("x,y\n1,a\n2,b", [2, 3]),
        ("x,y\r\n1,a\r\n2,b\r\n", [2, 3]),
        ("x,y\r1,a\r2,b\r", [2, 3]),
        ("x,y\r1,a\n2,b\r\n", [2, 3]),
        ("\ufeffx,y\n1,a\n2,b\n", [2, 3]),
        ("\n\nx,y\n1,a\n\n\n2,b\n\n", [4, 7]),
        ('"x","y"\n"1",a\n2,"b"\n', [2, 3]),
    ],
    ids=["lf", "no-end", "crlf", "cr", "mixed", "bom", "blank-lines", "quoted"],
)
def test_the_same_rows_whatever_the_line_ends(text: str, lines: list[int]) -> None:
    table = read(text)
    assert table.columns == ("x", "y")
    assert table.frame.rows() == ROWS
    assert table.lines.tolist() == lines


def test_cells_stay_text() -> None:
    table = read("zip,big,flag\n00123,1e400,true\n")
    assert table.frame.rows() == [("00123", "1e400", "true")]


def test_quoted_fields_hold_delimiters_quotes_and_line_ends() -> None:
    table = read('x,y\n"a,b","say ""hi"""\n"two\r\nlines",""\n3,4\n')
    assert table.frame.rows() == [("a,b", 'say "hi"'), ("two\r\nlines", ""), ("3", "4")]
    assert table.lines.tolist() == [2, 3, 5]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "data-empty", (1, 1)),
        ("\n\r\n\n", "data-empty", (1, 1)),
        ("x,y\n", "header-only", (1, 1)),
        ("x,,y\n1,2,3\n", "header-blank", (1, 1)),
        ("x,y,x\n1,2,3\n", "header-repeated", (1, 1)),
        ("x,y\n1,2\n\n3\n", "row-fields", (4, 1)),
        ("x,y\n1,2,3\n1,2,3\n", "row-fields", (2, 1)),
        ('x,y\n1,2\n3,"open\n5,6\n', "quote-unclosed", (3, 3)),
        ('x,y\n1,"open\n2,"b"\n3,4\n', "quote-unclosed", (2, 3)),
        ('x,y\n1,"a "" b\n', "quote-unclosed", (2, 3)),
        ('x,y\n1,5" nail\n', "quote-inside", (2, 4)),
        ("x;y\n1,5;2\n", "delimiter-wrong", (1, 1)),
        ("x,y\n1,a\0b\n", "data-nul", (2, 4)),
    ],
)
def test_what_is_not_a_table_is_refused_where_it_goes_wrong(
    text: str, code: str, place: tuple[int, int]
) -> None:
    problem = refused(text)
    assert (problem.code, at(problem)) == (code, place)


def test_a_short_and_a_long_row_are_counted() -> None:
    facts = refused("x,y,z\n1,2\n1,2,3\n1,2,3,4\n").facts
    assert facts["expected"] == "3 fields"
    assert facts["rows"] == ["line 2 has 2", "line 4 has 4"]
    assert facts["count"] == "2 rows"


@pytest.mark.parametrize(("delimiter", "guess"), [(",", '";"'), (";", '"\\t"'), ("\t", '"|"')])
def test_another_delimiter_is_guessed(delimiter: str, guess: str) -> None:
    other = {'";"': ";", '"\\t"': "\t", '"|"': "|"}[guess]
    assert refused(f"x{other}y\n1{other}2\n", delimiter).facts["guess"] == guess


def test_a_file_of_one_column_is_a_table() -> None:
    table = read('x\n1\n""\n\n2\n')
    assert table.frame.rows() == [("1",), ("",), ("2",)]


def test_cells_are_found_in_their_line() -> None:
    table = read('x,y,z\n"a,1",é,bad\n"two\nlines",2,bad\n')
    first, second = table.place(0, "z"), table.place(1, "z")
    assert (first.line, first.column, first.text) == (2, 9, '"a,1",é,bad')
    assert (second.line, second.column) == (3, 1)


FIELDS = st.text(st.sampled_from('ab ,;"\n\r\té0'), max_size=6)
TABLES = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1, max_size=6)
)


@settings(derandomize=True, max_examples=200)
@given(rows=TABLES, delimiter=st.sampled_from(",;\t"), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_python_writes_is_read_back(rows: list[list[str]], delimiter: str, end: str) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow([f"c{index}" for index in range(len(rows[0]))])
    writer.writerows(rows)
    table = read(stream.getvalue(), delimiter)
    assert [list(row) for row in table.frame.rows()] == rows


@settings(derandomize=True, max_examples=300)
@given(body=st.text(st.sampled_from('ab,"\n\r'), max_size=20))
def test_any_text_is_refused_or_read_as_python_reads_it(body: str) -> None:
    text = "x,y\n" + body
    try:
        table = read(text)
    except DataError:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert [list(row) for row in table.frame.rows()] == [row for row in reader if row][1:]
