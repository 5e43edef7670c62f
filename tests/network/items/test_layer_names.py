"""Names in the weights file, and of calls, are those that docs/language.md gives."""

from __future__ import annotations

import pytest
import torch

from nncli.errors import NncliError
from tests.network.compiled import ROW, codes, compiled, network, networks, refusals

CONV = """
blocks:
  conv_bn:
    args: [channels, stride: 1]
    layers: [Conv2d: [$channels, 3, stride: $stride, padding: 1, bias: false], BatchNorm2d, ReLU]
  bottleneck:
    args: [channels, stride: 1]
    layers:
      - residual: [conv_bn: [$channels, $stride], conv_bn: $channels, conv_bn: $channels]
        shortcut: [conv_bn: [$channels, $stride]]
network:
  inputs: {image: [3, 16, 16]}
  layers:
    - conv_bn: 8
    - bottleneck: [8, "$(1 if i > 0 else 2)"]
      name: stages
      repeat: [2, {i: 2}]
    - parallel:
        one: [Conv2d: [4, 1]]
        three: [conv_bn: 4, {Conv2d: [4, 1], name: last}]
        same: []
      join: cat
      name: inception
    - conv_bn: 4
      repeat: 1
    - conv_bn: 4
    - residual: [Conv2d: [4, 1]]
    - Sequential: [Conv2d: [4, 1], Flatten]
    - Linear: 3
      repeat: {width: [3, 3]}
      join: cat
      name: experts
    - Linear: 2
"""
WEIGHTS = """
conv_bn.conv2d conv_bn.batchnorm2d stages.0.0.conv_bn.conv2d stages.0.0.conv_bn_3.batchnorm2d
stages.1.1.shortcut.conv_bn.conv2d stages.1.1.conv_bn_2.conv2d inception.one.conv2d
inception.three.conv_bn.conv2d inception.three.last conv_bn_2.0.conv2d conv_bn_3.conv2d conv2d conv2d_2
experts.0 experts.1 linear
""".split()


def test_scopes_are_blocks_repetitions_branches_shortcuts_and_named_structures() -> None:
    made = network(CONV)
    names = [name.removesuffix(".weight") for name in made.module.state_dict() if name.endswith(".weight")]
    assert {*WEIGHTS} <= {*names}
    assert len(names) == 2 + 4 * 4 * 2 + 1 + 3 + 2 + 2 + 2 + 2 + 1
    layers = {call.name for call in made.layers}
    assert {*names} <= layers and made.module.get_submodule("stages.0.1.conv_bn.relu")
    for name in layers:
        assert type(made.module.get_submodule(name)).__name__ == _type(made.layers, name)


def _type(layers: object, name: str) -> str:
    return next(call.type for call in layers if call.name == name)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        ("Linear: 4, Linear: 4, ReLU, Linear: 4", "linear linear_2 relu linear_3"),
        ("residual: [Linear: 6, ReLU], Linear: 6", "linear relu add linear_2"),
        ("{residual: [Linear: 6, ReLU], name: body}, Linear: 6", "body.linear body.relu body.add linear"),
        ("Sequential: [Linear: 6, Sequential: [Linear: 6]]", "linear linear_2"),
        ("{Sequential: [Linear: 6], repeat: 2}, Linear: 6", "sequential.0.linear sequential.1.linear linear"),
        ("{Linear: 6, repeat: 1}, {Linear: 6, repeat: 1}", "linear.0 linear_2.0"),
        ("{residual: [Linear: 6], repeat: 1}", "residual.0.linear residual.0.add"),
        ("{parallel: {a: [Linear: 6], b: [Linear: 6]}, join: cat, repeat: 1}",
         "parallel.0.a.linear parallel.0.b.linear parallel.0.cat"),
        ("{residual: [Linear: 5], shortcut: [Linear: 5]}, {residual: [Linear: 4], shortcut: [Linear: 4]}",
         "linear shortcut.linear add linear_2 shortcut_2.linear add"),
        ("{Linear: 6, when: $(size(1) > 9)}, {Linear: 6, when: false}, Linear: 6", "linear"),
        ("{Linear: 6, name: head}, {relu: , name: act}, sigmoid, sigmoid", "head act sigmoid sigmoid_2"),
        ("{Linear: 6, name: [head]}, Linear: 6", "head linear"),
        ("{compute: x + 1}, {rearrange: b c -> b c}, {compute: x * 2}", "compute rearrange compute_2"),
        ("{LSTM: 4, name: linear}, Linear: 4", "linear linear_2"),
    ],
)  # fmt: skip
def test_calls_have_the_names_of_their_weights(layers: str, names: str) -> None:
    inputs = "signal: [5, 6]" if "LSTM" in layers else ROW
    made = compiled(layers, inputs)
    assert [call.name for call in made.calls] == names.split()
    with_weights = {call.name for call in made.calls if call.parameters}
    assert {name.rpartition(".")[0] for name in made.module.state_dict()} == with_weights


def test_names_of_several_networks_leave_their_own_name_out() -> None:
    made = networks(
        """
        networks:
          generator: {inputs: {noise: [4]}, layers: [{Linear: 6, name: up, repeat: 2}]}
          whole: {inputs: {noise: [4]}, layers: [generator, Linear: 6]}
        """
    )
    assert "up.0.weight" in made["generator"].module.state_dict()
    assert list(made["whole"].module.state_dict())[::2] == [
        "generator.up.0.weight",
        "generator.up.1.weight",
        "linear.weight",
    ]


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("{Linear: 6, name: a}, {parallel: {a: [], b: []}, join: cat}", "name-repeated"),
        ("{parallel: {a: [], b: []}, join: cat}, {parallel: {a: [], c: []}, join: cat}", "name-repeated"),
        ("{residual: [{Linear: 6, name: a}]}, {residual: [{Linear: 6, name: a}]}", "name-repeated"),
        ("{chunk: [2, 1], name: [a, b]}, {Linear: 6, from: a, name: b}", "name-repeated"),
        ("{Linear: 6, name: a}, {Linear: , share: a, name: a}", "name-repeated"),
        ("{compute: {a: x * 2}}, {Linear: 6, name: a}", "name-repeated"),
        ("{Linear: 6, name: a}, {compute: {a: x * 2}}", "name-repeated"),
        ("{parallel: {row: [], b: []}, join: cat}", "name-of-input"),
        ("{Linear: 6, name: code}", "name-taken"),
        ("{parallel: {train: [], b: []}, join: cat}", "name-taken"),
    ],
)
def test_a_scope_gives_a_name_once(layers: str, code: str) -> None:
    assert codes(layers, ROW) == [code]


def test_names_of_other_scopes_are_free() -> None:
    layers = (
        "{parallel: {a: [{Linear: 6, name: p}], b: [{Linear: 6, name: p}]}, join: add}, "
        "{residual: [{Linear: 6, name: a}], name: c}, {Sequential: [{Linear: 6, name: p}], repeat: 2}, "
        "{compute: {training: x * 2}}"
    )
    names = [call.name for call in compiled(layers, ROW).layers]
    assert names == ["a.p", "b.p", "c.a", "sequential.0.p", "sequential.1.p"]


def test_constants_and_networks_keep_their_names() -> None:
    constants = {"linear": torch.arange(6.0)}
    text = "network:\n  inputs: {row: [6]}\n  layers: [Linear: 6, {compute: x + linear}]\n"
    made = networks(text, constants)["network"]
    assert list(made.module.state_dict()) == ["linear_2.weight", "linear_2.bias"]
    row = torch.zeros(1, 6)
    assert torch.equal(made.module(row)[0], made.module.get_parameter("linear_2.bias") + constants["linear"])
    with pytest.raises(NncliError, match="`linear` is the name of a constant already"):
        networks(text.replace("Linear: 6", "{Linear: 6, name: linear}"), constants)
    called = """
        networks:
          linear: {inputs: {row: [6]}, layers: [Linear: 6]}
          whole: {inputs: {row: [6]}, layers: [Linear: 6, linear, ITEM]}
        """
    names = [call.name for call in networks(called.replace("ITEM", "ReLU"))["whole"].layers]
    assert names == ["linear_2", "linear.linear", "relu"]
    with pytest.raises(NncliError, match="the name of a network"):
        networks(called.replace("ITEM", "{Linear: 6, name: linear}"))


def test_an_input_of_a_block_is_no_name_for_a_layer_in_it() -> None:
    text = """
    blocks: {b: {inputs: [x, memory], layers: [{Linear: 6, name: memory}, {add: , from: [x, memory]}]}}
    network: {inputs: {row: [6]}, layers: [{b: , from: [row, row]}]}
    """
    with pytest.raises(NncliError, match="`memory` is the name of an input"):
        network(text)


def test_what_a_name_hides_is_said() -> None:
    [(_, facts)] = refusals("{Linear: 3, name: a}, {Linear: 3, name: a}", ROW)
    assert facts["line"] == 3
