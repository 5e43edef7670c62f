from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nncli.columns.kinds import KINDS
from nncli.data.declarations import declare, stand_in
from nncli.errors import SpecError
from nncli.spec.column_words import WORDS
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec
from tests.data.specs import spec_of

IMAGE = {"type": "image", "columns": "p*", "shape": (1, 2, 2)}


def codes(**data: Any) -> list[str]:
    _, problems = declare(spec_of(Path(), **{"train": "rows.csv", **data}))
    return [problem.code for problem in problems]


def column_codes(declared: Any, role: str = "inputs") -> list[str]:
    other = {"inputs": "targets", "targets": "inputs"}[role]
    return codes(**{role: {"a": declared}, other: {"b": "number"}})


def test_what_is_declared_well_has_no_problems() -> None:
    inputs = {"a": "number", "b": {"type": "category", "classes": ("x",)}, "c": IMAGE}
    assert codes(inputs=inputs, targets={"y": {"type": "binary", "positive": "yes"}}) == []


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"type": "number", "classes": ("a",)}, "column-option"),
        ({"type": "category", "positive": "a"}, "column-option"),
        ({"type": "category", "scale": "none"}, "column-option"),
        ({"type": "number", "columns": "p*"}, "column-option"),
        ({**IMAGE, "missing": "median"}, "column-option"),
        ({**IMAGE, "column": "p"}, "column-option"),
        ({"type": "category", "missing": "median"}, "missing-fill"),
        ({"type": "binary", "missing": "mean"}, "missing-fill"),
        ({"type": "number", "missing": {"constant": "none"}}, "missing-constant"),
        ({"type": "number", "missing": {"constant": True}}, "missing-constant"),
        ({"type": "number", "missing": {"constant": 1e300}}, "missing-constant"),
        ({"type": "image", "shape": (2, 2)}, "image-declaration"),
        ({"type": "image", "columns": "p*"}, "image-declaration"),
        ({"type": "image", "columns": "p*", "shape": (2, 2)}, "image-declaration"),
        ({"type": "image", "columns": "p*", "shape": (1, 0, 2)}, "image-declaration"),
        ({"type": "image", "columns": ("p", "q"), "shape": (1, 2, 2)}, "image-columns"),
        ({"type": "image", "columns": "p*", "shape": (1, 2000, 2000)}, "image-pixels"),
        ({"type": "category", "classes": ("a", "a")}, "classes-repeated"),
        ({"type": "category", "classes": (1, "1")}, "classes-repeated"),
        ({"type": "category", "classes": ()}, "classes-repeated"),
        ({"type": "binary", "classes": ("a", "b", "c")}, "classes-binary"),
        ({"type": "binary", "classes": ("a", "b"), "positive": "c"}, "positive-unknown"),
    ],
)
def test_a_declaration_that_makes_no_sense(declared: Any, code: str) -> None:
    assert column_codes(declared) == [code]


def test_targets_are_neither_filled_nor_images() -> None:
    assert column_codes({"type": "number", "missing": "median"}, "targets") == ["missing-target"]
    assert column_codes(IMAGE, "targets") == ["target-type"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ["inputs-missing", "targets-missing"]),
        ({"train": "builtin:irsi"}, ["builtin-unknown"]),
        ({"train": "builtin:iris", "delimiter": "a"}, ["delimiter-form"]),
        ({"train": "builtin:iris", "delimiter": "§"}, ["delimiter-form"]),
        ({"train": "builtin:iris", "encoding": "utf8000"}, ["encoding-unknown"]),
        ({"train": "builtin:iris", "encoding": "zip"}, ["encoding-unknown"]),
        ({"train": "builtin:iris", "encoding": "utf-16"}, []),
        ({"train": "builtin:iris", "inputs": {"features": "number"}}, ["name-features"]),
    ],
)
def test_a_section_that_makes_no_sense(data: dict[str, Any], expected: list[str]) -> None:
    assert codes(**data) == expected


def test_a_builtin_set_declares_what_the_spec_leaves_out() -> None:
    data, _ = declare(spec_of(Path(), train="builtin:iris", inputs={"petal_length": "number"}))
    assert list(data.inputs) == ["petal_length"]
    assert list(data.targets) == ["species"]


def test_stand_ins_need_no_file() -> None:
    expected = stand_in(
        spec_of(
            Path("nowhere"),
            train="rows.csv",
            inputs={
                "a": "number",
                "b": "category",
                "c": "binary",
                "d": {"type": "category", "classes": ("x",)},
            },
            targets={"y": "category", "z": "number", "w": "binary"},
        )
    )
    assert expected.inputs == {
        "a": InputSpec((1,), "number"),
        "b": InputSpec((), "category", vocabulary=4),
        "c": InputSpec((1,), "binary"),
        "d": InputSpec((), "category", vocabulary=2),
        "features": InputSpec((6,), "features"),
    }
    assert {name: len(target.classes) for name, target in expected.targets.items()} == {
        "y": 3,
        "z": 0,
        "w": 2,
    }
    image = stand_in(spec_of(Path(), train="builtin:digits"))
    assert image.counts == {"classes": 10, "digit.classes": 10}
    assert image.inputs == {"image": InputSpec((1, 8, 8), "image")}
    with pytest.raises(SpecError):
        stand_in(spec_of(Path(), train="builtin:irsi"))


def test_every_option_is_a_word_of_a_column() -> None:
    assert {word for words in WORDS.values() for word in words} <= set(ColumnSpec.model_fields)
    assert KINDS.keys() <= WORDS.keys()
