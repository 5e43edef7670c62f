from __future__ import annotations

import pytest
import torch

from nncli.columns.categories import ClassEncoder, in_order, read_texts
from nncli.errors import Problem
from nncli.sources.tables import Column, Refusals, Table
from tests.columns.encoding import encoded
from tests.columns.encoding import fitted as fit
from tests.sources.reading import small
from tests.sources.reading import table_of as read_file

KIND = Column("kind", "kind", "input")
TARGET = Column("kind", "kind", "target")


def table_of(*cells: str) -> Table:
    text = "kind,other\n" + "".join(f"{cell},x\n" for cell in cells)
    return read_file(small(text))


def fitted(column: Column, cells: list[str], **declared: object) -> ClassEncoder | Problem:
    found: ClassEncoder | Problem = fit(column, table_of(*cells), **declared)
    return found


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
    assert encoded(encoder, table_of("123", "00123"))[0].tolist() == [1, 0]


def test_the_last_index_is_kept_for_what_training_did_not_see() -> None:
    encoder = encoder_of(KIND, ["a", "b"], type="category")
    assert encoder.input().vocabulary == 3
    values, problems = encoded(encoder, table_of("b", "new", "a"), new=True)
    assert values.tolist() == [1, 2, 0]
    assert [(each.code, each.severity, each.facts["count"]) for each in problems] == [
        ("category-unseen", "warning", 1)
    ]


@pytest.mark.parametrize("column", [KIND, TARGET])
def test_elsewhere_a_new_value_is_an_error_with_its_line(column: Column) -> None:
    encoder = encoder_of(column, ["a", "b"], type="category")
    _, (problem,) = encoded(encoder, table_of("b", "new"), new=column is TARGET)
    assert (problem.code, problem.severity) == ("class-unknown", "error")
    assert problem.facts["cells"] == ["line 3 `new`"]
    assert problem.facts["known"] == ["`a`", "`b`"]


@pytest.mark.parametrize("label", ["3", "-1", "1.5", "2 "])
def test_labels_outside_of_the_stated_classes_are_refused(label: str) -> None:
    encoder = encoder_of(TARGET, ["0"], type="category", classes=(0, 1, 2))
    _, problems = encoded(encoder, table_of("0", "1", label))
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
    values, _ = encoded(encoder, table_of(*classes))
    assert values.tolist() == [[0.0], [1.0]] and values.dtype == torch.float32
    target = encoder_of(TARGET, cells, type="binary", **declared)
    assert encoded(target, table_of(*classes))[0].tolist() == [0, 1]


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
    refusals, table = Refusals(), table_of("a", "", "b")
    read_texts(table, KIND, None, refusals)
    read_texts(table, TARGET, None, refusals)
    assert [problem.code for problem in refusals.problems(table)] == ["cell-empty", "target-empty"]
    encoder = encoder_of(KIND, ["a", "", "b"], type="category", missing={"constant": "none given"})
    assert encoder.classes == ("a", "b", "none given")
    assert encoded(encoder, table_of("b", ""))[0].tolist() == [1, 2]


def test_rare_classes_count_as_unknown_in_training_too() -> None:
    encoder = encoder_of(KIND, ["a", "a", "b", "c", "c"], type="category", rare=2)
    assert encoder.classes == ("a", "c")
    values, problems = encoded(encoder, table_of("b", "a", "new", "c"))
    assert values.tolist() == [2, 0, 2, 1] and problems == []


def test_the_unknown_can_be_kept() -> None:
    encoder = encoder_of(KIND, ["a", "b"], type="category", unknown="keep")
    values, problems = encoded(encoder, table_of("new", "b"))
    assert values.tolist() == [2, 1] and problems == []
    assert encoder.feature_columns(values).tolist() == [[0, 0], [0, 1]]


def test_a_target_may_keep_its_gaps() -> None:
    encoder = encoder_of(TARGET, ["a", "", "b"], type="category", missing="keep")
    column = encoder.encode(table_of("b", "", "a"), Refusals())
    assert column.values.tolist() == [1, 0, 0]
    assert column.mask is not None and column.mask.tolist() == [True, False, True]


def test_a_truth_value_is_the_same_in_every_spelling() -> None:
    encoder = ClassEncoder(Column("alone", "alone", "input"), ("False", "True"), type="binary")
    assert encoder._spellings()["true"] == encoder._spellings()["TRUE"] == 1
    assert encoder._spellings()["false"] == 0
