"""Keys of data: and training: by their paths, each with an example that reads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from nncli.spec.key_examples import EXAMPLES, TAKES, may_be_key
from nncli.spec.keys import SECTIONS, all_keys, find_keys
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin

KEYS = {key.path: key for key in all_keys()}
TRAINING = {"loss": "CrossEntropyLoss", "optimizer": "Adam"}


def test_every_field_of_the_sections_is_a_key() -> None:
    for name, model in SECTIONS.items():
        assert {f"{name}.{field}" for field in model.model_fields} <= set(KEYS)
    assert {"data.split.seed", "training.stop_early.patience", "data.inputs.NAME.missing"} <= set(KEYS)


def test_every_key_has_words_and_an_example() -> None:
    assert sorted(set(KEYS) - set(EXAMPLES)) == [], "add an example to key_examples.py"
    assert sorted(set(EXAMPLES) - set(KEYS)) == []
    assert set(TAKES) <= set(KEYS)
    assert [path for path, key in KEYS.items() if not key.text] == []


@pytest.mark.parametrize("path", EXAMPLES)
def test_an_example_reads_and_shows_its_key(path: str) -> None:
    example = KEYS[path].example
    tree = yaml.safe_load(example)
    section = path.partition(".")[0]
    assert list(tree) == [section]
    assert f"{path.replace('NAME.', '').rpartition('.')[2]}:" in example or path.endswith("NAME")
    training = {**TRAINING, **tree.get("training", {})}
    if "updates" in training:
        del training["loss"]
    if not {"epochs", "steps", "minutes", "phases"} & set(training):
        training["epochs"] = 1
    tree = {"data": "builtin:iris", "network": [{"Linear": 3}], **tree, "training": training}
    text = yaml.safe_dump(tree, sort_keys=False)
    parse_spec(text, Origin("example.yaml", Path(), text))


@pytest.mark.parametrize(
    ("asked", "found"),
    {
        "training.optimizer": ["training.optimizer"],
        "seed": ["data.split.seed", "training.seed"],
        "data.inputs.age.missing": ["data.inputs.NAME.missing"],
        "data.targets.kind": ["data.inputs.NAME"],
        "data.targets": ["data.targets"],
        "training": ["training"],
        "optimiser": [],
        "": [],
    }.items(),
)
def test_keys_are_found_by_their_path_or_its_end(asked: str, found: list[str]) -> None:
    assert [key.path for key in find_keys(asked)] == found


def test_what_may_be_a_key_is_told_without_pydantic() -> None:
    assert all(may_be_key(path) and may_be_key(path.rpartition(".")[2]) for path in KEYS)
    assert not may_be_key("residual")


def test_a_section_knows_the_keys_below_it() -> None:
    assert KEYS["training.stop_early"].keys == ("training.stop_early.watch", "training.stop_early.patience")
    assert KEYS["training.loss"].keys == ()
    assert KEYS["training.batch_size"].default == 32
