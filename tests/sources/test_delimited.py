from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nncli.errors import DataError
from nncli.sources.data_files import DataFile
from nncli.sources.delimited import DelimitedFile
from nncli.sources.frames import StoredFrame
from nncli.sources.tables import Column, Reading, Table
from tests.sources.reading import at, large, refused, small, table_of


def read(text: str | bytes, delimiter: str = ",", encoding: str = "utf-8") -> Table:
    return table_of(small(text), reading=Reading(delimiter, encoding))


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
        ('x;y\n1;"2; 3"\n', "delimiter-wrong", (1, 1)),
        ("x,y\n1,a\0b\n", "data-nul", (2, 4)),
    ],
)
def test_what_is_not_a_table_is_refused_where_it_goes_wrong(
    text: str, code: str, place: tuple[int, int]
) -> None:
    problem = refused(small(text))
    assert (problem.code, at(problem)) == (code, place)


def test_a_short_and_a_long_row_are_counted() -> None:
    facts = refused(small("x,y,z\n1,2\n1,2,3\n1,2,3,4\n")).facts
    assert facts["expected"] == "3 fields"
    assert facts["rows"] == ["line 2 has 2", "line 4 has 4"]
    assert facts["count"] == "2 rows"


@pytest.mark.parametrize(("delimiter", "guess"), [(",", '";"'), (";", '"\\t"'), ("\t", '"|"')])
def test_another_delimiter_is_guessed(delimiter: str, guess: str) -> None:
    other = {'";"': ";", '"\\t"': "\t", '"|"': "|"}[guess]
    assert refused(small(f"x{other}y\n1{other}2\n"), reading=Reading(delimiter)).facts["guess"] == guess


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


NUMBER_CELLS = [
    "1",
    "-0.5",
    "1e-3",
    "+7",
    ".5",
    "5.",
    "",
    "NA",
    " 2",
    "3 ",
    "nan",
    "inf",
    "1e400",
    "word",
    "0x1",
]


def as_text_cast(cell: str, nulls: tuple[str, ...]) -> float:
    """What a cell of a number column counts as: NaN is empty, infinity no number."""
    stripped = cell.strip()
    if stripped in nulls:
        return math.nan
    found = pl.Series([stripped]).cast(pl.Float64, strict=False)[0]
    return found if found is not None and math.isfinite(found) else math.inf


@pytest.mark.parametrize("nulls", [("",), ("", "NA"), ("NA",), ("", "1")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_numbers_read_straight_are_those_of_the_cast(nulls: tuple[str, ...], end: str) -> None:
    for cell in NUMBER_CELLS:
        text = end.join(["x,y", f"1,{cell}", "2,a", "3,7", ""])
        table = table_of(small(text), ["x", "y"], Reading(nulls=nulls))
        wanted = [
            [as_text_cast(each, nulls) for each in cells] for cells in (["1", "2", "3"], [cell, "a", "7"])
        ]
        assert np.array_equal(table.frame.to_numpy().T, np.array(wanted), equal_nan=True)


SHORT = st.text(st.sampled_from("019.+-eEnaif_ x"), max_size=6)


@settings(derandomize=True, max_examples=300)
@given(cells=st.lists(SHORT, min_size=1, max_size=5))
def test_any_cell_of_a_number_column_counts_as_what_its_text_is(cells: list[str]) -> None:
    table = table_of(small("x,t\n" + "".join(f"{cell},a\n" for cell in cells)), ["x"])
    wanted = [as_text_cast(cell, ("",)) for cell in cells]
    assert np.array_equal(table.frame["x"].to_numpy(), np.array(wanted), equal_nan=True)


def test_the_text_of_a_cell_that_is_no_number_is_found_again() -> None:
    table = table_of(small('t,x\n"a\nb",1\n"c,d"," w,ord "\n'), ["x"])
    problem = table.cells_problem("not-a-number", Column("x", "x", "input"), np.array([1]))
    assert problem.facts["cells"] == ["line 4 ` w,ord `"]
    assert at(problem) == (4, 7)


@pytest.mark.usefixtures("no_file_is_small")
def test_a_large_file_is_the_same_table(tmp_path: Path) -> None:
    rows = "".join(f'{n},"a ""{n}"", b",{n / 7}\r\n' + "\n" * (n % 5 == 0) for n in range(300))
    text = "\ufeff\n\nn,t,x\r\n" + rows.replace('300,"', '300,"two\r\nlines')
    in_memory = table_of(small(text), ["n", "x"])
    path = tmp_path / "rows.csv"
    for piece_bytes in (70, 500, 10**6):
        table = table_of(large(path, text, piece_bytes), ["n", "x"])
        assert isinstance(table.cells, StoredFrame) and table.columns == in_memory.columns
        assert table.frame.equals(in_memory.frame)
        assert table.lines.tolist() == in_memory.lines.tolist()
        for row in (0, 1, 150, 299):
            assert table.place(row, "x") == in_memory.place(row, "x")
        picked = np.array([299, 0, 77])
        assert table.take(picked).frame.equals(in_memory.take(picked).frame)
        slices = [each.frame for _, each in table.only(["x", "n"]).slices(77)]
        assert pl.concat(slices).equals(in_memory.only(["x", "n"]).frame)


@pytest.mark.usefixtures("no_file_is_small")
@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_large_file_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    text = "n,t\n" + "".join(f"{n},ä{n}\n" for n in range(200))
    table = table_of(large(tmp_path / "rows.csv", text.encode(encoding)), reading=Reading(encoding=encoding))
    assert table.frame.rows() == [(str(n), f"ä{n}") for n in range(200)]
    assert table.place(150, "t").text == "150,ä150"


@pytest.mark.usefixtures("no_file_is_small")
@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("1", "row-fields", 1),
        ('1,"open', "quote-unclosed", 3),
        ('1,5"', "quote-inside", 4),
        ("1,a\0", "data-nul", 4),
        ("1,\udcff", "data-encoding", 3),
        ("1," + "x" * 500, "record-long", 1),
    ],
)
def test_mistakes_of_a_large_file_are_told_at_their_line(
    tmp_path: Path, row: str, code: str, column: int
) -> None:
    before = "".join(f"{n},b\n" for n in range(100))
    content = f"x,y\n{before}{row}\n{before}".encode("utf-8", "surrogateescape")
    problem = refused(large(tmp_path / "rows.csv", content))
    assert (problem.code, at(problem)) == (code, (102, column))
    if code == "data-encoding":
        assert problem.facts["byte"] == content.index(b"\xff")


@pytest.mark.usefixtures("no_file_is_small")
def test_wrong_rows_are_counted_over_the_whole_of_a_large_file(tmp_path: Path) -> None:
    text = "x,y\n" + "".join("1,2\n3\n" for _ in range(200))
    problem = refused(large(tmp_path / "rows.csv", text))
    assert problem.facts["count"] == "200 rows" and not problem.facts["all_longer"]
    assert problem.facts["rows"] == [*(f"line {n} has 1" for n in (3, 5, 7, 9, 11)), "…"]
    assert refused(large(tmp_path / "rows.csv", "x,y\n" + "1,2,3\n" * 200)).facts["all_longer"]
    for text, code in (("x,y\n" + "\n" * 200, "header-only"), ("\n" * 200, "data-empty"), ("", "data-empty")):
        assert refused(large(tmp_path / "rows.csv", text)).code == code


def test_a_row_too_long_and_one_too_short_do_not_make_up_for_each_other() -> None:
    lines = ["1,2,3"] * 50
    lines[20:22] = ["1,2,3,4", "1,2"]
    problem = refused(small("x,y,z\n" + "\n".join(lines)))
    assert problem.code == "row-fields" and problem.facts["rows"] == ["line 22 has 4", "line 23 has 2"]
    lines[20:22] = ["", "1,2,3,4,5"]
    assert refused(small("x,y,z\n" + "\n".join(lines))).facts["rows"] == ["line 23 has 5"]


@pytest.mark.usefixtures("no_file_is_small")
def test_extremes_are_known_of_columns_that_hold_finite_numbers_alone(tmp_path: Path) -> None:
    rows = [f"{number},{number - 50},{number},1" for number in range(100)]
    rows[70] = "70,,word,1e400"
    table = table_of(large(tmp_path / "rows.csv", "a,b,c,d\n" + "\n".join(rows)), ["a", "b", "c", "d"])
    assert isinstance(table.cells, StoredFrame)
    assert table.extremes("a") == (0, 99)
    assert [table.extremes(name) for name in "bcd"] == [None] * 3


@pytest.mark.usefixtures("no_file_is_small")
def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    text = "x,y\n" + "1,2\n" * 500
    file = large(tmp_path / "rows.csv", text)
    file.path.write_text(text.replace("1", "3"))
    assert refused(file).code == "data-changing"
    # The same size, and a time of change that was put back: that of the inode is another.
    file = large(tmp_path / "rows.csv", text)
    found = file.path.stat()
    while file.path.stat().st_ctime_ns == found.st_ctime_ns:
        file.path.write_text(text.replace("1", "3"))
    os.utime(file.path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert refused(file).code == "data-changing"
    file.path.unlink()
    assert refused(file).code == "data-changing"


@pytest.mark.usefixtures("no_file_is_small")
def test_a_large_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = large(tmp_path / "rows.csv", "x,y\n" + "1,2\n" * 500)
    first = table_of(file, ["x"])
    monkeypatch.delattr(DelimitedFile, "pieces")
    assert table_of(file, ["x"]).frame.equals(first.frame)
    with pytest.raises(AttributeError):
        table_of(file, ["y"])


@pytest.mark.usefixtures("no_file_is_small")
@settings(
    derandomize=True,
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.text(st.sampled_from('ab,"\n\r'), max_size=40), piece_bytes=st.integers(4, 30))
def test_pieces_are_no_matter(tmp_path: Path, body: str, piece_bytes: int) -> None:
    def found(file: DataFile) -> object:
        try:
            table = table_of(file)
        except DataError as error:
            return error.problems[0].code
        return table.frame.rows(), table.lines.tolist()

    whole, pieces = (
        found(small("x,y\n" + body)),
        found(large(tmp_path / "rows.csv", "x,y\n" + body, piece_bytes)),
    )
    # Only which of several mistakes is told first may differ.
    assert pieces in (whole, "record-long") or (isinstance(whole, str) and isinstance(pieces, str))
