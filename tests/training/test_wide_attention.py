"""Attention in float32 within steps of 16 bits: where it counts, close to exact, and put back afterwards."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nncli.network.beyond_torch.attention import SelfAttention
from nncli.training.wide_attention import attention_in_float32

SHAPE = (2, 3, 5, 4)


def attend(mask: Tensor | None = None, *, is_causal: bool = False) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(SHAPE, generator=generator) for _ in range(3))
    return functional.scaled_dot_product_attention(query, key, value, mask, is_causal=is_causal, scale=0.7)


MASKS = {
    "none": (None, False),
    "causal": (None, True),
    "flags": (torch.ones(5, 5, dtype=torch.bool).tril(), False),
    "numbers": (torch.linspace(-1, 1, 25).view(5, 5).bfloat16(), False),
}


@pytest.mark.parametrize("kind", MASKS)
def test_it_is_float32_rounded_once(kind: str) -> None:
    mask, is_causal = MASKS[kind]
    is_numbers = mask is not None and mask.is_floating_point()
    exact = attend(mask.float() if mask is not None and is_numbers else mask, is_causal=is_causal)
    with attention_in_float32(), torch.autocast("cpu", torch.bfloat16):
        found = attend(mask, is_causal=is_causal)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, exact.bfloat16())


def test_torch_does_it_its_own_way_without_and_afterwards() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        before = attend()
        with attention_in_float32():
            inside = attend()
        assert torch.equal(attend(), before)
    assert not torch.equal(inside, before)
    with attention_in_float32():
        assert attend().dtype == torch.float32


@pytest.mark.parametrize("kind", [SelfAttention, nn.MultiheadAttention])
def test_layers_take_it_with_their_gradients(kind: type[nn.Module]) -> None:
    torch.manual_seed(3)
    layer = SelfAttention(8, 2) if kind is SelfAttention else nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(2))
    inputs = (x,) if isinstance(layer, SelfAttention) else (x, x, x)

    def gradients() -> list[Tensor]:
        layer.zero_grad()
        result = layer(*inputs)
        (result[0] if isinstance(result, tuple) else result).float().square().sum().backward()
        return [p.grad.clone() for p in layer.parameters() if p.grad is not None]

    exact = gradients()
    with attention_in_float32(), torch.autocast("cpu", torch.bfloat16):
        found = gradients()
    assert len(found) == len(exact) > 0
    for one, other in zip(found, exact, strict=True):
        assert (one - other).norm() < 0.03 * other.norm() + 0.03
