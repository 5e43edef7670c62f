"""The reference of words is complete, and every example reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.functions.constants import work_out_constants
from nncli.spec.functions import FUNCTIONS
from nncli.spec.inputs import KEYS as INPUT_KEYS
from nncli.spec.names import ITEM_WORDS
from nncli.spec.opening import parse_spec
from nncli.spec.reference import Entry
from nncli.spec.reference_files import ENTRIES, entries_of
from nncli.spec.spec import Origin
from nncli.spec.weights import WEIGHTS_KEYS
from nncli.training.metrics import METRICS

TRAINING = {"loss": "CrossEntropyLoss", "optimizer": "Adam", "epochs": 1}
# What flows in where it is not an image of three channels.
INPUTS = {"size": "[3, 32, 32]", "vocabulary": "[8]"}
# Examples that name files which are not there: read, but not compiled.
NEEDS_A_FILE = {"weights", "network.weights", "include", *(f"weights.{key}" for key in WEIGHTS_KEYS)}


def spec_of(entry: Entry) -> str:
    """Puts an example into a whole file."""
    if entry.example.startswith("- "):
        layers = "".join(f"    {line}\n" for line in entry.example.splitlines())
        given = INPUTS.get(entry.name, "[3, 32, 32]")
        return f"network:\n  inputs: {{image: {given}}}\n  layers:\n{layers}"
    tree: dict[str, Any] = yaml.safe_load(entry.example)
    if "training" in tree:
        tree["training"] = {**TRAINING, **tree["training"]}
    if "network" not in tree and "networks" not in tree:
        tree["network"] = [{"Linear": "$classes"}]
    own_inputs = "networks" in tree or "inputs" in tree["network"]
    if not own_inputs:
        tree.setdefault("data", "builtin:iris")
    return yaml.safe_dump(tree, sort_keys=False)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.group}-{entry.name}")
def test_an_example_reads_and_compiles(entry: Entry) -> None:
    if entry.name == "include":
        pytest.skip("the file that it names is not there")
    text = spec_of(entry)
    spec = parse_spec(text, Origin("example.yaml", Path(), text))
    stated = all(network.inputs is not None for network in spec.networks.values())
    if stated and entry.name not in NEEDS_A_FILE:
        around = Surroundings({"classes": 3, "vocabulary": 11}, work_out_constants(spec.constants, {}, []))
        compile_networks(spec.networks, {}, around, weights=False)


def test_every_word_of_an_item_is_there() -> None:
    assert {entry.name for entry in entries_of("word of an item")} >= ITEM_WORDS


def test_every_key_of_weights_and_of_inputs_is_there() -> None:
    assert [entry.name for entry in entries_of("key of weights")] == [
        f"weights.{key}" for key in WEIGHTS_KEYS
    ]
    assert {entry.name for entry in entries_of("key of an input")} == {f"inputs.{key}" for key in INPUT_KEYS}


def test_every_function_has_a_purpose() -> None:
    (entry,) = (entry for entry in entries_of("concept") if entry.name == "functions")
    assert {name for _, names in entry.forms for name in names.split()} == FUNCTIONS


def test_every_metric_is_there() -> None:
    assert [entry.name for entry in entries_of("metric")] == list(METRICS)


def test_no_word_stands_twice_in_a_group() -> None:
    named = [(entry.group, entry.name) for entry in ENTRIES]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.group}-{entry.name}")
def test_an_entry_has_its_form(entry: Entry) -> None:
    assert entry.text and not entry.text.endswith(".")
    assert entry.example.endswith("\n") and max(map(len, entry.example.splitlines())) <= 76
    assert all(form and meaning for form, meaning in entry.forms)
