from __future__ import annotations

import pytest

from nncli.runs.layer_record import LayerRecord, layers_text, read_layers


def test_layers_come_back_in_order() -> None:
    layers = {"linear": LayerRecord("Linear", 4), "head": LayerRecord("Linear", 2)}
    text = layers_text(layers)
    assert text == '{"linear": ["Linear", 4], "head": ["Linear", 2]}'
    assert list(read_layers(text).items()) == list(layers.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        '{"a": 3}',
        '{"a": ["Linear"]}',
        '{"a": ["Linear", "4"]}',
        '{"a": [1, 4]}',
        "[" * 9999,
    ],
)
def test_another_form_tells_of_no_layer(text: str) -> None:
    assert read_layers(text) == {}
