"""Branches and repetitions side by side are joined as torch would join them, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.network.compiled import IMAGE, ROW, assert_same, codes, compiled, refusals

JOINS: list[tuple[str, Callable[..., Tensor]]] = [
    ("cat", lambda a, b, x: torch.cat([a, b], 1)),
    ("{cat: {dim: 1}}", lambda a, b, x: torch.cat([a, b], 1)),
    ("{stack: {dim: 1}}", lambda a, b, x: torch.stack([a, b], 1)),
    ("{stack: 2}", lambda a, b, x: torch.stack([a, b], 2)),
    ("add", lambda a, b, x: a + b),
    ("mul", lambda a, b, x: a * b),
    ("maximum", lambda a, b, x: torch.maximum(a, b)),
    ("sub", lambda a, b, x: a - b),
]
EXPRESSIONS: list[tuple[str, Callable[..., Tensor]]] = [
    ("a - b * x", lambda a, b, x: a - b * x),
    ("'cat([b, a, row], 1)'", lambda a, b, x: torch.cat([b, a, x], 1)),
]


@pytest.mark.parametrize(("join", "expected"), JOINS + EXPRESSIONS)
def test_branches_are_joined_as_torch_does(join: str, expected: Callable[..., Tensor]) -> None:
    assert_same(
        compiled(f"{{parallel: {{a: [Linear: 6], b: [Linear: 6]}}, join: {join}}}", ROW),
        {name: nn.Linear(6, 6) for name in ("a.linear", "b.linear")},
        lambda me, x: expected(me["a.linear"](x), me["b.linear"](x), x),
    )


@pytest.mark.parametrize(("join", "expected"), JOINS)
def test_repetitions_are_joined_as_torch_does(join: str, expected: Callable[..., Tensor]) -> None:
    assert_same(
        compiled(f"{{Linear: 6, repeat: 2, join: {join}}}", ROW),
        {name: nn.Linear(6, 6) for name in ("linear.0", "linear.1")},
        lambda me, x: expected(me["linear.0"](x), me["linear.1"](x), x),
    )


def test_cat_runs_along_the_channels_of_images() -> None:
    layers = "{parallel: {a: [Conv2d: [2, 1]], b: [], c: [Conv2d: [4, 3, padding: 1], ReLU]}, join: cat}"
    made = compiled(layers, IMAGE)
    assert made.output_shape == (9, 8, 8)
    assert codes("{parallel: {a: [], b: [MaxPool2d: 2]}, join: cat}", IMAGE) == ["call-refused"]


def test_none_leaves_several_results_with_the_names_of_the_branches() -> None:
    for layers in (
        "{parallel: {a: [Linear: 3], b: [Linear: 3]}, join: none, name: p}, {sub: , from: [p.b, p.a]}",
        "{parallel: {a: [Linear: 3], b: [Linear: 3]}, join: none, name: [u, v]}, {sub: , from: [v, u]}",
        "{parallel: {a: [Linear: 3], b: [Linear: 3]}, join: none}, {sub: , from: [b, a]}",
    ):
        scope = "p." if "name: p" in layers else ""
        names = (f"{scope}a.linear", f"{scope}b.linear")
        assert_same(
            compiled(layers, ROW),
            {name: nn.Linear(6, 3) for name in names},
            lambda me, x, names=names: me[names[1]](x) - me[names[0]](x),
        )
    assert compiled("{parallel: {a: [Linear: 3], b: []}, join: none, take: a}", ROW).output_shape == (3,)
    assert codes("{parallel: {a: [Linear: 3], b: []}, join: none}, Linear: 3", ROW) == ["flow-several"]


def test_branches_that_do_not_agree_are_asked() -> None:
    [(code, facts)] = refusals("{parallel: {a: [Unflatten: [1, [2, 3]]], b: []}, join: cat}", ROW)
    assert code == "join-axis" and facts["shapes"] == ["[batch, 2, 3]", "[batch, 6]"]


def test_a_branch_that_failed_hides_the_join() -> None:
    layers = "{parallel: {a: [Liner: 3], b: [Dropout: 7]}, join: a + nothing}, Linear: 0"
    assert codes(layers, ROW) == ["layer-unknown", "layer-refused", "argument-range"]
