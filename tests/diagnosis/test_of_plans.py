"""Schedules, strides, biases and narrow layers: faults of a spec, and what only looks like them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.diagnosis.cases import RINGS, spec, training
from nncli.diagnosis.findings import Finding
from nncli.diagnosis.of_plans import lost_input, missing_bias, narrow_neck, slow_schedule
from tests.diagnosis.conftest import Examined

MLP = "[Linear: 16, ReLU, Linear: $classes]"


def scheduled(schedule: str, epochs: int = 20) -> str:
    return spec(RINGS, MLP, training("CrossEntropyLoss", "{SGD: {lr: 0.1}}", epochs, f"schedule: {schedule}"))


@pytest.mark.parametrize(
    "schedule",
    [
        "{StepLR: {step_size: 2, gamma: 0.1}, per: step}",
        "{warmup: 90000 steps}",
        "{ConstantLR: {factor: 0.01, total_iters: 900}}",
    ],
)
def test_a_schedule_that_leaves_nothing(schedule: str, examine: Callable[[str], Examined]) -> None:
    found = slow_schedule(examine(scheduled(schedule)).subject)
    assert found is not None and (found.id, found.path) == ("lr_too_low", "training.schedule")
    assert found.value is not None and found.value < found.threshold
    assert "steps of the run come to no more than" in found.evidence
    assert found.patch is not None and "CosineAnnealingLR" in found.patch.yaml


@pytest.mark.parametrize(
    "schedule",
    [
        "CosineAnnealingLR",
        "{CosineAnnealingLR: {}, warmup: 5%}",
        "{OneCycleLR: {max_lr: 0.01}}",
        "{ReduceLROnPlateau: {patience: 1}}",
        "{StepLR: {step_size: 6, gamma: 0.1}}",
        "{ExponentialLR: {gamma: 0.7}}",
        "[ChainedScheduler: [{CyclicLR: {base_lr: 1e-4, max_lr: 1e-3}}, {ConstantLR: {factor: 1.0}}]]",
        "[{ConstantLR: {factor: 0.01, total_iters: 900}, for: 50%}, {SWALR: {swa_lr: 0.1}}]",
        "{LambdaLR: {lr_lambda: ['0.0001', '1']}}\n  groups: [{match: '*.bias', lr: 0.1}]",
    ],
)
def test_schedules_that_leave_enough(schedule: str, examine: Callable[[str], Examined]) -> None:
    assert slow_schedule(examine(scheduled(schedule)).subject) is None


def images(first: str, shortcut: str = "") -> str:
    layers = f"\n  - {first}" if not shortcut else f"\n  - residual: [{first}]\n    shortcut: [{shortcut}]"
    return spec(
        "builtin:digits",
        f"{layers}\n  - ReLU\n  - Flatten\n  - Linear: $classes",
        training("CrossEntropyLoss"),
    )


def test_a_stride_that_steps_over_most_of_an_image(examine: Callable[[str], Examined]) -> None:
    found = lost_input(examine(images("Conv2d: [8, 1, stride: 4]")).subject)
    assert found is not None and (found.layer, found.path) == ("conv2d", "network.0")
    assert found.value == 1 / 16
    assert found.patch is not None and found.patch.sets == ("network.0.Conv2d.stride=1",)


@pytest.mark.parametrize(
    ("first", "shortcut"),
    [
        ("Conv2d: [8, 4, stride: 4]", ""),
        ("Conv2d: [8, 1, stride: 2]", ""),
        ("Conv2d: [8, 4, stride: 4]", "Conv2d: [8, 1, stride: 4]"),
    ],
    ids=["patches", "every second pixel", "a shortcut"],
)
def test_strides_that_leave_enough(first: str, shortcut: str, examine: Callable[[str], Examined]) -> None:
    assert lost_input(examine(images(first, shortcut)).subject) is None


def test_a_network_that_adds_nothing(examine: Callable[[str], Examined]) -> None:
    layers = "\n  - Linear: [16, bias: false]\n  - ReLU\n  - Linear: [$classes, bias: false]"
    found = missing_bias(examine(spec(RINGS, layers, training("CrossEntropyLoss"))).subject)
    assert found is not None and found.path == "network.0"
    assert found.patch is not None
    assert found.patch.sets == ("network.0.Linear.bias=true", "network.2.Linear.bias=true")


@pytest.mark.parametrize(
    "layers",
    [
        "\n  - Linear: [16, bias: false]\n  - BatchNorm1d\n  - ReLU\n  - Linear: [$classes, bias: false]",
        "\n  - Linear: [16, bias: false]\n  - Sigmoid\n  - Linear: [$classes, bias: false]",
        "\n  - Linear: [16, bias: false]\n  - ReLU\n  - Linear: $classes",
        "\n  - Linear: [$classes, bias: false]",
    ],
    ids=["normalised", "sigmoid", "one bias", "one layer"],
)
def test_biases_that_are_not_missed(layers: str, examine: Callable[[str], Examined]) -> None:
    assert missing_bias(examine(spec(RINGS, layers, training("CrossEntropyLoss"))).subject) is None


def test_a_neck_of_one_unit(examine: Callable[[str], Examined]) -> None:
    def neck(layers: str, data: str = "builtin:iris") -> Finding | None:
        return narrow_neck(examine(spec(data, layers, training("CrossEntropyLoss"))).subject)

    hour_glass = "[Linear: 16, ReLU, Linear: 1, ReLU, Linear: 16, ReLU, Linear: $classes]"
    found = neck(hour_glass)
    assert found is not None and (found.id, found.path) == ("underfitting", "network.2")
    assert neck(hour_glass, RINGS) is None
    gate = (
        "\n  - parallel:\n      gate: [Linear: 1, Sigmoid]\n      all: [Linear: 16]\n    join: gate * all"
        "\n  - Linear: $classes"
    )
    assert neck(gate) is None
