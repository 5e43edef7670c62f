"""Layers of attention that go on from where a sequence stands: keys and values are kept."""

from __future__ import annotations

from typing import cast, final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from nncli.network.beyond_torch.attention import (
    CrossAttention,
    SelfAttention,
    attend,
    attention_masks,
    rotary_angles,
    rotated,
    split_heads,
)


class _Steps:
    """The steps seen so far, (rows, heads, steps, width); room grows by doubling."""

    def __init__(self) -> None:
        self.count = 0
        self._room: Tensor | None = None

    def add(self, new: Tensor) -> Tensor:
        before, self.count = self.count, self.count + new.shape[2]
        if self._room is None or self.count > self._room.shape[2]:
            room = new.new_empty(*new.shape[:2], max(self.count, 2 * before), new.shape[3])
            if self._room is not None:
                room[:, :, :before] = self._room[:, :, :before]
            self._room = room
        self._room[:, :, before : self.count] = new
        return self._room[:, :, : self.count]

    def keep(self, rows: Tensor) -> None:
        if self._room is not None:
            self._room = self._room.index_select(0, rows)


class _Remembered:
    """Keys and values of the steps so far, and the masks of the new ones."""

    def __init__(self) -> None:
        self.keys, self.values = _Steps(), _Steps()

    @property
    def count(self) -> int:
        return self.keys.count

    def keep(self, rows: Tensor) -> None:
        self.keys.keep(rows)
        self.values.keep(rows)

    def masks(
        self, attn_mask: Tensor | None, new: int, *, causal: bool, device: torch.device
    ) -> list[Tensor]:
        """Makes the masks of the last `new` steps, which stand behind all others.

        Raises ValueError for a mask that does not reach so far.
        """
        total = self.count
        masks = []
        if attn_mask is not None:
            if tuple(attn_mask.shape[-2:]) != (new, total):
                if min(attn_mask.shape[-2:]) < total:
                    raise ValueError(f"a mask of {[*attn_mask.shape]} says nothing about {total} steps")
                attn_mask = attn_mask[..., total - new : total, :total]
            masks = attention_masks(attn_mask, None)
        if causal and new > 1:
            steps = torch.arange(total, device=device)
            masks.append(steps[total - new :, None] >= steps)
        return masks


class _Remembering(nn.Module):
    """A layer that keeps the keys and values of the steps so far."""

    has_window = True

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    def forget(self) -> None:
        """Starts a new sequence."""
        self._seen = _Remembered()

    def keep(self, rows: Tensor) -> None:
        """Takes the states of rows by number."""
        self._seen.keep(rows)


@final
class GoingSelfAttention(_Remembering):
    """SelfAttention that keeps keys and values. Padding masks are left out: what is written has none."""

    def __init__(self, layer: SelfAttention) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, attn_mask: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Maps the next steps, (batch, new steps, embed_dim), to the same shape."""
        layer, seen = self.layer, self._seen
        query = split_heads(layer.query(x), layer.head_dim)
        key = split_heads(layer.key(x), layer.head_dim)
        value = split_heads(layer.value(x), layer.head_dim)
        if layer.rotary is not None:
            base, dimensions, interleaved = layer.rotary
            positions = torch.arange(seen.count, seen.count + x.shape[1], device=x.device)
            cosine, sine = rotary_angles(positions, base, dimensions)
            query = rotated(query, cosine, sine, interleaved)
            key = rotated(key, cosine, sine, interleaved)
        key, value = seen.keys.add(key), seen.values.add(value)
        if layer.groups > 1:
            key = key.repeat_interleave(layer.groups, 1)
            value = value.repeat_interleave(layer.groups, 1)
        masks = seen.masks(attn_mask, x.shape[1], causal=layer.causal, device=x.device)
        if masks:
            result = attend(query, key, value, masks, 0.0, layer.scale)
        else:
            result = F.scaled_dot_product_attention(query, key, value, scale=layer.scale)
        made: Tensor = layer.output(result.transpose(1, 2).flatten(2))
        return made


@final
class GoingCrossAttention(nn.Module):
    """CrossAttention to a memory that stays: its keys and values are worked out once."""

    has_window = False

    def __init__(self, layer: CrossAttention) -> None:
        super().__init__()
        self.layer = layer
        self.forget()

    def forget(self) -> None:
        """Starts a new sequence."""
        self._memory: tuple[Tensor, Tensor] | None = None

    def keep(self, rows: Tensor) -> None:
        """Takes the states of rows by number."""
        if self._memory is not None:
            key, value = self._memory
            self._memory = key.index_select(0, rows), value.index_select(0, rows)

    def forward(self, x: Tensor, memory: Tensor, memory_mask: Tensor | None = None) -> Tensor:
        """Maps the next steps, (batch, new steps, embed_dim), to the same shape."""
        layer = self.layer
        if self._memory is None:
            found = [split_heads(each(memory), layer.head_dim) for each in (layer.key, layer.value)]
            if layer.groups > 1:
                found = [each.repeat_interleave(layer.groups, 1) for each in found]
            self._memory = found[0], found[1]
        key, value = self._memory
        query = split_heads(layer.query(x), layer.head_dim)
        if memory_mask is None:
            result = F.scaled_dot_product_attention(query, key, value, scale=layer.scale)
        else:
            result = attend(query, key, value, attention_masks(None, memory_mask), 0.0, layer.scale)
        made: Tensor = layer.output(result.transpose(1, 2).flatten(2))
        return made


@final
class GoingMultiheadAttention(_Remembering):
    """torch's MultiheadAttention of a sequence to itself, that keeps keys and values."""

    def __init__(self, layer: nn.MultiheadAttention) -> None:
        super().__init__()
        if layer.in_proj_weight is None or layer.bias_k is not None or layer.add_zero_attn:
            raise ValueError("this MultiheadAttention has parts that are not kept")
        self.layer = layer

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = False,
        attn_mask: Tensor | None = None,
    ) -> tuple[Tensor, None]:
        """Attends from the next steps, (batch, new steps, embed_dim). Raises ValueError for what it lacks."""
        if query is not key or key is not value or need_weights:
            raise ValueError("only attention of a sequence to itself, without its weights, goes on")
        layer, seen = self.layer, self._seen
        wide = F.linear(query, layer.in_proj_weight, layer.in_proj_bias)
        parts = [split_heads(each.contiguous(), layer.head_dim) for each in wide.chunk(3, -1)]
        keys, values = seen.keys.add(parts[1]), seen.values.add(parts[2])
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            # torch's mask is true where a step may not look.
            attn_mask = ~attn_mask
        masks = seen.masks(attn_mask, query.shape[1], causal=False, device=query.device)
        if masks:
            result = attend(parts[0], keys, values, masks, 0.0, None)
        else:
            result = F.scaled_dot_product_attention(parts[0], keys, values)
        return layer.out_proj(result.transpose(1, 2).flatten(2)), None


@final
class GoingEncoderLayer(nn.Module):
    """torch's TransformerEncoderLayer with a mask of what comes after, that keeps keys and values."""

    has_window = True

    def __init__(self, layer: nn.TransformerEncoderLayer) -> None:
        super().__init__()
        self.layer = layer
        self.attention = GoingMultiheadAttention(layer.self_attn)

    def forget(self) -> None:
        """Starts a new sequence."""
        self.attention.forget()

    def keep(self, rows: Tensor) -> None:
        """Takes the states of rows by number."""
        self.attention.keep(rows)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Maps the next steps, (batch, new steps, d_model), to the same shape."""
        layer = self.layer
        x = layer.norm1(src) if layer.norm_first else src
        x = src + self.attention(x, x, x, attn_mask=src_mask)[0]
        if layer.norm_first:
            made: Tensor = x + self._feed(layer.norm2(x))
            return made
        x = layer.norm1(x)
        return cast(Tensor, layer.norm2(x + self._feed(x)))

    def _feed(self, x: Tensor) -> Tensor:
        made: Tensor = self.layer.linear2(self.layer.activation(self.layer.linear1(x)))
        return made
