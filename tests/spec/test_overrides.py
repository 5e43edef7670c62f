from __future__ import annotations

from typing import Any

import pytest

from nncli.errors import UsageError
from nncli.spec.items import Layer
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
        ("training.clip_gradients", "1e-3", 0.001),
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
        ("network.0.Linear=12", 0, {"Linear": [12], "name": "first"}),
        ("network.first.Linear=12", 0, {"Linear": [12], "name": "first"}),
        ("network.0.Linear.bias=false", 0, {"Linear": [8, {"bias": False}], "name": "first"}),
        ("network.0.name=one", 0, {"Linear": [8], "name": "one"}),
        ("network.1=Tanh", 1, {"Tanh": {}}),
        ("network.1.ReLU.inplace=true", 1, {"ReLU": {"inplace": True}}),
        ("network.2.Linear.bias=true", 2, {"Linear": [4, {"bias": True}]}),
        ("network.2.from=first", 2, {"Linear": [4, {"bias": False}], "from": ["first"]}),
        ("network.third.Linear.out_features=6", 3, {"Linear": {"out_features": 6}, "name": "third"}),
        (
            "network.third.Linear.bias=false",
            3,
            {"Linear": {"out_features": 5, "bias": False}, "name": "third"},
        ),
        ("vars.width=64", 0, {"Linear": [64], "name": "first"}),
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
    assert tree("network=[Linear: 3]")["network"] == [{"Linear": [3]}]
    assert tree("name=other", "description=two words")["description"] == "two words"


def test_later_ones_win_and_vars_are_worked_out_after_all() -> None:
    assert tree("training.epochs=1", "training.epochs=2")["training"]["epochs"] == 2
    assert tree("vars.half=$(width // 2)", "network.1.Linear=$half", "network.1={Linear: $half}")["network"][
        1
    ] == {"Linear": [4]}


@pytest.mark.parametrize(
    ("override", "code", "column"),
    [
        ("training.epoch=3", "unknown-key", 1),
        ("foo.bar=1", "unknown-key", 1),
        ("data.split.seed=x", "value-type", 1),
        ("training.epochs=  x", "value-type", 3),
        ("training.optimizer={AdamW: {lr: 1}, SGD: 2}", "call-two-names", 18),
        ("training.optimizer.SGD.lr=1", "call-two-names", 1),
        ("training.optimizer.lr=1", "call-two-names", 1),
        ("training.epochs=[1, 2", "bracket-open", 1),
        ("training.epochs=*a", "yaml-alias-unknown", 1),
        ("training.epochs=!int 3", "yaml-tag", 1),
        ("vars.width=$(2 *)", "expression-syntax", 6),
        ("vars.width=$(widht)", "name-unknown", 3),
        ("network.9=Tanh", "set-path", 1),
        ("network.heat.Linear=3", "set-path", 1),
        ("network.-1.Linear=3", "set-path", 1),
        ("training.epochs.x=3", "set-path", 1),
    ],
)
def test_a_mistake_has_set_as_its_file_and_its_column_in_the_value(
    override: str, code: str, column: int
) -> None:
    assert places(sets=[override]) == [(code, "--set", 1, column)]


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    [problem] = problems(sets=["network.heat.Linear=3"])
    assert problem.facts["nearest"] == "head"


@pytest.mark.parametrize("override", ["training.epochs", "training.epochs: 3", "=3", "..=3", "a..b=3", ""])
def test_what_is_no_path_and_value_is_a_mistake_of_the_command_line(override: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(sets=[override])
    assert [problem.code for problem in caught.value.problems] == ["set-form"]
