"""Weights that are learned through a norm."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.spec.opening import Origin, parse_spec
from tests.network.compiled import ROW, assert_same, codes, compiled, network, networks, places, refusals

RULES = """
network:
  inputs: {image: [3, 8, 8]}
  parametrize:
    - {match: "*.weight", spectral_norm: {}}
    - {match: "last.*", weight_norm: {dim: 1}}
  layers:
    - Conv2d: [4, 3]
    - BatchNorm2d
    - Flatten
    - Linear: 5
      init: {constant_: {val: 2}}
      parametrize: {spectral_norm: {n_power_iterations: 3, eps: 1e-6}}
    - Linear: 2
      name: last
"""


def _state(network: CompiledNetwork | nn.Module) -> dict[str, torch.Tensor]:
    return (network.module if isinstance(network, CompiledNetwork) else network).state_dict()


def _assert_equal(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert {*ours} == {*theirs}
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_layer_begins_as_torchs_own_does() -> None:
    torch.manual_seed(0)
    made = compiled("{Linear: 4, parametrize: spectral_norm}, {Linear: 3, parametrize: weight_norm}", ROW)
    torch.manual_seed(0)
    first, second = nn.Linear(6, 4), nn.Linear(4, 3)
    written = nn.Module()
    written.linear, written.linear_2 = spectral_norm(first), weight_norm(second)
    _assert_equal(_state(made), _state(written))
    assert "linear.parametrizations.weight.original" in _state(made)
    parts = {"linear": spectral_norm(nn.Linear(6, 4)), "linear_2": weight_norm(nn.Linear(4, 3))}
    assert_same(made, parts, lambda net, x: net["linear_2"](net["linear"](x)))


def test_a_norm_comes_behind_initial_values_and_the_last_word_counts() -> None:
    torch.manual_seed(0)
    made = network(RULES)
    torch.manual_seed(0)
    conv, linear, last = nn.Conv2d(3, 4, 3), nn.Linear(144, 5), nn.Linear(5, 2)
    nn.init.constant_(linear.weight, 2)
    written = nn.Module()
    written.conv2d, written.batchnorm2d = spectral_norm(conv), nn.BatchNorm2d(4)
    written.last = weight_norm(last, dim=1)
    written.linear = spectral_norm(linear, n_power_iterations=3, eps=1e-6)
    assert {*_state(made)} == {*_state(written)}
    assert torch.equal(made.module.linear.parametrizations.weight.original, torch.full((5, 144), 2.0))
    norm = made.module.linear.parametrizations.weight[0]
    assert (norm.n_power_iterations, norm.eps) == (3, 1e-6)
    assert torch.equal(made.module.last.weight, last.weight)


def test_a_length_that_is_learned_counts_as_parameters() -> None:
    made = compiled("{Linear: 4, parametrize: weight_norm}, {Linear: 3, parametrize: spectral_norm}", ROW)
    assert [call.parameters for call in made.calls] == [4 * 6 + 4 + 4, 4 * 3 + 3]
    assert made.parameters() == sum(call.parameters for call in made.calls)


def test_copies_and_repeated_calls_have_the_norms_that_they_should() -> None:
    made = compiled("{Linear: 6, parametrize: spectral_norm, repeat: 2}, Linear: 6", ROW)
    normed = {name for name in _state(made) if name.endswith("original")}
    assert normed == {f"linear.{copy}.parametrizations.weight.original" for copy in (0, 1)}
    made = compiled("{Linear: 6, parametrize: spectral_norm, repeat: 2, share: true}", ROW)
    assert len([name for name in _state(made) if name.endswith("original")]) == 1
    made = compiled("{Linear: 6, parametrize: weight_norm, name: a}, {Linear: , share: a}", ROW)
    twice = made.module(torch.zeros(1, 6))
    assert torch.equal(twice, made.module.a(made.module.a(torch.zeros(1, 6))))


def test_inside_of_layers_weights_have_norms_by_their_names() -> None:
    text = """
    network:
      inputs: {steps: [3, 8]}
      parametrize: [{match: "*.query.weight", spectral_norm: {}}]
      layers: [SelfAttention: {heads: 2}]
    """
    made = network(text)
    (norm,) = made.constructions["selfattention"].norms
    assert (norm.function, norm.part, norm.arguments) == ("spectral_norm", "query", {})
    assert "selfattention.query.parametrizations.weight.original" in _state(made)


def test_a_network_with_norms_is_a_layer_of_another() -> None:
    text = """
    networks:
      inner: {inputs: {row: [6]}, layers: [{Linear: 6, parametrize: spectral_norm}]}
      outer:
        inputs: {row: [6]}
        layers: [inner, inner, Linear: 2]
        parametrize: [{match: "*.weight", weight_norm: {}}]
    """
    torch.manual_seed(0)
    made = networks(text)["outer"]
    names = {name for name in _state(made) if "original" in name}
    assert names == {
        "inner.linear.parametrizations.weight.original",
        "linear.parametrizations.weight.original0",
        "linear.parametrizations.weight.original1",
    }
    made.module.eval()
    row = torch.randn(2, 6)
    inner = made.module.inner.linear
    assert torch.equal(made.module(row), made.module.linear(inner(inner(row))))


class Gain(nn.Module):
    """A layer of `--code`."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(6) * 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


def test_a_layer_of_ones_own_has_a_norm_as_others_have() -> None:
    text = """
networks:
  inner: {inputs: {row: [6]}, layers: [{Gain: , parametrize: spectral_norm}]}
  outer: {inputs: {row: [6]}, layers: [inner, inner, {Gain: , parametrize: weight_norm}]}
"""
    spec = parse_spec(text, Origin("a.yaml", Path(), text))
    made = compile_networks(spec.networks, {}, Surroundings(own_layers={"Gain": Gain}))["outer"]
    row = torch.randn(3, 6)
    assert torch.allclose(made.module.eval()(row), 3 * row, atol=1e-4)
    assert {call.type for call in made.calls} == {"Gain"}


def test_frozen_weights_keep_their_norm_as_it_is() -> None:
    for frozen in ("{Linear: 6, parametrize: spectral_norm, freeze: true}, Linear: 2",):
        made = compiled(frozen, ROW).module.train()
        before = copy.deepcopy(_state(made))
        made(torch.randn(3, 6))
        _assert_equal(_state(made), before)
    text = RULES + '  freeze: ["conv2d.weight", "last.weight"]\n'
    trained = {name for name, weight in network(text).module.named_parameters() if weight.requires_grad}
    assert not {name for name in trained if "original" in name} - {"linear.parametrizations.weight.original"}
    assert {"conv2d.bias", "last.bias"} <= trained


def test_copies_have_norms_of_their_own() -> None:
    made = compiled("{Linear: 4, parametrize: spectral_norm}", ROW).module
    other = copy.deepcopy(made)
    before = _state(made)["linear.parametrizations.weight.0._u"].clone()
    other(torch.randn(2, 6))
    assert torch.equal(_state(made)["linear.parametrizations.weight.0._u"], before)
    assert not torch.equal(_state(other)["linear.parametrizations.weight.0._u"], before)


def test_a_network_without_memory_has_the_same_names() -> None:
    layers, row = (
        "{Linear: 4500, parametrize: spectral_norm}, {Linear: 2, parametrize: weight_norm}",
        "row: [4500]",
    )
    made = compiled(layers, row, weights=False)
    assert made.module.linear.parametrizations.weight.original.is_meta
    small = compiled(layers.replace("4500", "45"), "row: [45]")
    assert {*_state(made)} == {*_state(small)}


UNFIT = [
    "{Linear: 6, name: a, parametrize: weight_norm}, {Linear: , share: {weight: a.weight}}",
    "{Linear: 6, name: a}, {Linear: , share: {weight: a.weight}, parametrize: weight_norm}",
    "{Unflatten: [1, [3, 2]]}, {LSTM: 4, parametrize: {weight_norm: {name: weight_hh_l0}}}",
]
WITHOUT_WEIGHT = [
    "{Linear: 3, parametrize: {spectral_norm: {name: kernel}}}",
    "{ReLU: , parametrize: spectral_norm}",
    "{relu: , parametrize: spectral_norm}",
    "{residual: [Linear: 6], parametrize: spectral_norm}",
    "{Parameter: [1, 6], name: a, parametrize: spectral_norm}, {add: , from: [x, a]}",
]


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("{Linear: 3, parametrize: spectral}", "parametrization-unknown"),
        ("{Linear: 3, parametrize: {orthogonal: {}}}", "parametrization-unknown"),
        ("{Linear: 3, parametrize: {spectral_norm: {rounds: 3}}}", "argument-unknown"),
        ("{Linear: 3, parametrize: {spectral_norm: {eps: small}}}", "argument-type"),
        ("{Linear: 3, parametrize: {spectral_norm: {n_power_iterations: 0}}}", "argument-range"),
        ("{Linear: 3, parametrize: {spectral_norm: {dim: 5}}}", "parametrize-refused"),
        ("{Linear: 3, parametrize: }", "call-expected"),
        ("{Linear: 3, parametrize: {spectral_norm: {}, weight_norm: {}}}", "call-two-names"),
        *((layers, "parametrize-unfit") for layers in UNFIT),
        *((layers, "parametrize-without-weight") for layers in WITHOUT_WEIGHT),
    ],
)
def test_a_mistake_about_norms_has_its_code(layers: str, code: str) -> None:
    assert codes(layers, ROW) == [code]


def test_rules_that_reach_no_weight_are_told_at_their_line() -> None:
    assert places(RULES.replace("last.*", "lost.*")) == ["pattern-matches-nothing 5:7"]
    assert places(RULES.replace("last.*", "*.bias")) == ["parametrize-unfit 5:25"]
    assert places(RULES.replace("{dim: 1}", "{dim: 1, name: bias}")) == ["argument-unknown 5:47"]
    assert places(RULES.replace("weight_norm", "wait_norm")) == ["parametrization-unknown 5:25"]
    table = "{Embedding: {embedding_dim: 3, max_norm: 1.0}, parametrize: spectral_norm}"
    ((code, facts),) = refusals(table, "tokens: {shape: [5], type: index, vocabulary: 11}")
    assert code == "parametrize-unfit" and "max_norm" in str(facts["reason"])
