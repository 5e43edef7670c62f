"""Attention that torch.nn lacks; needs torch alone, since exported programs carry a copy of it."""

# A copy of this file may stand anywhere in another one: so there is no `from __future__` here, and what is
# wrong with an argument is a ValueError, which the compiler says at the line of the layer.

from collections.abc import Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """Every step of a sequence looks at every step of the same one.

    `x` and the result are (batch, time, embed_dim). `mask` is the padding mask of x: bool, (batch, time),
    True where a step is valid. `attn_mask` is (time, time), (batch, time, time), or four dimensions that
    broadcast to (batch, heads, time, time): bool, True where a step may look, or numbers that are added to
    the scores. Both and `causal` hold at once. Where a step may look nowhere, the attended values are zeros.

    Initial weights are those of torch's Linear.
    Raises ValueError where the numbers do not fit together, or a mask is no mask.

    Args:
        embed_dim: how wide a step is, here and in the result
        heads: how many times each step looks around, each time on numbers of its own
        kv_heads: heads of key and value, each shared by heads / kv_heads of the query; heads unless given
        head_dim: how wide a head is; embed_dim / heads unless given
        causal: whether a step looks only at itself and at those before it
        rotary: turns queries and keys by their position: true, or any of base (10000), dimensions (the first
            ones of a head; all) and interleaved (pairs lie side by side, as in GPT-J; false: half a head
            apart, as in Llama)
        bias: whether query, key and value add a bias, and output too unless output_bias says otherwise
        output_bias: whether output adds a bias; as bias unless given
        dropout: the share of the attention weights that are set to zero, in training
        scale: what scores are multiplied with before the softmax; 1 / sqrt(head_dim) unless given
    """

    def __init__(
        self,
        embed_dim: int,
        heads: int,
        *,
        kv_heads: int | None = None,
        head_dim: int | None = None,
        causal: bool = False,
        rotary: bool | Mapping[str, float] | None = None,
        bias: bool = True,
        output_bias: bool | None = None,
        dropout: float = 0.0,
        scale: float | None = None,
    ) -> None:
        super().__init__()
        _require_heads(embed_dim, heads, kv_heads, head_dim)
        _require_probability("dropout", dropout)
        # torch's enable_gqa would save the copies of shared heads, but of CUDA's kernels only flash attention
        # knows it, which takes neither masks nor float32.
        self.groups = 1 if kv_heads is None else heads // kv_heads
        kv_heads = heads if kv_heads is None else kv_heads
        head_dim = embed_dim // heads if head_dim is None else head_dim
        output_bias = bias if output_bias is None else output_bias
        self.head_dim = head_dim
        self.causal = causal
        self.dropout = dropout
        self.scale = scale
        self.rotary = _rotary_options(rotary, head_dim)
        self.query = nn.Linear(embed_dim, heads * head_dim, bias=bias)
        self.key = nn.Linear(embed_dim, kv_heads * head_dim, bias=bias)
        self.value = nn.Linear(embed_dim, kv_heads * head_dim, bias=bias)
        self.output = nn.Linear(heads * head_dim, embed_dim, bias=output_bias)

    def forward(self, x: Tensor, attn_mask: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Maps (batch, time, embed_dim) to the same shape."""
        _require_sequence("SelfAttention", x)
        query = split_heads(self.query(x), self.head_dim)
        key = split_heads(self.key(x), self.head_dim)
        value = split_heads(self.value(x), self.head_dim)
        if self.rotary is not None:
            base, dimensions, interleaved = self.rotary
            cosine, sine = rotary_angles(torch.arange(x.shape[1], device=x.device), base, dimensions)
            query = rotated(query, cosine, sine, interleaved)
            key = rotated(key, cosine, sine, interleaved)
        if self.groups > 1:
            key = key.repeat_interleave(self.groups, 1)
            value = value.repeat_interleave(self.groups, 1)
        dropout = self.dropout if self.training else 0.0
        if attn_mask is None and mask is None:
            attended = F.scaled_dot_product_attention(
                query, key, value, dropout_p=dropout, is_causal=self.causal, scale=self.scale
            )
        else:
            masks = attention_masks(attn_mask, mask)
            # torch's kernels skip what lies ahead when they are told; together with a mask they cannot be.
            if self.causal:
                steps = torch.arange(x.shape[1], device=x.device)
                masks.append(steps[:, None] >= steps)
            attended = attend(query, key, value, masks, dropout, self.scale)
        result: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return result


class CrossAttention(nn.Module):
    """Every step of a sequence looks at every step of another one, the memory.

    `x` and the result are (batch, time, embed_dim), `memory` is (batch, memory time, memory_dim), with
    memory_dim = embed_dim unless given. `memory_mask` is the padding mask of memory: bool, (batch, memory
    time), True where a step is valid. `attn_mask` and all else are as in SelfAttention, with the steps of
    memory on the last axis.
    Raises ValueError where the numbers do not fit together, or a mask is no mask.

    Args:
        embed_dim: how wide a step is, here and in the result
        heads: how many times each step looks around, each time on numbers of its own
        kv_heads: heads of key and value, each shared by heads / kv_heads of the query; heads unless given
        head_dim: how wide a head is; embed_dim / heads unless given
        memory_dim: how wide a step of the memory is
        bias: whether query, key and value add a bias, and output too unless output_bias says otherwise
        output_bias: whether output adds a bias; as bias unless given
        dropout: the share of the attention weights that are set to zero, in training
        scale: what scores are multiplied with before the softmax; 1 / sqrt(head_dim) unless given
    """

    def __init__(
        self,
        embed_dim: int,
        heads: int,
        *,
        kv_heads: int | None = None,
        head_dim: int | None = None,
        memory_dim: int | None = None,
        bias: bool = True,
        output_bias: bool | None = None,
        dropout: float = 0.0,
        scale: float | None = None,
    ) -> None:
        super().__init__()
        _require_heads(embed_dim, heads, kv_heads, head_dim)
        _require_probability("dropout", dropout)
        self.groups = 1 if kv_heads is None else heads // kv_heads
        kv_heads = heads if kv_heads is None else kv_heads
        head_dim = embed_dim // heads if head_dim is None else head_dim
        memory_dim = embed_dim if memory_dim is None else memory_dim
        output_bias = bias if output_bias is None else output_bias
        self.head_dim = head_dim
        self.dropout = dropout
        self.scale = scale
        self.query = nn.Linear(embed_dim, heads * head_dim, bias=bias)
        self.key = nn.Linear(memory_dim, kv_heads * head_dim, bias=bias)
        self.value = nn.Linear(memory_dim, kv_heads * head_dim, bias=bias)
        self.output = nn.Linear(heads * head_dim, embed_dim, bias=output_bias)

    def forward(
        self, x: Tensor, memory: Tensor, attn_mask: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> Tensor:
        """Maps (batch, time, embed_dim) to the same shape."""
        _require_sequence("CrossAttention", x)
        _require_sequence("the memory of CrossAttention", memory)
        query = split_heads(self.query(x), self.head_dim)
        key = split_heads(self.key(memory), self.head_dim)
        value = split_heads(self.value(memory), self.head_dim)
        if self.groups > 1:
            key = key.repeat_interleave(self.groups, 1)
            value = value.repeat_interleave(self.groups, 1)
        dropout = self.dropout if self.training else 0.0
        if attn_mask is None and memory_mask is None:
            attended = F.scaled_dot_product_attention(query, key, value, dropout_p=dropout, scale=self.scale)
        else:
            masks = attention_masks(attn_mask, memory_mask)
            attended = attend(query, key, value, masks, dropout, self.scale)
        result: Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return result


def _require_heads(embed_dim: int, heads: int, kv_heads: int | None, head_dim: int | None) -> None:
    """Refuses numbers of heads, and widths of a head, that do not fit together."""
    kv_heads = heads if kv_heads is None else kv_heads
    if heads < 1 or kv_heads < 1 or heads % kv_heads:
        raise ValueError(f"heads is a multiple of kv_heads, both at least 1; received {heads} and {kv_heads}")
    if head_dim is None and embed_dim % heads:
        raise ValueError(
            f"{embed_dim} values do not share out among {heads} heads; give head_dim or other heads"
        )
    head_dim = embed_dim // heads if head_dim is None else head_dim
    if head_dim < 1:
        raise ValueError(f"head_dim is at least 1; received {head_dim}")


def _require_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is between 0 and 1; received {value}")


def _require_sequence(name: str, x: Tensor) -> None:
    if x.dim() != 3:
        raise ValueError(f"{name} takes (batch, time, width); received {x.dim()} dimensions")


def split_heads(x: Tensor, head_dim: int) -> Tensor:
    """Maps (batch, time, heads x head_dim) to (batch, heads, time, head_dim)."""
    return x.view(x.shape[0], x.shape[1], -1, head_dim).transpose(1, 2)


def _rotary_options(
    rotary: bool | Mapping[str, float] | None, head_dim: int
) -> tuple[float, int, bool] | None:
    """Reads `rotary:` into base, dimensions and interleaved; None where there is none."""
    if rotary is None or rotary is False:
        return None
    if rotary is True:
        return 10000.0, head_dim, False
    given = rotary
    known = {"base": 10000.0, "dimensions": head_dim, "interleaved": False}
    if not isinstance(given, Mapping) or given.keys() - known.keys():
        received = ", ".join(map(str, given)) if isinstance(given, Mapping) else given
        raise ValueError(f"rotary is true, or some of {', '.join(known)}; received {received}")
    base, dimensions, interleaved = {**known, **given}.values()
    if not isinstance(base, (int, float)) or not 0 < base < 1e30:
        raise ValueError(f"the base of rotary is a number above 0; received {base}")
    if not isinstance(dimensions, int) or dimensions % 2 or not 2 <= dimensions <= head_dim:
        raise ValueError(
            f"the dimensions of rotary are an even number up to head_dim, {head_dim}; received {dimensions}"
        )
    if not isinstance(interleaved, bool):
        raise ValueError(f"interleaved of rotary is true or false; received {interleaved}")
    return float(base), dimensions, interleaved


def rotary_angles(positions: Tensor, base: float, dimensions: int) -> tuple[Tensor, Tensor]:
    """Works out cosine and sine, (time, dimensions / 2), by which each of the positions, (time,), is turned.

    In float32 whatever the type of what is turned, since the angles of late positions need its digits.
    Source: Su et al. 2021, RoFormer, equation 15.
    """
    exponents = torch.arange(0, dimensions, 2, device=positions.device, dtype=torch.float32) / dimensions
    angles = positions.to(torch.float32)[:, None] * (1.0 / base**exponents)
    return angles.cos(), angles.sin()


def rotated(x: Tensor, cosine: Tensor, sine: Tensor, interleaved: bool) -> Tensor:
    """Turns the pairs of the first dimensions of (batch, heads, time, head_dim) by their angles."""
    dimensions = 2 * cosine.shape[-1]
    cosine, sine = cosine.to(x.dtype), sine.to(x.dtype)
    turning, rest = x[..., :dimensions], x[..., dimensions:]
    if interleaved:
        first, second = turning[..., 0::2], turning[..., 1::2]
    else:
        first, second = turning.chunk(2, -1)
    turned = (first * cosine - second * sine, second * cosine + first * sine)
    joined = torch.stack(turned, -1).flatten(-2) if interleaved else torch.cat(turned, -1)
    return joined if rest.shape[-1] == 0 else torch.cat((joined, rest), -1)


def attention_masks(attn_mask: Tensor | None, mask: Tensor | None) -> list[Tensor]:
    """Gives every mask four dimensions that broadcast to (batch, heads, time, time of keys)."""
    masks = []
    if mask is not None:
        if mask.dtype != torch.bool or mask.dim() != 2:
            raise ValueError(
                f"a padding mask is bool, (batch, time); received {mask.dtype}, {mask.dim()} dimensions"
            )
        masks.append(mask[:, None, None, :])
    if attn_mask is not None:
        if attn_mask.dim() not in (2, 3, 4):
            raise ValueError(f"attn_mask has 2 to 4 dimensions; received {attn_mask.dim()}")
        if attn_mask.dtype != torch.bool and not attn_mask.is_floating_point():
            raise ValueError(f"attn_mask is bool or a number to add; received {attn_mask.dtype}")
        masks.append(attn_mask[:, None] if attn_mask.dim() == 3 else attn_mask)
    return masks


def attend(
    query: Tensor, key: Tensor, value: Tensor, masks: list[Tensor], dropout: float, scale: float | None
) -> Tensor:
    """Attends where all masks allow it; a step that may look nowhere gets zeros.

    torch's kernels and ONNX differ for such a step: here it looks everywhere, and is put to zero after.
    """
    allowed, bias = None, None
    for each in masks:
        if each.dtype != torch.bool:
            bias = each.to(query.dtype)
            each = each > -torch.inf
        allowed = each if allowed is None else allowed & each
    assert allowed is not None
    empty = ~allowed.any(-1, keepdim=True)
    looked_at = allowed | empty
    scores = looked_at if bias is None else bias.masked_fill(empty, 0.0).masked_fill(~looked_at, -torch.inf)
    attended = F.scaled_dot_product_attention(
        query, key, value, attn_mask=scores, dropout_p=dropout, scale=scale
    )
    return attended.masked_fill(empty, 0.0)
