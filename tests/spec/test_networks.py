from __future__ import annotations

import pytest

from nncli.spec.items import InputSpec, Layer
from tests.spec.specs import parsed, places


def network(layers: str, inputs: str = "row: [4]") -> str:
    return f"network:\n  inputs: {{{inputs}}}\n  layers:\n    {layers}\n"


@pytest.mark.parametrize(
    ("written", "name", "positions", "keywords"),
    [
        ("- ReLU", "ReLU", [], {}),
        ("- ReLU:", "ReLU", [], {}),
        ("- Linear: 3", "Linear", [3], {}),
        ("- Linear: [3, bias: false]", "Linear", [3], {"bias": False}),
        ("- Linear: {out_features: 3}", "Linear", [], {"out_features": 3}),
        ("- Unflatten: [1, [2, 3]]", "Unflatten", [1, (2, 3)], {}),
        ("- Linear: ''", "Linear", [""], {}),
        ("- Linear: ~", "Linear", [], {}),
        ("- {Linear: 3, name: head, from: row}", "Linear", [3], {}),
    ],
)
def test_an_item_is_a_call(
    written: str, name: str, positions: list[object], keywords: dict[str, object]
) -> None:
    operation = parsed(network(written)).networks["network"].layers[0].operation
    assert isinstance(operation, Layer) and operation.call.name == name
    assert [argument.value for argument in operation.call.positions] == positions
    assert {key: argument.value for key, argument in operation.call.keywords.items()} == keywords


def test_words_beside_a_layer() -> None:
    item = parsed(network("- {Bilinear: 3, name: head, from: [row, row]}")).networks["network"].layers[0]
    assert item.name == "head" and [source.path for source in item.from_ or ()] == ["row", "row"]
    assert item.path == "network.layers.0.Bilinear"


@pytest.mark.parametrize(
    ("written", "code", "column"),
    [
        ("- 12", "item-form", 7),
        ("- ~", "item-form", 7),
        ("- []", "item-form", 7),
        ("- {}", "item-form", 7),
        ("- {Linear: 3, ReLU: 4}", "item-two-operations", 19),
        ("- {Linear: 3, nam: a}", "item-two-operations", 19),
        ("- {name: a}", "item-without-operation", 7),
        ("- {Linear: 3, name: [a]}", "name-form", 25),
        ("- {Linear: 3, from: 3}", "from-form", 25),
        ("- {Linear: 3, from: [row, {a: b}]}", "from-form", 31),
        ("- Linear: [bias: true, 3]", "argument-order", 28),
        ("- Linear: [bias: true, bias: false]", "argument-repeated", 28),
    ],
)
def test_what_is_no_item(written: str, code: str, column: int) -> None:
    assert places(network(written)) == [(code, "a.yaml", 4, column)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a: [4]", InputSpec((4,))),
        ("a: []", InputSpec(())),
        ("a: [3, 8, 8]", InputSpec((3, 8, 8), "image")),
        ("a: {shape: [5], type: index, vocabulary: 9}", InputSpec((5,), "index", 9)),
        ("a: {type: binary}", InputSpec((), "binary")),
    ],
)
def test_inputs(written: str, expected: InputSpec) -> None:
    assert parsed(network("- ReLU", written)).networks["network"].inputs == {"a": expected}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("a: 3", "inputs-form"),
        ("a: [0]", "inputs-form"),
        ("a: [-1]", "inputs-form"),
        ("a: [1.5]", "inputs-form"),
        ("a: [true]", "inputs-form"),
        ("a: {shape: 3}", "inputs-form"),
        ("a: {shape: [3], type: word}", "inputs-form"),
        ("a: {shape: [3], vocabulary: 0}", "inputs-form"),
        ("a: {shpe: [3]}", "unknown-key"),
        ("a-b: [3]", "name-form"),
    ],
)
def test_what_is_no_input(written: str, code: str) -> None:
    assert [each for each, *_ in places(network("- ReLU", written))] == [code]


def test_an_unknown_key_of_the_long_form() -> None:
    text = "network:\n  inputs: {row: [4]}\n  layer: [ReLU]\n  layers: [ReLU]\n"
    assert places(text) == [("unknown-key", "a.yaml", 3, 3)]
