"""Findings in causal order: what a cause explains is no alarm of its own."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from nncli.diagnosis.findings import Finding, Spot
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.verdicts import in_order
from nncli.errors import Place
from nncli.spec.editing import Change

SPOT = Spot("relu", "network.1", Place("spec.yaml", 4, 5))


def finding(id_: Any, severity: Any = "warning", when: Any = "start") -> Finding:
    return Finding(id_, "diagnosis-no-gradient", severity, when, SPOT, 0.0, 1.0)


def ids(*found: Finding) -> list[tuple[str, list[str]]]:
    return [(each.id, [other.id for other in each.explains]) for each in in_order(found)]


def test_causes_come_first_and_take_what_follows() -> None:
    found = (
        finding("not_learning", when="end"),
        finding("dead_units"),
        finding("unscaled_inputs", when="spec"),
    )
    assert ids(*found) == [("unscaled_inputs", ["dead_units", "not_learning"])]


def test_faults_that_do_not_depend_on_each_other_stand_side_by_side() -> None:
    found = finding("overfitting", when="end"), finding("missing_activation", when="spec")
    assert ids(*found) == [("missing_activation", []), ("overfitting", [])]


def test_units_that_were_dead_at_the_start_were_not_killed_by_the_learning_rate() -> None:
    rate = finding("lr_too_high", when="training")
    assert ids(rate, finding("dead_units", when="end")) == [("lr_too_high", ["dead_units"])]
    assert ids(rate, finding("dead_units", when="start")) == [("dead_units", []), ("lr_too_high", [])]


def test_what_holds_weights_back_explains_a_rate_that_seems_too_low() -> None:
    rate, held = finding("lr_too_low", when="training"), finding("over_regularised", when="training")
    late, early = finding("dead_units", when="end"), finding("dead_units", when="start")
    assert ids(rate, held, late) == [("over_regularised", ["lr_too_low", "dead_units"])]
    assert [cause for cause, _ in ids(held, early)] == ["dead_units", "over_regularised"]
    dropout = finding("over_regularised", when="spec")
    assert ids(rate, dropout) == [("lr_too_low", []), ("over_regularised", [])]


def test_rows_learned_by_heart_and_frozen_layers_explain_what_rates_do() -> None:
    rate = finding("lr_too_low", when="training")
    for cause in ("label_noise", "no_gradient"):
        assert ids(rate, finding(cause, when="spec")) == [(cause, ["lr_too_low"])]


def test_units_of_a_deep_network_are_zero_since_every_row_gives_the_same() -> None:
    vanishing = finding("vanishing_gradients")
    assert ids(finding("dead_units"), vanishing) == [("vanishing_gradients", ["dead_units"])]
    whole = finding("dead_units", "error")
    assert ids(whole, vanishing) == [("dead_units", ["vanishing_gradients"])]


def test_notes_come_last_and_explain_nothing() -> None:
    found = finding("unscaled_inputs", "note"), finding("dead_units")
    assert ids(*found) == [("dead_units", []), ("unscaled_inputs", [])]


def test_of_one_kind_there_is_one() -> None:
    assert ids(finding("dead_units"), finding("dead_units", when="end")) == [("dead_units", [])]


def test_a_patch_is_yaml_at_the_right_keys() -> None:
    patch = Patch(
        (
            Change("training.optimizer.SGD.lr", 0.01),
            Change("training.clip_gradients", 1.0),
            Change("data.inputs.age.scale", "standard"),
            Change("network.1", "ReLU", "after"),
            Change("network.4", how="remove"),
        )
    ).with_items({"network.4": "Softmax, line 9"})
    assert patch.yaml.splitlines() == [
        "training:",
        "  optimizer: {SGD: {lr: 0.01}}",
        "  clip_gradients: 1.0",
        "data:",
        "  inputs:",
        "    age: {scale: standard}",
        "network:",
        "  - ReLU  # new, behind item 2",
        "  # leave out Softmax, line 9",
    ]
    assert patch.sets == (
        "training.optimizer.SGD.lr=0.01",
        "training.clip_gradients=1.0",
        "data.inputs.age.scale=standard",
    )
    assert set_to("training.loss", "MSELoss").yaml == "training:\n  loss: MSELoss"


SHORT = """\
network:
  - Linear: 8   # wide
  - Linear: $(2 * classes)
  - Softmax: 1
training: {loss: CrossEntropyLoss, optimizer: {SGD: {lr: 1e-3}}}
"""
LONG = """\
networks:
  one:
    layers:
      - residual: [Linear: 8, Linear: 8]
      - ReLU
"""


@pytest.mark.parametrize(
    ("text", "changes", "path", "items"),
    [
        (
            SHORT,
            (Change("network.layers.0", "ReLU", "after"), Change("network.layers.2", how="remove")),
            "network",
            "[Linear: 8, ReLU, Linear: $(2 * classes)]",
        ),
        (
            LONG,
            (Change("networks.one.layers.0.residual.0", "ReLU", "after"),),
            "networks.one.layers",
            "[residual: [Linear: 8, ReLU, Linear: 8], ReLU]",
        ),
    ],
)
def test_scripts_get_whole_lists(text: str, changes: tuple[Change, ...], path: str, items: str) -> None:
    rate = Change("training.optimizer.SGD.lr", 0.01)
    found = Patch((rate, *changes)).document(text)
    first, second = found["set"]
    assert first == "training.optimizer.SGD.lr=0.01"
    key, _, value = second.partition("=")
    assert key == path and yaml.safe_load(value) == yaml.safe_load(items)
    whole = yaml.safe_load(found["yaml"])
    for part in path.split("."):
        whole = whole[part]
    assert whole == yaml.safe_load(items)
    assert len(found["changes"]) == 1 + len(changes)


def test_a_patch_of_what_the_text_lacks_stays_as_it_is_read() -> None:
    patch = Patch((Change("blocks.far.layers.3", "ReLU", "after"),))
    assert patch.document(SHORT)["set"] == []
