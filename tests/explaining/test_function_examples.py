"""Examples of functions compile on an image, and are there for all that work on one."""

from __future__ import annotations

import re

import pytest

from nncli.errors import NncliError
from nncli.explaining.explanations import Explanation
from nncli.explaining.function_examples import function_example
from nncli.explaining.offers import explain_offers, functions
from tests.network.compiled import network


@pytest.mark.parametrize("name", [name for name in functions() if function_example(name)])
def test_an_example_compiles(name: str) -> None:
    lines = "".join(f"    {line}\n" for line in function_example(name).splitlines())
    try:
        network(f"network:\n  inputs: {{image: [3, 8, 8]}}\n  layers:\n{lines}")
    except NncliError as error:
        # Several results flow on, of which the example does not choose one.
        assert [problem.code for problem in error.problems] == ["output-several"]


@pytest.mark.parametrize("name", "relu cat mean softmax where interpolate maximum einsum reshape".split())
def test_what_is_written_often_has_an_example(name: str) -> None:
    assert function_example(name)


def explained(name: str) -> Explanation:
    (found,) = (each for each in explain_offers(name) if each.kind == "function of tensors")
    return found


def test_nothing_is_offered_that_no_file_can_write() -> None:
    for name in functions():
        found = explained(name)
        words = {
            *re.findall(r"\w+", " ".join(text for _, text in found.facts)),
            *(p.name for p in found.parts),
        }
        assert not {"_stacklevel", "inplace", "dtype", "out", "self"} & words
        assert found.facts and all(way.startswith(f"{name}(") for _, way in found.facts)


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("softmax", ["softmax(input, dim)"]),
        ("relu", ["relu(input)"]),
        ("cat", ["cat(tensors, dim)"]),
        ("clamp", ["clamp(input, min=none, max=none)"]),
    ],
)
def test_a_function_takes_what_a_person_writes(name: str, ways: list[str]) -> None:
    assert [text for _, text in explained(name).facts] == ways


def test_a_number_may_be_a_value() -> None:
    takes = {part.name: part.takes for part in explained("clamp").parts}
    assert takes == dict.fromkeys(["min", "max"], "a value, or a number")
