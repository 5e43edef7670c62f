from __future__ import annotations

import json
from pathlib import Path

import pytest

from nncli.errors import UsageError
from nncli.exports.subject import subject_of
from nncli.models.opened import Opened, open_untrained
from tests.exports.subjects import both, pictures, tokens

TWO = """
networks:
  body: {inputs: {row: [4]}, layers: [Linear: 3, ReLU]}
  other: {inputs: {row: [4]}, layers: [Linear: 2]}
  whole: {inputs: {row: [4]}, layers: [body, Linear: 2]}
"""


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    (tmp_path / "two.yaml").write_text(TWO)
    return open_untrained(tmp_path / "two.yaml")


def test_a_shared_weight_is_there_once_under_its_owner() -> None:
    subject = tokens()
    assert "embedding.weight" in subject.tensors
    assert "linear.weight" not in subject.tensors
    assert "steps" not in subject.tensors
    assert not subject.network.module.training


def test_outputs_have_names() -> None:
    assert tokens().outputs() == ("output_1", "output_2")
    assert pictures().outputs() == ("output",)
    assert [part.outputs() for part in both().parts()] == [tokens().outputs(), pictures().outputs()]


def test_all_networks_of_a_spec_go_along_and_a_layer_is_stored_once(opened: Opened) -> None:
    subject = subject_of(opened, None, takes_one=False)
    assert sorted(subject.tensors) == [
        *("body.linear.bias", "body.linear.weight", "other.linear.bias", "other.linear.weight"),
        *("whole.linear.bias", "whole.linear.weight"),
    ]
    assert json.loads(subject.metadata["nncli.networks"]) == ["body", "other", "whole"]
    assert list(json.loads(subject.metadata["nncli.layers"]))[:2] == ["body.linear", "body.relu"]
    assert subject.parameters() == 15 + 10 + 8


def test_one_of_several_goes_with_the_networks_that_are_layers_of_it(opened: Opened) -> None:
    subject = subject_of(opened, "whole", takes_one=True)
    assert (subject.name, list(subject.networks), subject.option) == (
        "two-whole",
        ["whole"],
        " --network whole",
    )
    assert "body.linear.weight" in subject.tensors and "linear.weight" in subject.tensors
    assert "nncli.networks" not in subject.metadata
    assert list(json.loads(subject.metadata["nncli.spec"])["networks"]) == ["whole", "body"]
    assert list(json.loads(subject.metadata["nncli.layers"])) == ["body.linear", "body.relu", "linear"]


def test_a_format_that_holds_one_asks_which(opened: Opened) -> None:
    for name, code in ((None, "network-not-chosen"), ("hole", "network-unknown")):
        with pytest.raises(UsageError) as caught:
            subject_of(opened, name, takes_one=True)
        (problem,) = caught.value.problems
        assert (problem.code, problem.facts["known"]) == (code, ["body", "other", "whole"])
