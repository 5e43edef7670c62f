"""Functions, expressions, Parameters and einops as items are torch's own, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nncli.printing.source import python_source
from tests.network.compiled import (
    IMAGE,
    ROW,
    SIGNAL,
    TOKENS,
    assert_same,
    codes,
    compiled,
    network,
    places,
    refusals,
)
from tests.network.handmade import opened

PAIR = "a: [6], b: [6]"


def same(layers: str, inputs: str, expected: Callable[[Any], Any]) -> None:
    """Compares a network without weights with a function of its inputs."""
    module = compiled(layers, inputs).module
    given = tuple(torch.randn(3, *shape) for shape in _shapes(inputs))
    torch.manual_seed(0)
    mine = module(*given)
    torch.manual_seed(0)
    assert torch.equal(mine, expected(given[0] if len(given) == 1 else given)), layers


def _shapes(inputs: str) -> list[tuple[int, ...]]:
    return {ROW: [(6,)], PAIR: [(6,), (6,)], IMAGE: [(3, 8, 8)], SIGNAL: [(5, 4)]}[inputs]


@pytest.mark.parametrize(
    ("item", "inputs", "expected"),
    [
        ("relu", ROW, torch.relu),
        ("add: 1", ROW, lambda x: x + 1),
        ("add: {other: 1}", ROW, lambda x: x + 1),
        ("clamp: {min: 0}", ROW, lambda x: x.clamp(min=0)),
        ("clamp: [-1, 0.5]", ROW, lambda x: x.clamp(-1, 0.5)),
        ("clamp: [-1, max: 0.5]", ROW, lambda x: x.clamp(-1, 0.5)),
        ("softmax: 1", ROW, lambda x: x.softmax(1)),
        ("topk: 2", ROW, lambda x: x.topk(2).values),
        ("{argmax: 1}, {one_hot: 6}, float", ROW, lambda x: functional.one_hot(x.argmax(1), 6).float()),
        ("softmax: {dim: -1}", SIGNAL, lambda x: x.softmax(-1)),
        ("permute: [0, 2, 1]", SIGNAL, lambda x: x.permute(0, 2, 1)),
        ("transpose: [1, 2]", SIGNAL, lambda x: x.transpose(1, 2)),
        ("mean: {dim: 1, keepdim: true}", SIGNAL, lambda x: x.mean(1, True)),
        ("mean: [[2, 3]]", IMAGE, lambda x: x.mean((2, 3))),
        ("mean: [2, 3]", IMAGE, lambda x: x.mean((2, 3))),
        ("flatten: 1", IMAGE, lambda x: x.flatten(1)),
        ("reshape: [-1, 4, 5]", SIGNAL, lambda x: x.reshape(-1, 4, 5)),
        ("{reshape: [-1, 2, 3]}, {permute: [0, 2, 1]}", ROW, lambda x: x.reshape(-1, 2, 3).mT),
        ("layer_norm: [4]", SIGNAL, lambda x: functional.layer_norm(x, [4])),
        ("pad: [1, 2]", ROW, lambda x: functional.pad(x, [1, 2])),
        ("pad: [[1, 2], mode: constant, value: 3]", ROW, lambda x: functional.pad(x, [1, 2], value=3)),
        ("max_pool2d: 2", IMAGE, lambda x: functional.max_pool2d(x, 2)),
        ("interpolate: {scale_factor: 2, mode: bilinear}", IMAGE,
         lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear")),
        ("unsqueeze: 1", ROW, lambda x: x.unsqueeze(1)),
        ("max: 1", ROW, lambda x: x.max(1).values),
        ("{max: {dim: 1}, take: values}", ROW, lambda x: x.max(1).values),
        ("{topk: 2, take: values}", ROW, lambda x: x.topk(2).values),
        ("{chunk: [2, dim: 1], take: 1}", ROW, lambda x: x.chunk(2, 1)[1]),
        ("{sub: , from: [a, b]}", PAIR, lambda x: x[0] - x[1]),
        ("{sub: , from: {other: a, input: b}}", PAIR, lambda x: x[1] - x[0]),
        ("{add: {alpha: 2}, from: [a, b]}", PAIR, lambda x: torch.add(x[0], x[1], alpha=2)),
        ("{sub: , from: {input: x, other: 2}}", ROW, lambda x: x - 2),
        ("{add: , from: [row, 2]}", ROW, lambda x: x + 2),
        ("{add: , from: [x, x, x]}", ROW, lambda x: x + x + x),
        ("{cat: {dim: 1}, from: [b, a, b]}", PAIR, lambda x: torch.cat([x[1], x[0], x[1]], 1)),
        ("{stack: {dim: 1}, from: [a, b]}", PAIR, lambda x: torch.stack(x, 1)),
        ("{mul: , from: [a, b, a]}", PAIR, lambda x: x[0] * x[1] * x[0]),
        ("{lerp: {weight: 0.3}, from: [a, b]}", PAIR, lambda x: torch.lerp(*x, 0.3)),
        ("{lerp: 0.3, from: {end: b, input: a}}", PAIR, lambda x: torch.lerp(*x, 0.3)),
        ("{chunk: [2, dim: -1], name: [a, b]}, {mul: , from: [a, b]}", ROW, lambda x: x[:, :3] * x[:, 3:]),
        ("{einsum: 'b i, b j -> b i j', from: [a, b]}", PAIR, lambda x: torch.einsum("bi,bj->bij", *x)),
        ("rearrange: b c h w -> b (h w) c", IMAGE, lambda x: x.flatten(2).permute(0, 2, 1)),
        ("rearrange: [b (c p) -> b c p, p: 2]", ROW, lambda x: x.reshape(-1, 3, 2)),
        ("reduce: [b c h w -> b c, max]", IMAGE, lambda x: x.amax((2, 3))),
        ("repeat_axis: [b c -> b t c, t: 3]", ROW, lambda x: x[:, None].expand(-1, 3, -1)),
    ],
)  # fmt: skip
def test_a_function_is_torchs(item: str, inputs: str, expected: Callable[[Any], Any]) -> None:
    same(item, inputs, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x * sigmoid(1.702 * x)", lambda x: x * torch.sigmoid(1.702 * x)),
        ("-x + +x ** 2 // 3 % 2", lambda x: -x + x**2 // 3 % 2),
        ("x[:, 0]", lambda x: x[:, 0]),
        ("x[:, 1:5:2]", lambda x: x[:, 1:5:2]),
        ("x[..., -1]", lambda x: x[..., -1]),
        ("x[:, none] @ x[:, :, none]", lambda x: x[:, None] @ x[:, :, None]),
        ("where(0 < x < 1, x, 0 * x)", lambda x: torch.where((x > 0) & (x < 1), x, 0 * x)),
        ("x[:, [0, 2]]", lambda x: x[:, [0, 2]]),
        ("x if 2 > 1 else row", lambda x: x),
        ("1 - x if $(2 > 1) else x", lambda x: 1 - x),
        ("max(0, x) + min(0, x)", lambda x: x),
        ("cat([x, zeros(batch, 2)], dim=1)", lambda x: functional.pad(x, (0, 2))),
        ("chunk(x, 2, dim=1)[1] * 2", lambda x: x.chunk(2, 1)[1] * 2),
        ("cat([x, row, x], 1)", lambda x: torch.cat([x, x, x], 1)),
        ("expand(zeros(1, 6), batch, -1) + x", lambda x: x),
        ("randn(batch, 6) + x", lambda x: torch.randn(len(x), 6) + x),
        ("randn_like(x) * x", lambda x: torch.randn_like(x) * x),
        ("x / batch", lambda x: x / len(x)),
        ("max(x, 1, keepdim=true)[0]", lambda x: x.max(1, keepdim=True).values),
        ("x * $(size(1) / 2)", lambda x: x * 3),
    ],
)
def test_an_expression_is_what_it_says(text: str, expected: Callable[[Tensor], Tensor]) -> None:
    same(f'{{compute: "{text}"}}', ROW, expected)


def test_lines_of_an_expression_see_those_above_and_unpack() -> None:
    text = """
    network:
      inputs: {row: [6]}
      layers:
        - compute:
            mu, logvar: chunk(x, 2, dim=1)
            code: mu + exp(logvar / 2)
          name: sampled
        - Linear: 3
        - compute: x * code + mu - sampled + sampled.logvar
      outputs: {result: x, mu: mu}
    """
    made = network(text)
    assert made.outputs == {"result": (3,), "mu": (3,)}
    assert_same(made, {"linear": nn.Linear(3, 3)}, _sampled)


def _sampled(me: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    mu, logvar = x.chunk(2, dim=1)
    code = mu + torch.exp(logvar / 2)
    return me["linear"](code) * code + mu - code + logvar, mu  # type: ignore[index]


def test_a_parameter_leaves_the_flow_alone() -> None:
    layers = (
        "Linear: 4, {Parameter: [1, $(size(1))], name: scale, init: {constant_: 2}}, {compute: scale * x}"
    )
    made = compiled(layers, ROW)
    assert made.module.get_parameter("scale").eq(2).all()
    parts = {"linear": nn.Linear(6, 4), "scale": nn.Parameter(torch.zeros(1, 4))}
    assert_same(made, parts, lambda me, x: me["scale"] * me["linear"](x))
    drawn = compiled("{Parameter: [4000], name: scale}, {compute: 'row[:, :1] * scale'}", ROW)
    assert 0.018 < drawn.module.get_parameter("scale").std() < 0.022


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("cat", "axis-missing"),
        ("flatten", "axis-missing"),
        ("{cat: {dim: 1, out: x}}", "argument-unknown"),
        ("{mean: {axis: 1}}", "argument-unknown"),
        ("conv2d", "operation-unknown"),
        ("{embedding: 3}", "operation-unknown"),
        ("{parallel: {a: [], b: []}, join: linear}", "join-form"),
        ("{compute: 'cat([x, x])'}", "axis-missing"),
        ("{compute: 'cat([x, x], 1, out=x)'}", "argument-unknown"),
        ("{compute: '1000000 ** 1000000 * x'}", "arithmetic-too-large"),
        ("{compute: '[0][5] * x'}", "index-outside"),
        ("{compute: 'stack([x] * 3000000, 1)'}", "value-several"),
        ("{compute: 'x[x > 0]'}", "index-mask"),
        ("{compute: \"x + 'word'\"}", "expression-syntax"),
        ("{compute: 'x and x'}", "expression-syntax"),
        ("softmax", "argument-missing"),
        ("clamp: [0, a]", "argument-type"),
        ("relu: 3", "too-many-arguments"),
        ("relu: {inplace: true}", "argument-unknown"),
        ("permute: [0, 2, 1]", "call-refused"),
        ("{add: , from: {nput: row}}", "input-unknown"),
        ("{add: , from: [row, none]}", "flow-number"),
        ("{compute: 'row[7]'}", "call-refused"),
        ("{compute: 'chunk(x, 2, 1)[5]'}", "index-outside"),
        ("{compute: 3 + 4}", "expression-result"),
        ("{compute: row if row else row}", "expression-syntax"),
        ("{compute: row.mask}", "mask-missing"),
        ("{compute: row.length + 1}", "mask-missing"),
        ("{compute: {'a, b': x}}", "unpack-count"),
        ("{chunk: [3, 1], name: [a, b]}", "unpack-count"),
        ("{relu: , take: last}", "take-unknown"),
        ("rearrange: b c h -> b h c", "pattern-axes"),
        ("rearrange: [b (c p) -> b c p, p: 0]", "pattern-size"),
        ("sum, Linear: 3", "input-dimensions"),
        ("sum", "rows-lost"),
        ("chunk: [2, 1]", "output-several"),
        ("chunk: [2, 1], Linear: 3", "flow-several"),
    ],
)
def test_a_mistake_has_its_code(layers: str, code: str) -> None:
    assert codes(layers, ROW) == [code]


def test_only_one_of_several_results_need_be_used() -> None:
    same(
        "{max: {dim: 1}, name: best}, {compute: 'row * best.indices[:, none]'}",
        ROW,
        lambda x: x * x.max(1)[1][:, None],
    )
    made = compiled("{LSTM: 4, name: encoder}, {compute: 'encoder.hidden[0]'}", SIGNAL)
    assert [call.name for call in made.calls] == ["encoder", "compute"]
    nodes = {node.name for node in made.module.graph.nodes}
    assert all(call.node in nodes for call in made.calls)
    codes_of = codes("{LSTM: 4, name: encoder}, {Linear: 3, from: signal}", SIGNAL)
    assert codes_of == ["result-unused"]


def test_take_last_unpacks_the_state_that_is_taken() -> None:
    made = compiled("{LSTM: 4, take: state, name: [h, c]}, {compute: 'h[0] + c[0]'}", SIGNAL)
    lstm = made.module.get_submodule("lstm")
    x = torch.randn(3, 5, 4)
    hidden, cell = lstm(x)[1]
    assert torch.equal(made.module(x), hidden[0] + cell[0])


def test_a_refused_call_says_what_arrived() -> None:
    [(_, facts)] = refusals("{matmul: , from: [row, row]}", ROW)
    assert facts["call"] == "matmul" and facts["received"] == ["row [batch, 6]", "row [batch, 6]"]


def test_what_flows_in_by_name_is_the_tensor_of_that_name() -> None:
    shift = "{Parameter: [6], name: shift, init: {constant_: 2}}"
    made = compiled(f"{shift}, {{layer_norm: [[6]], from: {{bias: shift}}}}", ROW)
    x = torch.randn(3, 6)
    assert torch.equal(made.module(x), functional.layer_norm(x, [6], bias=torch.full((6,), 2.0)))
    [(code, facts)] = refusals("{addcmul: , from: {tensor2: row}}", ROW)
    assert (code, facts["missing"]) == ("argument-missing", ["tensor1"])
    several = "{chunk: [2, 1], name: halves}, {mul: , from: {input: row, other: halves}}"
    assert codes(several, ROW) == ["flow-several"]


def test_a_mask_by_name_may_be_none_or_broken() -> None:
    attention = "{scaled_dot_product_attention: , from: {key: x, value: x, attn_mask: %s}}"
    same(attention % "none", SIGNAL, lambda x: functional.scaled_dot_product_attention(x, x, x))
    assert codes(f"{{Liner: 4, name: m}}, {attention % 'm'}", SIGNAL) == ["layer-unknown"]


def test_a_layer_in_lower_case_is_answered_with_the_layer() -> None:
    [(code, facts)] = refusals("conv2d", IMAGE)
    assert (code, facts["nearest"]) == ("operation-unknown", "Conv2d")


def test_what_reads_a_broken_value_is_no_mistake_of_its_own() -> None:
    assert codes("{Linear: none, name: a}, {compute: a + 1}, {add: , from: [a, x]}", ROW) == ["argument-type"]


def test_a_constant_without_its_dollar_is_told() -> None:
    text = "vars: {width: 3}\nnetwork:\n  inputs: {row: [6]}\n  layers: [compute: width * x]\n"
    assert places(text) == ["dollar-missing 4:21"]


def test_axes_that_the_author_put_there_are_right_for_a_linear() -> None:
    made = compiled(
        "Conv2d: [4, 3], {permute: [0, 2, 3, 1]}, Linear: 2, {rearrange: b h w c -> b c h w}, ReLU"
    )
    assert made.calls[-1].output_shape[1] == 2


def test_a_padded_sequence_keeps_its_mask_through_functions() -> None:
    masked = TOKENS.replace("}", ", mask: true}")
    made = compiled("{Embedding: 4}, {compute: x * 2}, {softmax: {dim: -1}}, {mean: {dim: 1}}", masked)
    tokens = torch.randint(11, (2, 5))
    mask = torch.tensor([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]).bool()
    one, other = made.module(tokens, mask), made.module(tokens.masked_fill(~mask, 7), mask)
    assert torch.allclose(one, other)


def test_new_tensors_lie_where_the_network_does(tmp_path: Path) -> None:
    made = compiled("{compute: 'x + zeros(batch, 1)'}", ROW)
    x = torch.randn(3, 6)
    assert made.module(x.to("meta")).is_meta
    source = python_source("net", made, {})
    assert torch.equal(opened(source, tmp_path)(x), x)
    assert "device=row.device" in source.text
