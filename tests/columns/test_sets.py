from __future__ import annotations

import polars as pl

from nncli.errors import Problem
from nncli.sources.tables import Column, Reading, Source, Table
from tests.columns.encoding import encoded, fitted
from tests.sources.reading import small
from tests.sources.reading import table_of as read_file

GENRES = Column("genres", "genres", "input")
TARGET = Column("genres", "genres", "target")


def table_of(*cells: str) -> Table:
    text = "genres;x\n" + "".join(f"{cell};1\n" for cell in cells)
    return read_file(small(text), reading=Reading(";"))


def test_a_cell_holds_several_classes() -> None:
    encoder = fitted(GENRES, table_of("b, a", "c", "", "a,,a"), type="set")
    assert encoder.classes == ("a", "b", "c") and encoder.input().shape == (3,)
    values, problems = encoded(encoder, table_of("c , b", "", "a,a"))
    assert problems == []
    assert values.tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 0]]


def test_another_separator() -> None:
    encoder = fitted(GENRES, table_of("a|b,c", "b,c"), type="set", separator="|")
    assert encoder.classes == ("a", "b,c")


def test_a_class_that_training_did_not_see() -> None:
    encoder = fitted(GENRES, table_of("a,b", "a"), type="set")
    _, (problem,) = encoded(encoder, table_of("a", "a,new"))
    assert (problem.code, problem.place and problem.place.line) == ("class-unknown", 3)
    values, (problem,) = encoded(encoder, table_of("a,new"), new=True)
    assert (problem.code, problem.severity) == ("category-unseen", "warning")
    assert values.tolist() == [[1, 0]]
    _, (problem,) = encoded(fitted(TARGET, table_of("a,b", "a"), type="set"), table_of("new"), new=True)
    assert problem.code == "class-unknown"


def test_rare_classes_leave_no_trace() -> None:
    encoder = fitted(GENRES, table_of("a,b", "a", "a,c", "c"), type="set", rare=2)
    assert encoder.classes == ("a", "c")
    values, problems = encoded(encoder, table_of("b,c"))
    assert values.tolist() == [[0, 1]] and problems == []


def test_lists_of_typed_files() -> None:
    frame = pl.DataFrame({"genres": [["b", "a"], [], None]})
    table = Table(frame, pl.Series([1, 2, 3]).to_numpy(), Source("t.parquet"))
    encoder = fitted(GENRES, table, type="set")
    assert encoded(encoder, table)[0].tolist() == [[1, 1], [0, 0], [0, 0]]


def test_without_a_value_nothing_is_fitted() -> None:
    found = fitted(GENRES, table_of("", ","), type="set")
    assert isinstance(found, Problem) and found.code == "column-empty"
