from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest
from annotated_types import Ge, Lt
from torch import Tensor

from nncli.explaining.annotations import DOLLAR, any_of, as_schema, in_words


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "a whole number"),
        (float | None, "a number"),
        (int | tuple[int, int], "a whole number or a list of 2"),
        (str | int | tuple[int, ...], "a word, a whole number or a list"),
        (Literal["a", "b", "c"], "a, b or c"),
        (Mapping[str, int], "a mapping"),
        (Any, ""),
        (type(None), "none"),
    ],
)
def test_in_words(annotation: object, words: str) -> None:
    assert in_words(annotation) == words


def test_bounds() -> None:
    assert in_words(int, (Ge(1),)) == "a whole number, 1 or more"
    assert in_words(float, (Ge(0), Lt(1))) == "a number, 0 or more and less than 1"
    assert as_schema(float, (Ge(0), Lt(1))) == {
        "anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, DOLLAR]
    }


def test_as_schema() -> None:
    assert as_schema(str) == {"type": "string"}
    assert as_schema(Any) == {}
    assert as_schema(Any | None) == {}
    assert as_schema(Literal["a", "b"]) == {"anyOf": [{"enum": ["a", "b"]}, DOLLAR]}
    pair = {"type": "array", "items": as_schema(int), "minItems": 2, "maxItems": 2}
    assert as_schema(int | tuple[int, int]) == {"anyOf": [{"type": "integer"}, DOLLAR, pair]}
    assert "minItems" not in as_schema(list[int])["anyOf"][0]


def test_what_no_file_can_hold_is_left_out() -> None:
    assert as_schema(float | Tensor) == as_schema(float)


def test_options_stand_once() -> None:
    assert any_of([{"type": "string"}, {"anyOf": [{"type": "string"}, DOLLAR]}]) == {
        "anyOf": [{"type": "string"}, DOLLAR]
    }
