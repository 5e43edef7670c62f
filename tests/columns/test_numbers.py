from __future__ import annotations

import numpy as np
import pytest
import torch

from nncli.columns.numbers import NumberEncoder, read_numbers, scale_of
from nncli.errors import Problem
from nncli.sources.tables import Column, Reading, Refusals, Table
from tests.columns.encoding import encoded
from tests.columns.encoding import fitted as fit
from tests.sources.reading import small
from tests.sources.reading import table_of as read_file

AGE = Column("age", "age", "input")


def table_of(*cells: str, nulls: tuple[str, ...] = ("",)) -> Table:
    text = "age,other\n" + "".join(f"{cell},x\n" for cell in cells)
    return read_file(small(text), reading=Reading(nulls=nulls))


def fitted(missing: object = "error", scale: str = "standard", *cells: str) -> NumberEncoder:
    encoder = fit(AGE, table_of(*cells), type="number", missing=missing, scale=scale)
    assert isinstance(encoder, NumberEncoder)
    return encoder


def refused(table: Table, column: Column = AGE) -> list[Problem]:
    refusals = Refusals()
    read_numbers(table, column, refusals, empty_allowed=False)
    return refusals.problems(table)


def test_numbers_are_read_as_python_reads_them() -> None:
    cells = ["1", "-0.5", "+2", ".5", "5.", "1e-3", "1E+5", " 7 ", "00123", "0.1", "1e-400"]
    numbers = read_numbers(table_of(*cells), AGE, Refusals(), empty_allowed=False)
    assert numbers.tolist() == [float(cell) for cell in cells]


@pytest.mark.parametrize(
    "cell", ["abc", "inf", "-Infinity", "nan", "1e400", "1e39", "1_000", "0x10", "1d5", "true"]
)
def test_other_cells_are_refused_at_their_place(cell: str) -> None:
    (problem,) = refused(table_of("1", cell, "2"))
    assert problem.code == "not-a-number"
    assert problem.place is not None and (problem.place.line, problem.place.column) == (3, 1)
    assert problem.facts["cells"] == [f"line 3 `{cell}`"]
    assert problem.path == "data.inputs.age"


def test_all_bad_cells_are_counted_and_five_are_shown() -> None:
    problems = refused(table_of(*["x"] * 1200))
    assert problems[0].facts["count"] == 1200
    assert problems[0].facts["rows"] == "1,200 rows"
    assert problems[0].facts["cells"] == [*(f"line {line} `x`" for line in range(2, 7)), "…"]


def test_empty_cells_need_a_policy() -> None:
    problems = refused(table_of("1", "", "NA", " "))
    assert [problem.code for problem in problems] == ["not-a-number", "cell-empty"]
    problems = refused(table_of("1", "", "NA", nulls=("", "NA")), Column("age", "age", "target"))
    assert [(problem.code, problem.facts["lines"]) for problem in problems] == [
        ("target-empty", "lines 3, 4")
    ]


@pytest.mark.parametrize(("missing", "fill"), [("median", 2.0), ("mean", 4.0), ({"constant": 9}, 9.0)])
def test_what_empty_cells_count_as(missing: object, fill: float) -> None:
    encoder = fitted(missing, "none", "1", "2", "", "9")
    assert encoder.missing == fill
    values, problems = encoded(encoder, table_of("3", ""))
    assert values.tolist() == [[3.0], [fill]] and problems == []


def test_the_scale_is_that_of_the_rows_it_was_fitted_to() -> None:
    encoder = fitted("error", "standard", "1", "2", "3", "6")
    assert (encoder.mean, encoder.deviation) == (3.0, np.std([1, 2, 3, 6]))
    values, _ = encoded(encoder, table_of("1", "2", "3", "6"))
    assert abs(values.mean().item()) < 1e-6 and abs(values.std(correction=0).item() - 1) < 1e-6


def test_a_constant_has_deviation_one() -> None:
    # The rounded mean of these is not 0.1, so a deviation computed from it would be tiny.
    assert scale_of(np.full(10, 0.1)) == (0.1, 1.0)


def test_a_column_without_any_number_cannot_be_filled() -> None:
    problem = fit(AGE, table_of("", ""), type="number", missing="median")
    assert isinstance(problem, Problem) and problem.code == "column-empty"


def test_gaps_can_be_told_by_a_number_of_their_own() -> None:
    encoder = fitted("flag", "none", "1", "", "3")
    values, _ = encoded(encoder, table_of("5", ""))
    assert values.tolist() == [[5.0, 0.0], [2.0, 1.0]]
    assert encoder.input().shape == (2,)


def test_gaps_can_be_told_by_a_mask() -> None:
    encoder = fitted("keep", "standard", "1", "", "3")
    column = encoder.encode(table_of("3", ""), Refusals())
    assert column.values.tolist() == [[1.0], [0.0]]
    assert column.mask is not None and column.mask.tolist() == [True, False]
    assert encoder.input().has_mask and encoder.target().has_mask


def test_minmax_brings_the_training_rows_between_zero_and_one() -> None:
    encoder = fitted("error", "minmax", "2", "4", "6")
    values, _ = encoded(encoder, table_of("2", "6", "8"))
    assert values.flatten().tolist() == [0.0, 1.0, 1.5]


def test_a_quantile_scale_is_normal_whatever_the_column_was() -> None:
    cells = [str(2.0**power) for power in range(-40, 41)]
    encoder = fitted("error", "quantile", *cells)
    values, _ = encoded(encoder, table_of(*cells))
    assert torch.equal(values.flatten().sort().values, values.flatten())
    assert abs(values.mean().item()) < 0.01 and abs(values[20:61].std().item() - 0.39) < 0.02
    back = encoder.decode(values.double()).flatten()
    inner = torch.tensor([float(cell) for cell in cells], dtype=torch.float64)
    assert torch.allclose(back[1:-1], inner[1:-1], rtol=1e-3)


@pytest.mark.parametrize("scale", ["standard", "minmax", "quantile", "none"])
def test_numbers_come_back_from_every_scale(scale: str) -> None:
    cells = ["0", "1", "5", "9", "100"]
    encoder = fit(AGE, table_of(*cells), type="number", scale=scale, log=True)
    values, _ = encoded(encoder, table_of(*cells))
    back = encoder.decode(values.double()).flatten().tolist()
    assert back == pytest.approx([0, 1, 5, 9, 100], abs=0.1)


def test_what_has_no_logarithm_is_refused() -> None:
    encoder = fit(AGE, table_of("0", "1"), type="number", log=True)
    _, problems = encoded(encoder, table_of("-0.5", "-1", "-7"))
    assert [(each.code, each.facts["lines"]) for each in problems] == [("number-for-log", "lines 3, 4")]
