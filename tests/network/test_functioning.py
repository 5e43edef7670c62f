from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from nncli.errors import SpecError
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.source import python_source
from nncli.spec.opening import Origin, parse_spec
from tests.network.compiled import IMAGE, ROW, TOKENS, codes, compiled, refusals
from tests.network.handmade import opened

X = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))


def ran(layers: str, inputs: str = ROW, *tensors: torch.Tensor) -> torch.Tensor:
    result = compiled(layers, inputs).module(*(tensors or (X,)))
    assert isinstance(result, torch.Tensor)
    return result


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("relu", X.relu()),
        ("{softmax: {dim: 1}}", X.softmax(1)),
        ("{chunk: [2, dim: -1], name: [a, b]}, {mul: , from: [a, b]}", X[:, :3] * X[:, 3:]),
        ("{argmax: 1}, {one_hot: 6}, float", functional.one_hot(X.argmax(1), 6).float()),
        ("{topk: 2}", X.topk(2).values),
        ("{reshape: [-1, 2, 3]}, {permute: [0, 2, 1]}", X.reshape(-1, 2, 3).mT),
        ("{add: , from: [x, x, x]}", X * 3),
        ("{add: , from: [x, 2]}", X + 2),
        ("{sub: , from: {input: x, other: 2}}", X - 2),
        ("{lerp: 0.5, from: {end: x}}", X),
        ("{compute: '1 - x if $(2 > 1) else x'}", 1 - X),
        ("{compute: 'max(0, x) + min(0, x)'}", X),
        ("{compute: 'cat([x, zeros(batch, 2)], dim=1)'}", torch.cat((X, torch.zeros(3, 2)), 1)),
        ("{compute: {'a, b': 'chunk(x, 2, dim=-1)', c: a - b}}", X[:, :3] - X[:, 3:]),
        ("{compute: '0 < x < 1'}, float", ((X > 0) & (X < 1)).float()),
        ("{compute: 'x[:, [0, 2]]'}", X[:, [0, 2]]),
        ("{rearrange: b (c d) -> b d c, c: 2} ", X.reshape(3, 2, 3).mT),
    ],
)  # fmt: skip
def test_an_item_gives_what_torch_gives(layers: str, expected: torch.Tensor) -> None:
    layers = layers.replace("{rearrange: b (c d) -> b d c, c: 2}", "{rearrange: [b (c d) -> b d c, c: 2]}")
    assert torch.allclose(ran(layers), expected)


@pytest.mark.parametrize(
    ("layers", "code"),
    [
        ("{cat: {dim: 1, out: x}}", "argument-unknown"),
        ("{relu: {inplace: true}}", "argument-unknown"),
        ("{compute: 'cat([x, x], 1, out=x)'}", "argument-unknown"),
        ("{compute: 'cat([x, x])'}", "axis-missing"),
        ("{flatten: }", "axis-missing"),
        ("{compute: '1000000 ** 1000000 * x'}", "arithmetic-too-large"),
        ("{compute: 'chunk(x, 3, dim=-1)[3]'}", "index-outside"),
        ("{compute: '[0][5] * x'}", "index-outside"),
        ("{compute: 'stack([x] * 3000000, 1)'}", "value-several"),
        ("{compute: 'x[x > 0]'}", "index-mask"),
        ("{compute: 'x if x > 0 else 1'}", "expression-syntax"),
        ("{compute: \"x + 'word'\"}", "expression-syntax"),
        ("{compute: 'x and x'}", "expression-syntax"),
        ("{compute: '2 * 3'}", "expression-result"),
        ("{mean: {axis: 1}}", "argument-unknown"),
        ("conv2d", "operation-unknown"),
        ("{embedding: 3}", "operation-unknown"),
        ("{parallel: {a: [], b: []}, join: linear}", "join-form"),
    ],
)
def test_what_no_function_does_is_refused(layers: str, code: str) -> None:
    assert codes(layers, ROW) == [code]


def test_a_layer_in_lower_case_is_answered_with_the_layer() -> None:
    ((code, facts),) = refusals("conv2d", IMAGE)
    assert (code, facts["nearest"]) == ("operation-unknown", "Conv2d")


def test_what_reads_a_broken_value_is_no_mistake_of_its_own() -> None:
    assert codes("{Linear: none, name: a}, {compute: a + 1}, {add: , from: [a, x]}", ROW) == ["argument-type"]


def test_a_constant_without_its_dollar_is_told() -> None:
    text = f"vars: {{width: 3}}\nnetwork:\n  inputs: {{{ROW}}}\n  layers: [compute: width * x]\n"
    spec = parse_spec(text, Origin("a.yaml", Path(), text))
    with pytest.raises(SpecError) as caught:
        compile_networks(spec.networks, {}, Surroundings())
    assert [problem.code for problem in caught.value.problems] == ["dollar-missing"]


def test_axes_that_the_author_put_there_are_right_for_a_linear() -> None:
    network = compiled(
        "Conv2d: [4, 3], {permute: [0, 2, 3, 1]}, Linear: 2, {rearrange: b h w c -> b c h w}, ReLU"
    )
    assert network.calls[-1].output_shape[1] == 2


def test_a_padded_sequence_keeps_its_mask_through_functions() -> None:
    masked = TOKENS.replace("}", ", mask: true}")
    network = compiled("{Embedding: 4}, {compute: x * 2}, {softmax: {dim: -1}}, {mean: {dim: 1}}", masked)
    tokens = torch.randint(11, (2, 5))
    mask = torch.tensor([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]).bool()
    one, other = network.module(tokens, mask), network.module(tokens.masked_fill(~mask, 7), mask)
    assert torch.allclose(one, other)


def test_new_tensors_lie_where_the_network_does(tmp_path: Path) -> None:
    network = compiled("{compute: 'x + zeros(batch, 1)'}", ROW)
    assert network.module(X.to("meta")).is_meta
    source = python_source("net", network, {})
    assert torch.equal(opened(source, tmp_path)(X), X)
    assert "device=row.device" in source.text
