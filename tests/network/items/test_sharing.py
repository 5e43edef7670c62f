"""Shared weights are one tensor: for layers, blocks, structures and single parameters."""

from __future__ import annotations

import copy

import torch
from torch import nn

from nncli.network.compiled import stored_tensors
from tests.network.compiled import ROW, TOKENS, assert_same, codes, compiled, network, places


def test_a_shared_layer_is_the_same_layer_again() -> None:
    made = compiled(
        "{Linear: 6, name: first}, ReLU, {Linear: , share: first}, {Linear: , share: first, name: end}", ROW
    )
    assert_same(
        made, {"first": nn.Linear(6, 6)}, lambda me, x: me["first"](me["first"](me["first"](x).relu()))
    )
    assert [call.name for call in made.calls] == ["first", "relu", "first", "first"]
    assert [call.parameters for call in made.calls] == [42, 0, 0, 0] and made.parameters() == 42


def test_a_block_and_a_structure_can_be_shared() -> None:
    text = """
    blocks:
      body:
        args: [width]
        layers: [Linear: $width, ReLU, {Linear: 6, name: out}]
    network:
      inputs: {row: [6]}
      layers:
        - body: 4
          name: one
        - body: 4
          share: one
        - residual: [Linear: 6]
          name: two
        - residual: [Linear: 6]
          share: two
    """
    made = network(text)
    assert_same(
        made,
        {"one.linear": nn.Linear(6, 4), "one.out": nn.Linear(4, 6), "two.linear": nn.Linear(6, 6)},
        _twice,
    )
    changed = text.replace("- body: 4\n          share", "- body: 5\n          share")
    assert places(changed) == ["share-differs 4:14"], "where the block makes it"


def _twice(me: nn.Module, x: torch.Tensor) -> torch.Tensor:
    for _ in range(2):
        x = me["one.out"](me["one.linear"](x).relu())  # type: ignore[index]
    for _ in range(2):
        x = me["two.linear"](x) + x  # type: ignore[index]
    return x


def test_a_repetition_can_be_shared_and_a_loop_can_share() -> None:
    layers = (
        "{Linear: 6, name: stages, repeat: 2}, {Linear: , share: stages.1}, "
        "{Linear: , share: stages.0, repeat: 2}"
    )
    assert_same(
        compiled(layers, ROW),
        {f"stages.{i}": nn.Linear(6, 6) for i in range(2)},
        lambda me, x: _row(me, x, "01100"),
    )


def _row(me: nn.Module, x: torch.Tensor, order: str) -> torch.Tensor:
    for number in order:
        x = me[f"stages.{number}"](x)  # type: ignore[index]
    return x


TIED = "{Embedding: 4, name: embedding}, {Linear: {bias: false}, share: {weight: embedding.weight}}"


def test_a_tied_weight_is_one_tensor_with_one_gradient() -> None:
    made = compiled(TIED, TOKENS)
    module = made.module
    head, embedding = module.get_submodule("linear"), module.get_submodule("embedding")
    assert head.weight is embedding.weight and made.output_shape == (5, 11)
    assert list(stored_tensors(module)) == ["embedding.weight"], "stored once, under its owner"
    assert dict(made.ties) == {"linear.weight": "embedding.weight"}
    assert made.parameters() == 44 and [call.parameters for call in made.calls] == [44, 0]
    module(torch.arange(10).reshape(2, 5)).square().sum().backward()
    tokens = torch.arange(10).reshape(2, 5)
    weight = embedding.weight.detach().clone().requires_grad_()
    (nn.functional.embedding(tokens, weight) @ weight.T).square().sum().backward()
    torch.testing.assert_close(embedding.weight.grad, weight.grad)
    twin = copy.deepcopy(module)
    assert twin.get_submodule("linear").weight is twin.get_submodule("embedding").weight
    assert twin.get_submodule("linear").weight is not head.weight


def test_a_tie_holds_above_64_mb_too() -> None:
    inputs = "tokens: {shape: [3], type: index, vocabulary: 40000}"
    made = compiled(TIED.replace("Embedding: 4", "Embedding: 512"), inputs)
    module = made.module
    assert module.get_submodule("linear").weight is module.get_submodule("embedding").weight
    assert not module.get_submodule("linear").weight.is_meta and made.parameters() == 40000 * 512


def test_a_parameter_can_be_a_weight_and_be_shared() -> None:
    text = """
    network:
      inputs: {row: [6]}
      layers:
        - Parameter: [3, 6]
          name: table
        - Linear: {bias: false}
          share: {weight: table}
        - Parameter: [3, 6]
          name: again
          share: table
        - compute: x @ again
    """
    made = network(text)
    table = made.module.get_parameter("table")
    assert made.module.get_submodule("linear").weight is table and list(stored_tensors(made.module)) == [
        "table"
    ]
    x = torch.randn(4, 6)
    assert torch.equal(made.module(x), nn.functional.linear(x, table) @ table)
    wrong = text.replace(
        "Parameter: [3, 6]\n          name: again", "Parameter: [3, 7]\n          name: again"
    )
    assert places(wrong) == ["share-shape 8:7"]


def test_what_cannot_be_shared_is_refused_at_its_line() -> None:
    head = "{Linear: 6, name: a}, {Sequential: [Linear: 6], name: s}, {ReLU: , name: r}, {relu: , name: f}, "
    for item, code in {
        "{Linear: 6, share: a}": "share-with-arguments",
        "{Linear: , share: s}": "share-other-kind",
        "{Conv1d: [6, 1], share: a}": "share-other-kind",
        "{Sequential: [Linear: 6], share: a}": "share-other-kind",
        "{relu: , share: a}": "share-other-kind",
        "{relu: , share: f}": "share-unknown",
        "{Linear: , share: b}": "value-unknown",
        "{Linear: , share: linear}": "value-unknown",
        "{Linear: , share: later}": "value-later",
        "{Linear: , share: row}": "share-unknown",
        "{Linear: , share: s.a}": "share-unknown",
        "{Linear: {bias: false}, share: {weight: a}}": "share-unknown",
        "{Linear: {bias: false}, share: {weight: a.wieght}}": "share-unknown",
        "{Linear: {bias: false}, share: {wieght: a.weight}}": "argument-missing",
        "{Linear: {out_features: 6, bias: false}, share: {wieght: a.weight}}": "share-unknown",
        "{Linear: 6, share: {weight: a.weight}}": "positions-refused",
        "{Linear: {out_features: 7}, share: {weight: a.weight}}": "share-shape",
        "{Bilinear: , from: [x, row], share: {weight: a.weight}}": "share-shape",
    }.items():
        assert codes(f"{head}{item}, {{Linear: 6, name: later}}", ROW) == [code], item


def test_a_layer_is_shared_where_the_same_size_flows_in() -> None:
    assert codes("{Linear: 5, name: a}, {Linear: , share: a}", ROW) == ["shape-mismatch"]


def test_what_hangs_on_a_mistake_is_no_mistake_of_its_own() -> None:
    layers = (
        "{Liner: 5, name: a}, {Linear: , share: a}, {Linear: {bias: false}, share: {weight: a.weight}}, "
        "Dropout: 7"
    )
    assert codes(layers, ROW) == ["layer-unknown", "layer-refused"]
