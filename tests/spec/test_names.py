from __future__ import annotations

import pytest

from nncli.errors import Place
from nncli.spec.names import check_name, spec_name_from
from nncli.spec.nodes import Scalar
from tests.spec.specs import SPEC, parsed, places


def code(name: str, *, becomes_attribute: bool = True) -> str:
    node = Scalar(name, name, True, Place("a.yaml", 1, 1))
    problem = check_name(node, "", becomes_attribute=becomes_attribute)
    return problem.code if problem else ""


@pytest.mark.parametrize("name", ["a", "A", "a1", "a_b", "x1", "batches", "a" * 64, "match", "type"])
def test_names(name: str) -> None:
    assert code(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "_a",
        "a-b",
        "a.b",
        "a b",
        "é",
        "a" * 65,
        "a\n",
        'x"),print("',
        "__import__",
        "../a",
        "$a",
        "ａ",
    ],
)
def test_what_is_no_name(name: str) -> None:
    assert code(name) == "name-form"


@pytest.mark.parametrize("name", ["x", "batch", "step", "epoch", "true", "false", "none", "name", "from"])
def test_reserved_names(name: str) -> None:
    assert code(name) == code(name, becomes_attribute=False) == "name-reserved"


@pytest.mark.parametrize("name", ["class", "lambda", "None", "yield"])
def test_words_of_python_name_values_but_no_layers(name: str) -> None:
    assert (code(name), code(name, becomes_attribute=False)) == ("name-keyword", "")


def test_every_place_that_gives_a_name_checks_it() -> None:
    text = SPEC.replace("builtin:iris", "{train: a.csv, inputs: {a-b: number}, targets: {c d: binary}}")
    text = text.replace("width: 8", "width: 8, 9a: 1").replace("name: first", "name: fir-st")
    assert [each for each, *_ in places(text)] == ["name-form"] * 4


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("a.b", "a.b"),
        ("a b", "a-b"),
        ("..", "spec"),
        ("é" * 90 + "a", "a"),
        ("a" * 90, "a" * 64),
    ],
)
def test_a_stem_becomes_a_name(stem: str, name: str) -> None:
    assert spec_name_from(stem) == name
    assert parsed(f"name: {name}\n{SPEC}").name == name
