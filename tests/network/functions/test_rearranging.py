"""einops as items: the same numbers as einops gives, and the record behind it."""

from __future__ import annotations

import einops
import torch
from pytest import mark
from torch import Tensor

from tests.network.compiled import IMAGE, compiled, refusals

SEQUENCE = "series: {shape: [7, 4], mask: true}"


def _folded(x: Tensor) -> Tensor:
    return x.view(4, 3, 4, 2, 8).transpose(2, 3).reshape(4, 6, 4, 8)


def _pooled(x: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(x, 2)


@mark.parametrize(
    ("item", "call"),
    [
        ("rearrange: b c h w -> b (h w) c", lambda x: x.flatten(2).transpose(1, 2)),
        ("rearrange: [b c (h p) w -> b (c p) h w, p: 2]", _folded),
        ("rearrange: b ... w -> b w ...", lambda x: x.permute(0, 3, 1, 2)),
        ("rearrange: b c h w -> b c 1 h w", lambda x: x.unsqueeze(2)),
        ("reduce: [b c h w -> b c, mean]", lambda x: x.mean((2, 3))),
        ("reduce: [b c ... -> b c, max]", lambda x: x.amax((2, 3))),
        ("reduce: [b c (h p) (w q) -> b c h w, sum, p: 2, q: 2]", lambda x: 4 * _pooled(x)),
        ("reduce: [b c h w -> b () h w, prod]", lambda x: x.prod(1, keepdim=True)),
        ("repeat_axis: [b c h w -> b (c k) h w, k: 3]", lambda x: x.repeat_interleave(3, 1)),
    ],
)
def test_it_gives_what_einops_gives(item: str, call: object) -> None:
    network = compiled(f"{{{item}}}", IMAGE)
    x = torch.randn(4, 3, 8, 8)
    assert callable(call)
    torch.testing.assert_close(network.module(x), call(x))
    assert network.output_shape == tuple(call(x).shape[1:])


@mark.parametrize(
    ("items", "where"),
    [
        ("{rearrange: b t c -> b c t}, {rearrange: b c t -> b t c}", ["series.mask", "series.mask"]),
        ("{rearrange: b t c -> b c 1 t}", ["series.mask"]),
        ("{rearrange: [b t (h d) -> b h t d, h: 2]}", ["series.mask"]),
        ("{rearrange: b ... c -> b c ...}", ["series.mask"]),
        ("{repeat_axis: [b t c -> b t k c, k: 2]}", ["series.mask"]),
        ("{reduce: [b t c -> b t, sum]}", ["series.mask"]),
        ("{reduce: [b t c -> b c, sum]}", [""]),
        ("{rearrange: b t c -> b (t c)}", [""]),
        ("{repeat_axis: [b t c -> b (t k) c, k: 2]}", [""]),
        ("{rearrange: b t c -> (b t) c}, {reshape: [-1, 28]}", ["", ""]),
    ],
)
def test_a_mask_stays_with_its_axis(items: str, where: list[str]) -> None:
    assert [call.mask for call in compiled(items, f"{SEQUENCE}").calls] == where


@mark.parametrize("how", ["mean", "max", "min", "sum", "prod"])
@mark.parametrize("pattern", ["b t c -> b c", "b t c -> b", "b t c -> b c 1", "b ... -> b"])
def test_reductions_leave_padding_out(pattern: str, how: str) -> None:
    network = compiled(f"{{reduce: ['{pattern}', {how}]}}", SEQUENCE)
    x, mask = torch.randn(2, 7, 4), torch.arange(7) < torch.tensor([7, 4])[:, None]
    for row, length in ((0, 7), (1, 4)):
        alone = einops.reduce(x[row : row + 1, :length], pattern, how)[0]
        torch.testing.assert_close(network.module(x, mask)[row], alone)


@mark.parametrize(
    ("items", "works"),
    [
        ("{rearrange: b c h w -> b h w c}, Linear: 5", True),
        ("{rearrange: b c h w -> b (h w) c}, GRU: 5", True),
        ("{rearrange: b c h w -> b w (c h)}, GRU: 5", True),
        ("Conv2d: [3, 1], {rearrange: b c h w -> b c (h w)}, Conv1d: [5, 1]", True),
        ("Conv2d: [3, 1], {rearrange: b c h w -> b (h w) c}, LayerNorm, Conv1d: [5, 1]", False),
    ],
)
def test_what_a_pattern_says_about_channels_is_known(items: str, works: bool) -> None:
    if works:
        assert compiled(items, IMAGE)
    else:
        assert [code for code, _ in refusals(items, IMAGE)] == ["wrong-axis"]


@mark.parametrize(
    ("item", "code"),
    [
        ("{rearrange: b c t -> b t c}", "pattern-axes"),
        ("{rearrange: [b c (h p) w -> b c h p w, p: 0]}", "pattern-size"),
        ("{rearrange: [b c (h p) w -> b c h p w, p: 3]}", "pattern-size"),
    ],
)
def test_a_pattern_that_does_not_fit_is_refused(item: str, code: str) -> None:
    assert [found for found, _ in refusals(item, IMAGE)] == [code]
