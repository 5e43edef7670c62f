"""What the first weights of a network say, and what healthy ones do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.diagnosis.cases import RINGS, spec, training
from tests.diagnosis.conftest import Examined

SGD, ADAM = "{SGD: {lr: 0.05}}", "{AdamW: {lr: 0.01}}"


def network(layers: str, optimizer: str = SGD, init: str = "") -> str:
    """Writes a spec of rings with these layers, and rules for initial weights."""
    if init:
        lines = "".join(f"\n    - {each}" for each in layers[1:-1].split(", "))
        layers = f"\n  init: [{init}]\n  layers:{lines}"
    return spec(RINGS, layers, training("CrossEntropyLoss", optimizer))


def sigmoids(depth: int) -> str:
    return "[" + "Linear: 16, Sigmoid, " * depth + "Linear: $classes]"


def test_a_deep_stack_of_sigmoids_vanishes(examine: Callable[[str], Examined]) -> None:
    (found, *_) = examine(network(sigmoids(12))).verdicts.findings
    assert (found.id, found.severity, found.layer, found.path) == (
        "vanishing_gradients",
        "warning",
        "linear",
        "network.0",
    )
    assert found.value is not None and found.value < found.threshold
    assert "linear_13" in found.evidence
    assert found.patch is not None and len(found.patch.changes) == 24


def test_adam_makes_up_for_a_small_gradient_that_is_not_too_small(examine: Callable[[str], Examined]) -> None:
    few = examine(network(sigmoids(5), ADAM)).verdicts.findings
    assert [(each.id, each.severity) for each in few] == [("vanishing_gradients", "note")]
    (found, *_) = examine(network(sigmoids(12), ADAM)).verdicts.findings
    assert (found.id, found.severity) == ("vanishing_gradients", "warning")


@pytest.mark.parametrize(
    ("layers", "init", "cause", "also"),
    [
        (
            "[Linear: 32, ReLU, Linear: 32, ReLU, Linear: $classes]",
            '{match: "*.weight", normal_: {std: 8}}',
            "bad_init_scale",
            "bad_initial_loss",
        ),
        (
            "[Linear: 32, ReLU, Linear: 32, ReLU, Linear: $classes]",
            '{match: "*.bias", constant_: -30}',
            "bad_init_scale",
            "dead_units",
        ),
        (
            "[Linear: 32, Tanh, Linear: 32, Tanh, Linear: $classes]",
            '{match: "*.weight", normal_: {std: 6}}',
            "bad_init_scale",
            "saturated_activations",
        ),
        (
            "[Linear: 32, ReLU, Linear: 32, ReLU, Linear: $classes]",
            '{match: "*", constant_: 0.1}',
            "symmetric_init",
            "no_gradient",
        ),
    ],
)
def test_a_cause_takes_what_follows_from_it(
    layers: str, init: str, cause: str, also: str, examine: Callable[[str], Examined]
) -> None:
    found = examine(network(layers, init=init)).verdicts.findings
    assert [each.id for each in found if each.is_serious] == [cause]
    assert also in [each.id for each in found[0].explains]
    assert found[0].path == "network.init"
    good = "xavier_uniform_" if "Tanh" in layers else "kaiming_normal_"
    assert found[0].patch is not None and good in found[0].patch.yaml


def test_the_same_fault_without_its_cause_is_told_by_itself(examine: Callable[[str], Examined]) -> None:
    text = network("[Linear: 32, ReLU, Linear: 32, ReLU, Linear: $classes]")
    text = text.replace("  - ReLU\n  - Linear: 32\n", "  - compute: x - 9\n  - ReLU\n  - Linear: 32\n")
    (found, *_) = examine(text).verdicts.findings
    assert (found.id, found.severity, found.layer) == ("dead_units", "error", "relu")
    assert "32 of the 32 units" in found.evidence
    assert found.patch is not None and found.patch.sets == ("network.2=LeakyReLU",)


@pytest.mark.parametrize("activation", ["ReLU", "Tanh", "GELU", "Sigmoid", "LeakyReLU"])
@pytest.mark.parametrize("optimizer", [SGD, "{AdamW: {lr: 3e-3}}"], ids=["SGD", "AdamW"])
def test_healthy_networks_raise_no_alarm(
    activation: str, optimizer: str, examine: Callable[[str], Examined]
) -> None:
    layers = f"[Linear: 32, {activation}, Linear: 32, {activation}, Linear: $classes]"
    assert examine(network(layers, optimizer)).ids == []


@pytest.mark.parametrize(
    "layers",
    [
        "[Linear: $classes]",
        "[Linear: 8, BatchNorm1d, ReLU, Dropout: 0.5, Linear: 2, ReLU, Linear: $classes]",
        "\n  - Linear: 16\n  - Tanh\n  - Linear: $classes\n    init: zeros_",
        "\n  - Linear: 16\n  - Tanh\n  - Linear: 16\n    freeze: true\n  - Tanh\n  - Linear: $classes",
    ],
    ids=["one layer", "narrow", "zero at the end", "frozen"],
)
def test_what_only_looks_like_a_fault(layers: str, examine: Callable[[str], Examined]) -> None:
    assert examine(network(layers, ADAM)).ids == []
