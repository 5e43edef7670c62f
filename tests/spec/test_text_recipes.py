from __future__ import annotations

from pathlib import Path

import pytest

from nncli.errors import SpecError
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin, Spec
from nncli.spec.text_recipes import TextOptions
from nncli.spec.writing import as_tree, as_yaml

HEAD = """vars: {warm: 0.7}
network: {inputs: {a: [2]}, layers: [Linear: 2]}
predict:
"""


def read(text: str) -> Spec:
    return parse_spec(HEAD + text, Origin("spec.yaml", Path(), HEAD + text))


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("  generate:\n", "generate", TextOptions()),
        ("  generate: {}\n", "generate", TextOptions()),
        ("  decode: {beams: 4, length: 9}\n", "decode", TextOptions(beams=4, length=9)),
        ("  tell: {generate: {temperature: $warm}}\n", "tell", TextOptions(temperature=0.7)),
        (
            "  generate: {generate: {prompt: 'a b', top_p: 1, top_k: 1}}\n",
            "generate",
            TextOptions(prompt="a b", top_p=1, top_k=1),
        ),
    ],
)
def test_recipes_of_texts_are_read(text: str, name: str, options: TextOptions) -> None:
    spec = read(text)
    assert spec.recipes == {} and spec.text_recipes[name].options == options
    again = as_yaml(as_tree(spec))
    assert parse_spec(again, Origin("x", Path(), again)).text_recipes[name].options == options


def test_a_recipe_that_computes_may_be_called_generate() -> None:
    spec = read("  generate: {compute: {b: 'randn(batch, 2)'}}\n  tell: {decode: }\n")
    assert list(spec.recipes) == ["generate"] and list(spec.text_recipes) == ["tell"]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("  generate: 3\n", "text-recipe-form", (4, 13)),
        ("  tell: {generate: [a]}\n", "text-recipe-form", (4, 20)),
        ("  generate: {temprature: 1}\n", "unknown-key", (4, 14)),
        ("  tell: {input: a, generate: {}}\n", "unknown-key", (4, 10)),
        ("  generate: {beams: 2}\n", "unknown-key", (4, 14)),
        ("  generate: {temperature: -0.1}\n", "text-option", (4, 27)),
        ("  generate: {temperature: .nan}\n", "text-option", (4, 27)),
        ("  generate: {temperature: true}\n", "text-option", (4, 27)),
        ("  generate: {top_k: 0}\n", "text-option", (4, 21)),
        ("  generate: {top_k: 1.0}\n", "text-option", (4, 21)),
        ("  generate: {top_p: 0}\n", "text-option", (4, 21)),
        ("  generate: {prompt: 3}\n", "text-option", (4, 22)),
        ("  generate: {length: 1000001}\n", "text-option", (4, 22)),
        ("  generate: {length: [3]}\n", "text-option", (4, 22)),
        ("  decode: {beams: 65}\n", "text-option", (4, 19)),
        ("  generate: {top_k: $none}\n", "name-unknown", (4, 22)),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, code: str, place: tuple[int, int]) -> None:
    with pytest.raises(SpecError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert problem.code == code and problem.place is not None
    assert (problem.place.line, problem.place.column) == place
