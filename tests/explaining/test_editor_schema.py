"""The schema for editors takes every spec of the repository, and marks mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nncli.explaining.editor_schema import editor_schema
from nncli.network.calls.signatures import layer_classes
from nncli.spec.key_examples import EXAMPLES
from nncli.spec.names import ITEM_WORDS
from nncli.spec.nodes import plain
from nncli.spec.reading import read_nodes
from nncli.spec.reference_files import ENTRIES

ROOT = Path(__file__).parents[2]
SCHEMA = editor_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
SPECS = sorted((ROOT / "specs").rglob("*.yaml"))


def tree_of(text: str) -> Any:
    """Reads YAML as nncli does, and gives JSON's kinds of values."""
    return json.loads(json.dumps(plain(read_nodes(text, "a.yaml")), default=list))


def is_valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(tree_of(text)))


def test_it_is_a_schema_of_draft_7_and_small() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"].endswith("draft-07/schema#")
    assert len(json.dumps(SCHEMA)) < 450_000


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_every_spec_is_valid(path: Path) -> None:
    errors = VALIDATOR.iter_errors(tree_of(path.read_text(encoding="utf-8")))
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.group}-{entry.name}")
def test_every_example_of_a_word_is_valid(entry: Any) -> None:
    text = entry.example
    tree = tree_of(f"network:\n{text}" if text.startswith("- ") else text)
    if "network" not in tree and "networks" not in tree:
        tree["network"] = []
    if "training" in tree:
        tree["training"] |= {"loss": "MSELoss", "optimizer": "Adam"}
    assert [error.message[:200] for error in VALIDATOR.iter_errors(tree)] == []


@pytest.mark.parametrize("path", EXAMPLES)
def test_every_example_of_a_key_is_valid(path: str) -> None:
    tree = {"network": [], **tree_of(EXAMPLES[path] + "\n")}
    if "training" in tree:
        tree["training"] = {"loss": "MSELoss", "optimizer": "Adam", **tree["training"]}
    assert [error.message[:200] for error in VALIDATOR.iter_errors(tree)] == []


NETWORK = "network:\n  - %s\n"
TRAINING = "network: [ReLU]\ntraining: {loss: MSELoss, optimizer: Adam, %s}\n"
VALID = {
    "bare layer": NETWORK % "ReLU",
    "one position": NETWORK % "Linear: 10",
    "a formula": NETWORK % "Linear: $(2 * width)",
    "positions and keywords": NETWORK % "Conv2d: [64, 3, stride: 2, bias: false]",
    "keywords": NETWORK % "Conv2d: {out_channels: $width, kernel_size: [3, 3]}",
    "a block": NETWORK % "conv_bn: [64, 7]",
    "an argument": NETWORK % "$act",
    "a list inside a residual": NETWORK % "residual: [LayerNorm, {Dropout: 0.1}]",
    "inputs by name": "network: {inputs: [digit, noise: [64], a: {shape: [9], rate: 8}], layers: [ReLU]}\n",
    "weights with keys": "network: {layers: [ReLU], weights: {file: a.safetensors, skip: c.*}}\n",
    "several networks": "networks: {a: [ReLU], b: {layers: [a]}}\n",
    "an optimiser with arguments": TRAINING % "epochs: 3, stop_early: 5, checkpoint_every: 30s",
    "losses by target": "network: [ReLU]\ntraining:\n  optimizer: Adam\n"
    "  loss: {price: {SmoothL1Loss: {}, weight: 0.5}, kind: CrossEntropyLoss}\n",
    "metrics": TRAINING % "metrics: [accuracy, {f1: {average: micro}}]",
    "short columns": "data: {train: a.csv, inputs: {age: number}, nulls: NA}\nnetwork: [ReLU]\n",
}
MISTAKES = {
    "unknown layer": NETWORK % "Conv2D: [3, 3]",
    "unknown bare layer": NETWORK % "Relu",
    "unknown argument": NETWORK % "Conv2d: {out_channels: 3, kernel_size: 3, strid: 2}",
    "unknown argument in a list": NETWORK % "Conv2d: [3, 3, {strid: 2}]",
    "a word for a number": NETWORK % "Conv2d: {out_channels: many, kernel_size: 3}",
    "a word for a position": NETWORK % "Linear: many",
    "a choice": NETWORK % "Conv2d: {out_channels: 3, kernel_size: 3, padding_mode: mirror}",
    "inside a residual": NETWORK % "residual: [{Linear: {out: 3}}]",
    "a network that is a word": "network: ReLU\n",
    "no network": "data: builtin:iris\n",
    "unknown key of a file": "network: [ReLU]\nlayers: []\n",
    "unknown key of training": TRAINING % "lr: 0.1",
    "unknown optimiser": "network: [ReLU]\ntraining: {loss: MSELoss, optimizer: Adamw}\n",
    "unknown loss": "network: [ReLU]\ntraining: {loss: MSE, optimizer: Adam}\n",
    "a list of losses": "network: [ReLU]\ntraining: {loss: [MSELoss], optimizer: Adam}\n",
    "predict": "network: [ReLU]\npredict: {}\n",
    "no loss": "network: [ReLU]\ntraining: {optimizer: Adam}\n",
    "unknown argument of an optimiser": "network: [ReLU]\n"
    "training: {loss: MSELoss, optimizer: {AdamW: {learning_rate: 1}}}\n",
    "epochs below one": TRAINING % "epochs: 0",
    "a duration": TRAINING % "checkpoint_every: soon",
    "unknown metric": TRAINING % "metrics: [acuracy]",
    "unknown type of a column": "data: {train: a.csv, inputs: {age: numeric}}\nnetwork: [ReLU]\n",
    "unknown key of a column": "data: {train: a, inputs: {age: {type: number, mean: 3}}}\nnetwork: [ReLU]\n",
    "a share above one": "data: {train: a.csv, split: {test: 1.5}}\nnetwork: [ReLU]\n",
    "unknown key of weights": "network: {layers: [ReLU], weights: {file: a.safetensors, map: {a: b}}}\n",
    "weights without a file": "network: {layers: [ReLU], weights: {rename: {a.: b.}}}\n",
    "unknown key of an input": "network: {inputs: {a: {shape: [3], kind: index}}, layers: [ReLU]}\n",
    "a block without layers": "network: [ReLU]\nblocks: {a: {args: [b]}}\n",
}  # fmt: skip


@pytest.mark.parametrize("case", VALID)
def test_what_is_right_is_not_marked(case: str) -> None:
    assert is_valid(VALID[case])


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_marked(case: str) -> None:
    assert not is_valid(MISTAKES[case])


def test_editors_complete_and_explain_every_layer_and_word() -> None:
    mapping = SCHEMA["definitions"]["item"]["anyOf"][-1]["properties"]
    assert set(layer_classes()) | ITEM_WORDS <= set(mapping)
    for name in layer_classes():
        definition = SCHEMA["definitions"][f"call.{name}"]
        assert definition["description"] and f"- {name}" in definition["markdownDescription"]
    assert "body(x) + x" in mapping["residual"]["description"]
    assert SCHEMA["definitions"]["training"]["properties"]["batch_size"]["default"] == 32


def test_every_reference_leads_somewhere() -> None:
    named = set(json.dumps(SCHEMA).split('"#/definitions/')[1:])
    assert {part.partition('"')[0] for part in named} <= set(SCHEMA["definitions"])
