"""Findings in causal order: what a cause explains is no alarm of its own."""

from __future__ import annotations

from typing import Any

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
    )
    assert patch.yaml.splitlines() == [
        "training:",
        "  optimizer: {SGD: {lr: 0.01}}",
        "  clip_gradients: 1.0",
        "data:",
        "  inputs:",
        "    age: {scale: standard}",
        "network:",
        "  - ReLU  # new, behind item 1",
        "  # leave out item 4",
    ]
    assert patch.sets == (
        "training.optimizer.SGD.lr=0.01",
        "training.clip_gradients=1.0",
        "data.inputs.age.scale=standard",
    )
    assert set_to("training.loss", "MSELoss").yaml == "training:\n  loss: MSELoss"
