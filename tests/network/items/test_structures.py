"""Structures, blocks and networks as layers are what a person would have written, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from nncli.errors import SpecError
from tests.network.compiled import IMAGE, ROW, assert_same, codes, compiled, network, networks, refusals


def test_a_residual_adds_what_flows_in() -> None:
    assert_same(
        compiled("residual: [Linear: 6, ReLU], residual: [Linear: 6]", ROW),
        {"linear": nn.Linear(6, 6), "linear_2": nn.Linear(6, 6)},
        lambda me, x: (y := me["linear"](x).relu() + x) * 0 + (me["linear_2"](y) + y),
    )


def test_a_shortcut_may_be_layers_of_its_own() -> None:
    layers = (
        "{residual: [Conv2d: [4, 3, stride: 2, padding: 1]], "
        "shortcut: [Conv2d: [4, 1, stride: 2], BatchNorm2d]}"
    )
    assert_same(
        compiled(layers, IMAGE),
        {
            "conv2d": nn.Conv2d(3, 4, 3, 2, 1),
            "shortcut.conv2d": nn.Conv2d(3, 4, 1, 2),
            "shortcut.batchnorm2d": nn.BatchNorm2d(4),
        },
        lambda me, x: me["conv2d"](x) + me["shortcut.batchnorm2d"](me["shortcut.conv2d"](x)),
    )


def test_a_shortcut_may_be_left_out_or_decided_by_sizes() -> None:
    for shortcut, adds in (("false", 0), ("true", 1), ("$(size(1) == 6)", 1), ("$(size(1) != 6)", 0)):
        assert_same(
            compiled(f"{{residual: [Linear: 6], shortcut: {shortcut}}}", ROW),
            {"linear": nn.Linear(6, 6)},
            lambda me, x, adds=adds: me["linear"](x) + x if adds else me["linear"](x),
        )


def test_a_residual_of_nothing_doubles() -> None:
    module = compiled("residual: []", ROW).module
    x = torch.randn(3, 6)
    assert torch.equal(module(x), x + x)


def test_shapes_in_a_residual_are_never_broadcast() -> None:
    [(code, facts)] = refusals("residual: [Linear: 1]", ROW)
    assert code == "residual-shape" and facts["fix"] == "shortcut: [Linear: 1]"
    [(_, facts)] = refusals("residual: [Conv2d: [8, 3, stride: 2, padding: 1]]", IMAGE)
    assert facts["fix"] == "shortcut: [Conv2d: [8, 1, stride: 2]]"
    assert codes("residual: [Flatten]", IMAGE) == ["residual-shape"]


def test_structures_lie_in_each_other() -> None:
    assert_same(
        compiled(
            "residual: [{parallel: {a: [residual: [Linear: 6]], b: []}, join: mul}], Sequential: [Linear: 2]",
            ROW,
        ),
        {"a.linear": nn.Linear(6, 6), "linear": nn.Linear(6, 2)},
        lambda me, x: me["linear"]((me["a.linear"](x) + x) * x + x),
    )


def test_a_block_sees_its_arguments_inputs_and_vars() -> None:
    text = """
    vars: {width: 5}
    blocks:
      twice:
        args: [channels, act: ReLU]
        vars: {hidden: $(2 * size(1))}
        layers: [Linear: $hidden, $act, Linear: $channels]
      pair:
        inputs: [x, memory]
        args: [body]
        layers:
          - residual: $body
            name: kept
          - Linear: $width
            from: memory
            name: other
          - cat: {dim: 1}
            from: [kept, other]
    network:
      inputs: {row: [6]}
      layers:
        - twice: [4, act: {LeakyReLU: 0.3}]
          name: first
        - pair: [[Linear: 4]]
          from: {memory: row}
        - twice: [3]
    """
    assert_same(
        network(text),
        {
            "first.linear": nn.Linear(6, 12),
            "first.linear_2": nn.Linear(12, 4),
            "pair.kept.linear": nn.Linear(4, 4),
            "pair.other": nn.Linear(6, 5),
            "twice.linear": nn.Linear(9, 18),
            "twice.linear_2": nn.Linear(18, 3),
        },
        lambda me, x: _block(me, "twice", torch.relu, _pair(me, _block(me, "first", _leaky, x), x)),
    )


def _leaky(x: torch.Tensor) -> torch.Tensor:
    return nn.functional.leaky_relu(x, 0.3)


def _block(me: nn.Module, name: str, act: object, x: torch.Tensor) -> torch.Tensor:
    return me[f"{name}.linear_2"](act(me[f"{name}.linear"](x)))  # type: ignore[index,operator]


def _pair(me: nn.Module, x: torch.Tensor, row: torch.Tensor) -> torch.Tensor:
    return torch.cat([me["pair.kept.linear"](x) + x, me["pair.other"](row)], 1)  # type: ignore[index]


def test_a_block_may_have_several_outputs() -> None:
    text = """
    blocks:
      split:
        inputs: [left, right]
        layers:
          - Linear: 3
            from: left
            name: one
          - Linear: 2
            from: right
            name: two
        outputs: {first: one, second: two}
    network:
      inputs: {a: [6], b: [5]}
      layers:
        - split:
          from: {right: b, left: a}
          name: both
        - split:
          from: [a, b]
          name: [u, v]
        - cat: {dim: 1}
          from: [both.second, u, v, both.first]
    """
    assert_same(
        network(text),
        {
            f"{scope}.{name}": nn.Linear(size, out)
            for scope in ("both", "split")
            for name, size, out in (("one", 6, 3), ("two", 5, 2))
        },
        lambda me, x: torch.cat(
            [me["both.two"](x[1]), me["split.one"](x[0]), me["split.two"](x[1]), me["both.one"](x[0])], 1
        ),
    )


def test_a_block_without_layers_passes_on() -> None:
    text = """
    blocks: {nothing: {layers: []}}
    network:
      inputs: {row: [6]}
      layers: [nothing, Linear: 2, {nothing: , repeat: 3}]
    """
    assert_same(network(text), {"linear": nn.Linear(6, 2)}, lambda me, x: me["linear"](x))


ENCODER = """
networks:
  encoder:
    inputs: {image: [6], other: [5]}
    layers:
      - Linear: 4
        from: image
        name: left
      - Linear: 4
        from: other
        init: {ones_: {}}
      - add:
        from: [x, left]
    outputs: {sum: x, left: left}
"""


def test_a_network_is_a_layer_of_two_others_and_twice_of_one() -> None:
    text = ENCODER + (
        "  first:\n    inputs: {a: [6], b: [5]}\n    layers:\n"
        "      - encoder:\n        from: {other: b, image: a}\n        name: one\n"
        "      - encoder:\n        from: [a, b]\n        name: two\n"
        "      - mul:\n        from: [one.sum, two.left]\n"
        "  second:\n    inputs: {image: [6], other: [5]}\n    layers:\n"
        "      - encoder:\n        from: [image, other]\n        name: [u, v]\n"
        "      - Linear: 2\n        from: u\n"
    )
    made = networks(text)
    encoder = {"encoder.left": nn.Linear(6, 4), "encoder.linear": nn.Linear(5, 4)}
    assert_same(
        made["first"],
        encoder,
        lambda me, x: (me["encoder.linear"](x[1]) + me["encoder.left"](x[0])) * me["encoder.left"](x[0]),
    )
    assert_same(
        made["second"],
        {**encoder, "linear": nn.Linear(4, 2)},
        lambda me, x: me["linear"](me["encoder.linear"](x[1]) + me["encoder.left"](x[0])),
    )
    weights = [
        made["encoder"].module.get_parameter("left.weight"),
        *(made[name].module.get_parameter("encoder.left.weight") for name in ("first", "second")),
    ]
    assert all(weight is weights[0] for weight in weights), "one network, one weight"
    called = [call.name for call in made["first"].calls if call.is_layer]
    assert called == ["encoder.left", "encoder.linear", "encoder.left"], "the other sum is not used"
    assert made["first"].parameters() == made["encoder"].parameters()


def test_a_network_without_inputs_is_made_by_its_first_call() -> None:
    text = """
    networks:
      head: {layers: [Linear: 6], init: [{match: "*.weight", zeros_: {}}], freeze: ["*.bias"]}
      whole:
        inputs: {row: [6]}
        layers: [head, ReLU, head]
    """
    made = networks(text)
    assert list(made) == ["whole"]
    module = made["whole"].module
    assert list(module.state_dict()) == ["head.linear.weight", "head.linear.bias"]
    assert module.get_parameter("head.linear.weight").eq(0).all()
    assert [weight.requires_grad for weight in module.parameters()] == [True, False]


NESTED = """
networks:
  inner: {inputs: {row: [6]}, layers: [{Linear: 6, name: a}, {Linear: , share: a}], freeze: ["*.bias"]}
  middle: {inputs: {row: [6]}, layers: [inner, {Linear: 6, freeze: true}]}
  outer: {inputs: {row: [6]}, layers: [middle, inner, Linear: 2]}
"""


def test_networks_inside_networks_stand_side_by_side() -> None:
    a = ("inner.a", "inner.a")
    free = NESTED.replace(', freeze: ["*.bias"]', "").replace(", freeze: true", "")
    assert_same(
        networks(free)["outer"],
        {"inner.a": nn.Linear(6, 6), "middle.linear": nn.Linear(6, 6), "linear": nn.Linear(6, 2)},
        lambda me, x: me["linear"](_run(me, (*a, "middle.linear", *a), x)),
    )
    made = networks(NESTED)
    inner, outer = made["inner"].module, made["outer"]
    assert outer.module.get_parameter("inner.a.weight") is inner.get_parameter("a.weight")
    assert set(outer.constructions) == {"inner.a", "middle.linear", "linear"}
    assert outer.frozen == ("middle.linear",)
    trained = {name for name, weight in outer.module.named_parameters() if weight.requires_grad}
    assert trained == {"inner.a.weight", "linear.weight", "linear.bias"}


def _run(me: Mapping[str, nn.Module], names: tuple[str, ...], x: torch.Tensor) -> torch.Tensor:
    for name in names:
        x = me[name](x)
    return x


def test_networks_inside_networks_may_state_no_inputs() -> None:
    made = networks(NESTED.replace("inputs: {row: [6]}, ", "", 2))
    assert list(made) == ["outer"]
    weights = {name: weight.requires_grad for name, weight in made["outer"].module.named_parameters()}
    assert weights == {
        "inner.a.weight": True,
        "inner.a.bias": False,
        "middle.linear.weight": False,
        "middle.linear.bias": False,
        "linear.weight": True,
        "linear.bias": True,
    }


def test_networks_that_double_each_other_are_bounded() -> None:
    chain = "".join(f"  n{i}: {{inputs: {{row: [4]}}, layers: [n{i + 1}, n{i + 1}]}}\n" for i in range(40))
    with pytest.raises(SpecError) as caught:
        networks(f"networks:\n{chain}  n40: {{inputs: {{row: [4]}}, layers: [ReLU]}}\n")
    [problem] = caught.value.problems
    assert (problem.code, problem.facts["limit"]) == ("spec-too-large", "20,000 items")
    assert problem.place is not None and problem.place.line == 28


def test_several_inputs_and_outputs_keep_their_order() -> None:
    text = """
    network:
      inputs: {a: [6], b: [5]}
      layers:
        - Linear: 3
          from: b
          name: second
        - Linear: 2
          from: a
      outputs: {late: x, early: second}
    """
    made = network(text)
    assert made.outputs == {"late": (2,), "early": (3,)}
    assert_same(
        made,
        {"second": nn.Linear(5, 3), "linear": nn.Linear(6, 2)},
        lambda me, x: (me["linear"](x[0]), me["second"](x[1])),
    )


def test_an_expression_needs_no_flow_where_several_inputs_come() -> None:
    layers = "{Parameter: [1, 6], name: scale}, {compute: scale * a + b}"
    assert_same(
        compiled(layers, "a: [6], b: [6]"),
        {"scale": nn.Parameter(torch.zeros(1, 6))},
        lambda me, x: me["scale"] * x[0] + x[1],
    )
    for first in ("Linear: 3", "residual: [Linear: 3]", "{compute: a + x}", "{Linear: 3, repeat: 2}"):
        assert codes(first, "a: [6], b: [6]") == ["input-ambiguous"], first
