from __future__ import annotations

from typing import Any

import pytest

from nncli.errors import Place, UsageError
from nncli.messages.catalogue import hint_of
from nncli.spec.items import BlockCall, Layer, Loop
from nncli.spec.writing import as_tree
from tests.spec.specs import SPEC, parsed, places, problems

LONG = SPEC.replace("network:\n", "network:\n  inputs: {row: [4]}\n  layers:\n").replace("  - ", "    - ")
LONG = LONG.replace("    name: first", "      name: first").replace("    name: head", "      name: head")


def tree(*sets: str, text: str = SPEC) -> dict[str, Any]:
    return as_tree(parsed(text, sets))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("training.epochs", "5", 5),
        ("training.epochs", " 5 ", 5),
        ("training.checkpoint_every", "0s", 0),
        ("training.stop_early", "3", {"watch": "validation.loss", "patience": 3}),
        ("training.stop_early.patience", "3", {"watch": "validation.loss", "patience": 3}),
        ("training.clip_gradients", "1e-3", {"norm": 0.001}),
        ("training.metrics", "[accuracy, f1]", [{"accuracy": {}}, {"f1": {}}]),
        ("training.metrics", "f1", [{"f1": {}}]),
        ("training.optimizer", "SGD", {"SGD": {}}),
        ("training.optimizer", "{SGD: {lr: 0.1}}", {"SGD": {"lr": 0.1}}),
        ("training.optimizer.AdamW.lr", "1e-3", {"AdamW": {"lr": 0.001}}),
        ("training.optimizer.AdamW.betas", "[0.5, 0.9]", {"AdamW": {"betas": [0.5, 0.9]}}),
        ("training.loss.CrossEntropyLoss.reduction", "sum", {"CrossEntropyLoss": {"reduction": "sum"}}),
    ],
)
def test_training_is_reached_by_its_keys(path: str, value: str, expected: object) -> None:
    training = tree(f"{path}={value}")["training"]
    assert training[path.split(".")[1]] == expected


@pytest.mark.parametrize(
    ("override", "position", "expected"),
    [
        ("network.0.Linear=12", 0, {"Linear": 12, "name": "first"}),
        ("network.first.Linear=12", 0, {"Linear": 12, "name": "first"}),
        ("network.0.Linear.bias=false", 0, {"Linear": ["$width", {"bias": False}], "name": "first"}),
        ("network.0.name=one", 0, {"Linear": "$width", "name": "one"}),
        ("network.1=Tanh", 1, "Tanh"),
        ("network.1.ReLU.inplace=true", 1, {"ReLU": {"inplace": True}}),
        ("network.2.Linear.bias=true", 2, {"Linear": [4, {"bias": True}]}),
        ("network.2.Linear.0=5", 2, {"Linear": [5, {"bias": False}]}),
        ("network.2.from=first", 2, {"Linear": [4, {"bias": False}], "from": "first"}),
        ("network.third.Linear.out_features=6", 3, {"Linear": {"out_features": 6}, "name": "third"}),
        (
            "network.third.Linear.bias=false",
            3,
            {"Linear": {"out_features": 5, "bias": False}, "name": "third"},
        ),
        ("vars.width=64", 0, {"Linear": "$width", "name": "first"}),
    ],
)
@pytest.mark.parametrize("text", [SPEC, LONG], ids=["list", "long form"])
def test_a_layer_is_reached_by_name_or_position(
    text: str, override: str, position: int, expected: dict[str, Any]
) -> None:
    network = tree(override, text=text)["network"]
    layers = network["layers"] if isinstance(network, dict) else network
    assert layers[position] == expected


def test_a_keyword_is_marked_to_take_the_place_of_its_position() -> None:
    operation = parsed(sets=["network.head.Linear.out_features=7"]).networks["network"].layers[4].operation
    assert isinstance(operation, Layer)
    assert operation.call.keywords["out_features"].overriding and operation.call.positions


def test_missing_keys_are_made_and_short_forms_spelt_out() -> None:
    assert tree("data=builtin:wine")["data"]["train"] == "builtin:wine"
    assert tree("data.split.validation=0")["data"]["split"]["validation"] == 0
    assert tree("data.inputs.age=number")["data"]["inputs"]["age"]["type"] == "number"
    assert tree("network=[Linear: 3]")["network"] == [{"Linear": 3}]
    assert tree("name=other", "description=two words")["description"] == "two words"


def test_later_ones_win_and_vars_are_worked_out_after_all() -> None:
    assert tree("training.epochs=1", "training.epochs=2")["training"]["epochs"] == 2
    operation = parsed(sets=["vars.half=$(width // 2)", "network.1={Linear: $half}"]).networks["network"]
    layer = operation.layers[1].operation
    assert isinstance(layer, Layer) and [each.value for each in layer.call.positions] == [4]


@pytest.mark.parametrize(
    ("override", "code", "column"),
    [
        ("training.epoch=3", "unknown-key", 10),
        ("foo.bar=1", "unknown-key", 1),
        ("data.split.seed=x", "value-type", 17),
        ("training.epochs=  x", "value-type", 19),
        ("training.optimizer={AdamW: {lr: 1}, SGD: 2}", "call-two-names", 37),
        ("training.optimizer.SGD.lr=1", "set-call", 20),
        ("training.optimizer.lr=1", "set-call", 20),
        ("training.loss.MSELoss={}", "set-call", 15),
        ("training.epochs=[1, 2", "bracket-open", 17),
        ("training.epochs=*a", "yaml-alias-unknown", 17),
        ("training.epochs=!int 3", "yaml-tag", 17),
        ("vars.width=$(2 *)", "expression-syntax", 17),
        ("vars.width=$(widht)", "name-unknown", 14),
        ("network.9=Tanh", "set-path", 9),
        ("network.heat.Linear=3", "set-path", 9),
        ("network.-1.Linear=3", "set-path", 9),
        (" training.epochs.x=3", "set-path", 18),
        ("vars.widht=64", "set-var-unread", 6),
        ("vars={width: 8, widht: 64}", "set-var-unread", 17),
        ("vars.width=", "set-empty", 12),
        ("training.epochs=", "set-empty", 17),
        ("network.first.name=", "set-empty", 20),
    ],
)
def test_a_mistake_stands_in_the_argument_as_typed(override: str, code: str, column: int) -> None:
    assert places(sets=["training.seed=1", override]) == [(code, "--set", 2, column)]
    assert [problem.place.text for problem in problems(sets=[override]) if problem.place] == [override]


def test_a_value_of_several_lines_shows_the_line_of_the_mistake() -> None:
    [problem] = problems(sets=["training.optimizer=\nAdamW:\n  lr: [1"])
    assert problem.place == Place("--set", 1, 7, "  lr: [1")


def test_a_value_that_takes_the_place_of_another_is_found_at_the_command_line() -> None:
    place = parsed(sets=["data.train=a.csv"]).place("data", "train")
    assert (place.file, place.column) == ("--set", 6)
    assert parsed(sets=["training.epochs=3"]).place("training").file == "a.yaml"


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        (
            "training.optimizer.SGD.lr=0.1",
            (
                "another takes its place: `--set training.optimizer=SGD`, "
                "or `--set 'training.optimizer={SGD: {lr: 0.1}}'`"
            ),
        ),
        (
            "training.optimizer.lr=0.1",
            "arguments stand below the name: `--set training.optimizer.AdamW.lr=…`",
        ),
        ("training.epoch=3", "did you mean `--set training.epochs=…`?"),
        ("trainig={}", "did you mean `--set training=…`?"),
        (
            "network.1.Tanh={}",
            "another item takes its place: `--set network.1=NAME`, or `--set 'network.1={NAME: …}'`",
        ),
        ("vars.widht=64", "did you mean `--set vars.width=…`?"),
        ("vars.height=64", "its vars are width"),
        ("vars.width=", "it is `8` without this `--set`; to take that away, write `--set vars.width=null`"),
        ("vars.width=$height", "declare it too: `--set vars.height=…`"),
        ("network.heat.Linear=3", "did you mean `--set network.head=…`?"),
        ("lr=0.1", "write `--set training.optimizer.AdamW.lr=1e-3`"),
        ("training.momentum=0.9", "write `--set training.optimizer.AdamW.momentum=0.9`"),
        ("epochs=3", "write `--set training.epochs=…`"),
        ("stratify=none", "write `--set data.split.stratify=…`"),
        ("training=3", "`--set training.KEY=…` sets one value in it"),
        ("training={epochs: 3, optimizer: SGD}", "write `--set training.loss=CrossEntropyLoss`"),
        ("network=3", "`--set 'network=[Linear: 32, ReLU, Linear: 3]'`"),
    ],
)
def test_hints_say_what_to_type_on_the_command_line(override: str, hint: str) -> None:
    assert hint_of(problems(sets=[override])[0]) == hint


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    [problem] = problems(sets=["network.heat.Linear=3"])
    assert problem.facts["nearest"] == "head"


@pytest.mark.parametrize("override", ["training.epochs", "training.epochs: 3", "=3", "..=3", "a..b=3", ""])
def test_what_is_no_path_and_value_is_a_mistake_of_the_command_line(override: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(sets=[override])
    assert [problem.code for problem in caught.value.problems] == ["set-form"]


NESTED = """\
blocks:
  pair:
    args: [size, act: ReLU]
    layers: [Linear: $size, $act]
networks:
  first:
    inputs: {row: [4]}
    layers:
      - residual:
          - LayerNorm
          - Dropout: 0.1
            name: drop
        shortcut: [Identity]
      - parallel: {left: [Linear: 3], right: []}
        join: none
      - pair: 8
        repeat: {i: 2}
        name: pairs
      - ReLU
"""


LAYERS = ["networks", "first", "layers"]


@pytest.mark.parametrize(
    ("override", "path", "expected"),
    [
        ("blocks.pair.layers.0.Linear.bias=false", ["blocks", "pair", "layers", 0, "Linear"],
         ["$size", {"bias": False}]),
        ("blocks.pair.0.Linear=5", ["blocks", "pair", "layers", 0, "Linear"], 5),
        ("blocks.pair.args.act=GELU", ["blocks", "pair", "args"], ["size", {"act": "GELU"}]),
        ("blocks.pair.args.size=3", ["blocks", "pair", "args"], [{"size": 3}, {"act": "ReLU"}]),
        ("blocks.pair.args.1.act=GELU", ["blocks", "pair", "args"], ["size", {"act": "GELU"}]),
        ("blocks.pair.args=[size, act: GELU]", ["blocks", "pair", "args"], ["size", {"act": "GELU"}]),
        ("networks.first.0.residual.drop.Dropout=0.5", [*LAYERS, 0, "residual", 1],
         {"Dropout": 0.5, "name": "drop"}),
        ("networks.first.layers.0.residual.0.LayerNorm.eps=1", [*LAYERS, 0, "residual", 0],
         {"LayerNorm": {"eps": 1}}),
        ("networks.first.0.shortcut.0=ReLU", [*LAYERS, 0, "shortcut"], ["ReLU"]),
        ("networks.first.0.shortcut=true", [*LAYERS, 0, "shortcut"], True),
        ("networks.first.1.parallel.left.0.Linear.bias=false",
         [*LAYERS, 1, "parallel", "left"], [{"Linear": [3, {"bias": False}]}]),
        ("networks.first.1.join=cat", [*LAYERS, 1, "join"], "cat"),
        ("networks.first.pairs.pair.act=Tanh", [*LAYERS, 2, "pair"], [8, {"act": "Tanh"}]),
        ("networks.first.pairs.repeat.i=3", [*LAYERS, 2, "repeat"], {"i": 3}),
        ("networks.first.3.ReLU.inplace=true", [*LAYERS, 3], {"ReLU": {"inplace": True}}),
        ("networks.first.inputs.row=[5]", ["networks", "first", "inputs"], {"row": [5]}),
        ("networks.first.outputs=[pairs]", ["networks", "first", "outputs"], ["pairs"]),
    ],
)  # fmt: skip
def test_what_is_nested_is_reached(override: str, path: list[Any], expected: object) -> None:
    found: Any = tree(override, text=NESTED)
    for key in path:
        found = found[key]
    assert found == expected


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("blocks.pair.args.sise=3", "blocks.pair.args.size"),
        ("blocks.pear.layers.0.Linear=3", "blocks.pair"),
        ("networks.frist.0.LayerNorm=3", "networks.first"),
    ],
)
def test_a_misspelt_block_or_argument_is_no_new_one(override: str, meant: str) -> None:
    [problem] = problems(NESTED, sets=[override])
    assert problem.code == "set-path" and hint_of(problem) == f"did you mean `--set {meant}=…`?"


def test_a_var_that_the_file_lacks_may_come_with_what_reads_it() -> None:
    text = SPEC.replace("Linear: $width", "Linear: $depth")
    assert tree("vars.depth=5", text=text)["vars"]["depth"] == 5


@pytest.mark.parametrize(
    "given", ["training.optimizer.AdamW=", "network.1={Tanh: }", "training.clip_gradients=null"]
)
def test_nothing_may_stand_where_it_says_something(given: str) -> None:
    assert tree(given)


def test_an_argument_of_a_block_takes_the_place_of_its_position() -> None:
    spec = parsed(NESTED, ["networks.first.pairs.pair.size=16"])
    loop = spec.networks["first"].layers[2].operation
    assert isinstance(loop, Loop)
    call = loop.copies[0].item.operation
    assert isinstance(call, BlockCall)
    layer = call.items[0].operation
    assert isinstance(layer, Layer) and [each.value for each in layer.call.positions] == [16]
