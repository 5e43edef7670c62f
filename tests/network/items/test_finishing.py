"""Initial values, rules for them, and what is frozen."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from tests.network.compiled import ROW, codes, compiled, network, networks, places

RULES = """
network:
  inputs: {row: [6]}
  init:
    - {match: "*.bias", zeros_: {}}
    - {match: "linear.weight", normal_: {std: 0.1}}
  layers:
    - Linear: 6
    - Linear: 6
      init: {xavier_uniform_: {gain: 2}}
    - Linear: 4
      name: kept
    - Parameter: [1, 4]
      name: scale
      init: {constant_: {val: 3}}
    - compute: x * scale
"""


def test_rules_come_first_and_words_beside_items_override_them() -> None:
    torch.manual_seed(3)
    module = network(RULES).module
    torch.manual_seed(3)
    layers = [nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 4)]
    torch.empty(1, 4).normal_()
    nn.init.normal_(layers[0].weight, std=0.1)
    nn.init.xavier_uniform_(layers[1].weight, gain=2)
    for layer, name in zip(layers, ("linear", "linear_2", "kept"), strict=True):
        assert torch.equal(module.get_parameter(f"{name}.weight"), layer.weight)
        assert module.get_parameter(f"{name}.bias").eq(0).all()
    assert module.get_parameter("scale").eq(3).all()


def test_initial_values_of_a_called_network_are_drawn_once() -> None:
    text = """
    networks:
      inner: {inputs: {row: [6]}, layers: [{Linear: 6, init: {normal_: {std: 5}}}]}
      outer: {inputs: {row: [6]}, layers: [inner, inner, Linear: 2]}
    """
    torch.manual_seed(0)
    made = networks(text)
    torch.manual_seed(0)
    expected = nn.Linear(6, 6)
    nn.init.normal_(expected.weight, std=5)
    assert torch.equal(made["outer"].module.get_parameter("inner.linear.weight"), expected.weight)


def test_initial_values_in_a_shared_loop_are_drawn_once() -> None:
    torch.manual_seed(0)
    module = compiled("{Linear: 6, repeat: 3, share: true, init: {normal_: {std: 5}}}", ROW).module
    torch.manual_seed(0)
    expected = nn.Linear(6, 6)
    nn.init.normal_(expected.weight, std=5)
    assert torch.equal(module.get_parameter("linear.0.weight"), expected.weight)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ("{Linear: 3, init: {kaiming: {}}}", "initialiser-unknown"),
        ("{Linear: 3, init: {kaiming_normal: {}}}", "initialiser-unknown"),
        ("{Linear: 3, init: {constant_: {}}}", "argument-missing"),
        ("{Linear: 3, init: {constant_: {value: 3}}}", "argument-unknown"),
        ("{Linear: 3, init: {normal_: {std: wide}}}", "argument-type"),
        ("{ReLU: , init: {zeros_: {}}}", "init-without-weight"),
        ("{relu: , init: {zeros_: {}}}", "init-without-weight"),
        ("{residual: [Linear: 6], init: {zeros_: {}}}", "init-without-weight"),
        ("{BatchNorm1d: , init: {xavier_normal_: {}}}", "initialiser-refused"),
    ],
)
def test_a_mistake_about_initial_values_has_its_code(item: str, code: str) -> None:
    assert codes(item, ROW) == [code]


def test_a_rule_that_matches_nothing_is_a_mistake_at_its_line() -> None:
    assert places(RULES.replace("linear.weight", "liner.weight")) == ["pattern-matches-nothing 5:7"]


def test_what_is_frozen_stays_in_eval_mode() -> None:
    layers = (
        "{Linear: 6, freeze: true, name: a}, BatchNorm1d, "
        "{Sequential: [Linear: 6, BatchNorm1d, Dropout: 0.5], freeze: true, name: s}, "
        "{Linear: 6, freeze: $(size(1) > 9)}, {Linear: 6, freeze: $(size(1) == 6), repeat: 2, name: r}"
    )
    made = compiled(layers, ROW)
    for module in (made.module, copy.deepcopy(made.module)):
        trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
        assert trained == {"batchnorm1d.weight", "batchnorm1d.bias", "linear.weight", "linear.bias"}
        for mode in (True, False, True):
            module.train(mode)
            for name in ("a", "s", "s.linear", "s.batchnorm1d", "s.dropout", "r.0", "r.1"):
                assert not module.get_submodule(name).training, name
            assert module.get_submodule("batchnorm1d").training is mode
        x = torch.randn(4, 6)
        before = module.get_submodule("s.batchnorm1d").running_mean.clone()
        module(x)
        assert torch.equal(module.get_submodule("s.batchnorm1d").running_mean, before)
    assert {"a", "s", "s.dropout", "r.0"} <= {*made.frozen} and "linear" not in made.frozen


def test_patterns_freeze_and_a_whole_network_can_be_frozen() -> None:
    text = """
    networks:
      teacher: {inputs: {row: [6]}, layers: [Linear: 6, BatchNorm1d], freeze: true}
      student: {inputs: {row: [6]}, layers: [teacher, {Linear: 3, name: head}], freeze: "head.bias"}
    """
    made = networks(text)
    student = made["student"]
    assert not any(weight.requires_grad for weight in made["teacher"].module.parameters())
    trained = [name for name, weight in student.module.named_parameters() if weight.requires_grad]
    assert trained == ["head.weight"]
    student.module.train()
    assert not student.module.get_submodule("teacher.batchnorm1d").training
    assert {"teacher.linear", "teacher.batchnorm1d"} <= {*student.frozen}


def test_a_pattern_that_freezes_nothing_is_a_mistake_at_its_line() -> None:
    assert places(RULES + "  freeze: nothing.*\n") == ["pattern-matches-nothing 16:11"]
    text = """
    networks:
      head: {layers: [Linear: 3], freeze: "nothing.*"}
      main: {inputs: {row: [6]}, layers: [Linear: 4, head]}
    """
    assert places(text) == ["pattern-matches-nothing 2:39"]
