from __future__ import annotations

import numpy as np
import pytest

from nncli.columns.numbers import NumberEncoder, fit_number, read_numbers, scale_of
from nncli.errors import Problem
from nncli.sources.delimited import read_delimited
from nncli.sources.tables import Column, Reading, Table
from nncli.spec.schema import ColumnSpec

AGE = Column("age", "age", "input")


def table_of(*cells: str, nulls: tuple[str, ...] = ("",)) -> Table:
    text = "age,other\n" + "".join(f"{cell},x\n" for cell in cells)
    return read_delimited(text.encode(), "rows.csv", ",", Reading(nulls=nulls))


def fitted(missing: object = "error", scale: str = "standard", *cells: str) -> NumberEncoder:
    declared = ColumnSpec.model_validate({"type": "number", "missing": missing, "scale": scale})
    numbers = read_numbers(table_of(*cells), AGE, [], empty_allowed=True)
    encoder = fit_number(AGE, declared, numbers)
    assert isinstance(encoder, NumberEncoder)
    return encoder


def test_numbers_are_read_as_python_reads_them() -> None:
    cells = ["1", "-0.5", "+2", ".5", "5.", "1e-3", "1E+5", " 7 ", "00123", "0.1", "1e-400"]
    numbers = read_numbers(table_of(*cells), AGE, [], empty_allowed=False)
    assert numbers.tolist() == [float(cell) for cell in cells]


@pytest.mark.parametrize(
    "cell", ["abc", "inf", "-Infinity", "nan", "1e400", "1e39", "1_000", "0x10", "1d5", "true"]
)
def test_other_cells_are_refused_at_their_place(cell: str) -> None:
    problems: list[Problem] = []
    read_numbers(table_of("1", cell, "2"), AGE, problems, empty_allowed=False)
    (problem,) = problems
    assert problem.code == "not-a-number"
    assert problem.place is not None and (problem.place.line, problem.place.column) == (3, 1)
    assert problem.facts["cells"] == [f"line 3 `{cell}`"]
    assert problem.path == "data.inputs.age"


def test_all_bad_cells_are_counted_and_five_are_shown() -> None:
    problems: list[Problem] = []
    read_numbers(table_of(*["x"] * 1200), AGE, problems, empty_allowed=False)
    assert problems[0].facts["count"] == 1200
    assert problems[0].facts["rows"] == "1,200 rows"
    assert problems[0].facts["cells"] == [*(f"line {line} `x`" for line in range(2, 7)), "…"]


def test_empty_cells_need_a_policy() -> None:
    problems: list[Problem] = []
    read_numbers(table_of("1", "", "NA", " "), AGE, problems, empty_allowed=False)
    assert [problem.code for problem in problems] == ["not-a-number", "cell-empty"]
    problems.clear()
    target = Column("age", "age", "target")
    read_numbers(table_of("1", "", "NA", nulls=("", "NA")), target, problems, empty_allowed=False)
    assert [(problem.code, problem.facts["lines"]) for problem in problems] == [
        ("target-empty", "lines 3, 4")
    ]


@pytest.mark.parametrize(("missing", "fill"), [("median", 2.0), ("mean", 4.0), ({"constant": 9}, 9.0)])
def test_what_empty_cells_count_as(missing: object, fill: float) -> None:
    encoder = fitted(missing, "none", "1", "2", "", "9")
    assert encoder.missing == fill
    problems: list[Problem] = []
    assert encoder.encode(table_of("3", ""), problems).tolist() == [[3.0], [fill]]
    assert problems == []


def test_the_scale_is_that_of_the_rows_it_was_fitted_to() -> None:
    encoder = fitted("error", "standard", "1", "2", "3", "6")
    assert (encoder.mean, encoder.deviation) == (3.0, np.std([1, 2, 3, 6]))
    encoded = encoder.encode(table_of("1", "2", "3", "6"), [])
    assert abs(encoded.mean().item()) < 1e-6 and abs(encoded.std(correction=0).item() - 1) < 1e-6


def test_a_constant_has_deviation_one() -> None:
    # The rounded mean of these is not 0.1, so a deviation computed from it would be tiny.
    assert scale_of(np.full(10, 0.1)) == (0.1, 1.0)


def test_a_column_without_any_number_cannot_be_filled() -> None:
    declared = ColumnSpec.model_validate({"type": "number", "missing": "median"})
    problem = fit_number(AGE, declared, np.array([np.nan, np.nan]))
    assert isinstance(problem, Problem) and problem.code == "column-empty"
