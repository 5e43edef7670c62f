from __future__ import annotations

from pathlib import Path

import pytest

from nncli.spec.items import Layer
from nncli.spec.network_spec import InputSpec
from nncli.spec.opening import read_text
from nncli.spec.spec import Origin
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
    assert item.from_ is not None
    assert item.name == "head" and [source.path for source in item.from_.positions] == ["row", "row"]
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
        ("- {Linear: 3, name: [[a]]}", "name-form", 26),
        ("- {Linear: 3, from: ~}", "from-form", 25),
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


def test_each_input_says_what_is_wrong_with_it() -> None:
    """A value that is wrong says so once, and hides nothing beside it."""
    inputs = "a: [$(1 /)], b: [$width], c: [$wide, 3], d: [-1], e!: [1]"
    text = f"vars: {{wide: $(1 / 0), narrow: $wide}}\n{network('- ReLU', inputs)}"
    found = [each for each, *_ in places(text)]
    assert sorted(found) == ["arithmetic", "expression-syntax", "inputs-form", "name-form", "name-unknown"]
    listed = text.replace("{a:", "[{a:").replace("], ", "]}, {").replace("[1]}", "[1]}]")
    assert [each for each, *_ in places(listed)] == found


def test_the_long_form_of_a_network() -> None:
    text = """
vars: {width: 4}
constants: {beta: "linspace(0, 1, $width)"}
network:
  inputs: {row: [$width], tokens: {shape: [5], type: index, vocabulary: 9, mask: true}}
  layers: [{Linear: 3, name: head}, {Linear: 2, name: more}]
  outputs: [head, more]
  init: [{match: "*.weight", normal_: {std: 0.02}}]
  freeze: "head.*"
"""
    spec = parsed(text)
    network = spec.networks["network"]
    assert network.inputs == {"row": InputSpec((4,)), "tokens": InputSpec((5,), "index", 9, True)}
    assert {name: source.path for name, source in network.outputs.items()} == {"head": "head", "more": "more"}
    assert network.init[0].match == "*.weight" and network.init[0].call.name == "normal_"
    assert [each.pattern for each in network.freeze] == ["head.*"] and list(spec.constants) == ["beta"]


def test_inputs_may_be_those_of_the_data_by_name() -> None:
    text = "data: builtin:iris\nnetworks: {a: {inputs: [noise: [64], digit], layers: [ReLU]}, b: [a]}\n"
    network = parsed(text).networks["a"]
    assert network.input_names == ("noise", "digit") and network.inputs == {"noise": InputSpec((64,))}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("network: [ReLU]\nnetworks: {a: [ReLU]}\n", "networks-twice"),
        ("networks: {}\n", "networks-form"),
        ("networks: [ReLU]\n", "networks-form"),
        ("networks: {a: [ReLU]}\n", "network-inputs-missing"),
        ("networks: {compute: [ReLU]}\ndata: builtin:iris\n", "name-reserved"),
        ("networks: {class: [ReLU]}\ndata: builtin:iris\n", "name-keyword"),
        ("networks: {network: [ReLU]}\ndata: builtin:iris\n", "name-of-network"),
        ("networks: {a: [b], b: [a]}\ndata: builtin:iris\n", "block-recursion"),
        ("networks: {a: [a]}\ndata: builtin:iris\n", "block-recursion"),
        ("networks: {a: [{b: 3}], b: [ReLU]}\ndata: builtin:iris\n", "network-arguments"),
        ("networks: {a: [ReLU]}\nblocks: {a: {layers: []}}\ndata: builtin:iris\n", "name-of-network"),
        ("network: {layers: [ReLU], freeze: 3}\ndata: builtin:iris\n", "freeze-form"),
        ("network: {layers: [ReLU], freeze: ['a.**']}\ndata: builtin:iris\n", "pattern-form"),
        ("network: {layers: [ReLU], init: {normal_: {}}}\ndata: builtin:iris\n", "init-form"),
        ("network: {layers: [ReLU], parametrize: spectral_norm}\ndata: builtin:iris\n", "parametrize-form"),
        ("network: {layers: [ReLU], init: [{match: 'a..b', ones_: }]}\ndata: builtin:iris\n", "pattern-form"),
        ("network: {layers: [ReLU], outputs: 3}\ndata: builtin:iris\n", "outputs-form"),
        ("network: {layers: [ReLU], outputs: [a..b]}\ndata: builtin:iris\n", "path-form"),
        ("network: {layers: [ReLU], outputs: {x: a}}\ndata: builtin:iris\n", "name-reserved"),
        ("network: {layers: [ReLU], inputs: [3]}\n", "inputs-form"),
        ("network: [ReLU]\ndata: builtin:iris\nconstants: {class: 1 + 1}\n", "name-keyword"),
        ("network: [ReLU]\ndata: builtin:iris\nconstants: {a: $b}\n", "name-unknown"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {a: [ReLU]}\n", "block-form"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {a: {args: [n]}}\n", "key-missing"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {a: {arg: [n], layers: []}}\n", "unknown-key"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {a: {args: n, layers: []}}\n", "block-arguments-form"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {a: {args: [n: 1, m], layers: []}}\n",
         "block-arguments-order"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {a: {args: [n, n], layers: []}}\n", "name-twice"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {a: {inputs: x, layers: []}}\n", "block-inputs-form"),
        ("network: [ReLU]\ndata: builtin:iris\nblocks: {residual: {layers: []}}\n", "name-reserved"),
    ],
)  # fmt: skip
def test_mistakes_around_networks_and_blocks(text: str, code: str) -> None:
    assert [each for each, *_ in places(text)] == [code]


def test_an_unknown_key_of_the_long_form() -> None:
    text = "network:\n  inputs: {row: [4]}\n  layer: [ReLU]\n  layers: [ReLU]\n"
    assert places(text) == [("unknown-key", "a.yaml", 3, 3)]


def test_a_key_with_nothing_behind_it_is_left_out() -> None:
    text = "vars:\nconstants:\nblocks:\n  b: {args: , vars: , layers: [ReLU]}\n" + network("- b")
    spec = parsed(text)
    assert spec.vars == {} and spec.constants == {} and list(spec.networks) == ["network"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("network:\n  inputs:\n  - row: [4]\n  - row: [5]\n  layers: [ReLU]\n", 3),
        ("network:\n  inputs: {row: [4]}\n  layers:\n  - chunk: [2, 1]\n    name:\n    - a\n    - a\n", 6),
    ],
)
def test_a_name_that_is_given_twice_says_where_it_stands_first(text: str, line: int) -> None:
    _, [problem] = read_text(text, Origin("a.yaml", Path(), text))
    assert (problem.code, problem.facts["line"]) == ("name-twice", line)
