"""Functions, expressions, Parameters and einops as items are torch's own, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.network.compiled import IMAGE, ROW, SIGNAL, assert_same, codes, compiled, network, refusals

PAIR = "a: [6], b: [6]"
INDEX = "tokens: {shape: [5], type: index, vocabulary: 11}"


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
        ("softmax: {dim: -1}", SIGNAL, lambda x: x.softmax(-1)),
        ("permute: [0, 2, 1]", SIGNAL, lambda x: x.permute(0, 2, 1)),
        ("transpose: [1, 2]", SIGNAL, lambda x: x.transpose(1, 2)),
        ("mean: {dim: 1, keepdim: true}", SIGNAL, lambda x: x.mean(1, True)),
        ("mean: [[2, 3]]", IMAGE, lambda x: x.mean((2, 3))),
        ("mean: [2, 3]", IMAGE, lambda x: x.mean((2, 3))),
        ("flatten: 1", IMAGE, lambda x: x.flatten(1)),
        ("reshape: [-1, 4, 5]", SIGNAL, lambda x: x.reshape(-1, 4, 5)),
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
        ("{add: , from: [a, 2]}", PAIR.split(",", maxsplit=1)[0].replace("a: ", "row: "), lambda x: x + 2),
        ("{cat: {dim: 1}, from: [b, a, b]}", PAIR, lambda x: torch.cat([x[1], x[0], x[1]], 1)),
        ("{stack: {dim: 1}, from: [a, b]}", PAIR, lambda x: torch.stack(x, 1)),
        ("{mul: , from: [a, b, a]}", PAIR, lambda x: x[0] * x[1] * x[0]),
        ("{lerp: {weight: 0.3}, from: [a, b]}", PAIR, lambda x: torch.lerp(*x, 0.3)),
        ("{einsum: 'b i, b j -> b i j', from: [a, b]}", PAIR, lambda x: torch.einsum("bi,bj->bij", *x)),
        ("rearrange: b c h w -> b (h w) c", IMAGE, lambda x: x.flatten(2).permute(0, 2, 1)),
        ("rearrange: [b (c p) -> b c p, p: 2]", ROW, lambda x: x.reshape(-1, 3, 2)),
        ("reduce: [b c h w -> b c, max]", IMAGE, lambda x: x.amax((2, 3))),
        ("repeat_axis: [b c -> b t c, t: 3]", ROW, lambda x: x[:, None].expand(-1, 3, -1)),
    ],
)  # fmt: skip
def test_a_function_is_torchs(item: str, inputs: str, expected: Callable[[Any], Any]) -> None:
    inputs = ROW if inputs.startswith("row") else inputs
    same(item.replace("from: [a, 2]", "from: [row, 2]"), inputs, expected)


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
        ("x if 2 > 1 else row", lambda x: x),
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
    ("layers", "inputs", "code"),
    [
        ("cat", ROW, "axis-missing"),
        ("softmax", ROW, "argument-missing"),
        ("clamp: [0, a]", ROW, "argument-type"),
        ("relu: 3", ROW, "too-many-arguments"),
        ("relu: {inplace: true}", ROW, "argument-unknown"),
        ("permute: [0, 2, 1]", ROW, "call-refused"),
        ("{add: , from: {nput: row}}", ROW, "input-unknown"),
        ("{add: , from: [row, none]}", ROW, "flow-number"),
        ("{compute: 'row[7]'}", ROW, "call-refused"),
        ("{compute: 'chunk(x, 2, 1)[5]'}", ROW, "index-outside"),
        ("{compute: 3 + 4}", ROW, "expression-result"),
        ("{compute: row if row else row}", ROW, "expression-syntax"),
        ("{compute: row.mask}", ROW, "mask-missing"),
        ("{compute: row.length + 1}", ROW, "mask-missing"),
        ("{compute: {'a, b': x}}", ROW, "unpack-count"),
        ("{chunk: [3, 1], name: [a, b]}", ROW, "unpack-count"),
        ("{relu: , take: last}", ROW, "take-unknown"),
        ("rearrange: b c h -> b h c", ROW, "pattern-axes"),
        ("rearrange: [b (c p) -> b c p, p: 0]", ROW, "pattern-size"),
        ("sum, Linear: 3", ROW, "input-dimensions"),
        ("sum", ROW, "output-without-rows"),
        ("chunk: [2, 1]", ROW, "output-several"),
        ("chunk: [2, 1], Linear: 3", ROW, "flow-several"),
    ],
)
def test_a_mistake_has_its_code(layers: str, inputs: str, code: str) -> None:
    assert codes(layers, inputs) == [code]


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
