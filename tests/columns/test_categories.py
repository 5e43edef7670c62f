from __future__ import annotations

import pytest
import torch

from nncli.columns.categories import ClassEncoder, fit_classes, in_order, read_texts
from nncli.errors import Problem
from nncli.sources.delimited import read_delimited
from nncli.sources.tables import Column, Reading, Table
from nncli.spec.schema import ColumnSpec

KIND = Column("kind", "kind", "input")
TARGET = Column("kind", "kind", "target")


def table_of(*cells: str) -> Table:
    text = "kind,other\n" + "".join(f"{cell},x\n" for cell in cells)
    return read_delimited(text.encode(), "rows.csv", ",", Reading())


def fitted(column: Column, cells: list[str], **declared: object) -> ClassEncoder | Problem:
    texts = read_texts(table_of(*cells), column, None, [])
    return fit_classes(column, ColumnSpec.model_validate(declared), texts)


def encoder_of(column: Column, cells: list[str], **declared: object) -> ClassEncoder:
    encoder = fitted(column, cells, **declared)
    assert isinstance(encoder, ClassEncoder), encoder
    return encoder


@pytest.mark.parametrize(
    ("texts", "ordered"),
    [
        (["b", "a", "B"], ("B", "a", "b")),
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["1.0", "01", "1"], ("01", "1", "1.0")),
        (["10", "9", "x"], ("10", "9", "x")),
        (["nan", "1"], ("1", "nan")),
    ],
)
def test_classes_are_sorted_numbers_by_value(texts: list[str], ordered: tuple[str, ...]) -> None:
    assert in_order(texts) == ordered


def test_a_category_keeps_its_text() -> None:
    encoder = encoder_of(KIND, ["00123", "123", "00123"], type="category")
    assert encoder.classes == ("00123", "123")
    assert encoder.encode(table_of("123", "00123"), []).tolist() == [1, 0]


def test_the_last_index_is_kept_for_what_training_did_not_see() -> None:
    encoder = encoder_of(KIND, ["a", "b"], type="category")
    assert encoder.input().vocabulary == 3
    problems: list[Problem] = []
    assert encoder.encode(table_of("b", "new", "a"), problems, "warning").tolist() == [1, 2, 0]
    assert [(each.code, each.severity, each.facts["count"]) for each in problems] == [
        ("category-unseen", "warning", 1)
    ]


@pytest.mark.parametrize("column", [KIND, TARGET])
def test_elsewhere_a_new_value_is_an_error_with_its_line(column: Column) -> None:
    encoder = encoder_of(column, ["a", "b"], type="category")
    problems: list[Problem] = []
    encoder.encode(table_of("b", "new"), problems, "error" if column is KIND else "warning")
    (problem,) = problems
    assert (problem.code, problem.severity) == ("class-unknown", "error")
    assert problem.facts["cells"] == ["line 3 `new`"]
    assert problem.facts["known"] == ["`a`", "`b`"]


@pytest.mark.parametrize("label", ["3", "-1", "1.5", "2 "])
def test_labels_outside_of_the_stated_classes_are_refused(label: str) -> None:
    encoder = encoder_of(TARGET, ["0"], type="category", classes=(0, 1, 2))
    problems: list[Problem] = []
    encoder.encode(table_of("0", "1", label), problems)
    assert [(each.code, each.place and each.place.line) for each in problems] == [("class-unknown", 4)]


@pytest.mark.parametrize(
    ("cells", "declared", "classes"),
    [
        (["0", "1"], {}, ("0", "1")),
        (["no", "Yes"], {}, ("no", "Yes")),
        (["TRUE", "FALSE"], {}, ("FALSE", "TRUE")),
        (["yes", "zero"], {}, ("zero", "yes")),
        (["benign", "malignant"], {}, ("benign", "malignant")),
        (["benign", "malignant"], {"positive": "benign"}, ("malignant", "benign")),
        (["2", "10"], {}, ("2", "10")),
        (["0", "1"], {"positive": 0}, ("1", "0")),
        (["true"], {"classes": (True, False)}, ("false", "true")),
    ],
)
def test_the_positive_of_a_binary_column(
    cells: list[str], declared: dict[str, object], classes: tuple[str, str]
) -> None:
    encoder = encoder_of(KIND, cells, type="binary", **declared)
    assert encoder.classes == classes
    encoded = encoder.encode(table_of(*classes), [])
    assert encoded.tolist() == [[0.0], [1.0]] and encoded.dtype == torch.float32
    target = encoder_of(TARGET, cells, type="binary", **declared)
    assert target.encode(table_of(*classes), []).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("column", "cells", "declared", "code"),
    [
        (KIND, ["a", "b", "c"], {"type": "binary"}, "binary-values"),
        (TARGET, ["a", "a"], {"type": "binary"}, "binary-values"),
        (TARGET, ["a", "a"], {"type": "category"}, "class-single"),
        (KIND, ["a", "b"], {"type": "binary", "positive": "c"}, "positive-unknown"),
    ],
)
def test_classes_that_cannot_be_used(
    column: Column, cells: list[str], declared: dict[str, object], code: str
) -> None:
    problem = fitted(column, cells, **declared)
    assert isinstance(problem, Problem) and problem.code == code


def test_empty_cells_are_refused_or_a_class() -> None:
    problems: list[Problem] = []
    read_texts(table_of("a", "", "b"), KIND, None, problems)
    read_texts(table_of("a", "", "b"), TARGET, None, problems)
    assert [problem.code for problem in problems] == ["cell-empty", "target-empty"]
    declared = ColumnSpec.model_validate({"type": "category", "missing": {"constant": "none given"}})
    texts = read_texts(table_of("a", "", "b"), KIND, "none given", [])
    encoder = fit_classes(KIND, declared, texts)
    assert isinstance(encoder, ClassEncoder)
    assert encoder.classes == ("a", "b", "none given")
    assert encoder.encode(table_of("b", ""), []).tolist() == [1, 2]


def test_a_truth_value_is_the_same_in_every_spelling() -> None:
    encoder = ClassEncoder(Column("alone", "alone", "input"), ("False", "True"), type="binary")
    assert encoder._spellings()["true"] == encoder._spellings()["TRUE"] == 1
    assert encoder._spellings()["false"] == 0
