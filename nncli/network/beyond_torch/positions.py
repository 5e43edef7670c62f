"""Layers of positions: what says where a step stands, or how far it is from another; needs torch alone."""

# As in attention.py: no `from __future__`, and a ValueError for what is wrong with an argument.

import math
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class PositionEmbedding(nn.Module):
    """Adds to every step of a sequence a vector that says where the step stands.

    Maps (batch, time, embed_dim) to the same shape, for any time up to `length`. `learned` has one weight,
    (length, embed_dim), drawn from a normal distribution with deviation 0.02. `sinusoidal` has none: value
    2i of position p is sin(p / 10000^(2i / embed_dim)), value 2i + 1 the cosine of the same.
    Raises ValueError for a longer sequence.
    Source: Vaswani et al. 2017, section 3.5.

    Args:
        embed_dim: how wide a step is
        length: the most steps that a sequence has
        kind: learned has a weight for every step, sinusoidal none: fixed waves of many lengths
    """

    def __init__(
        self, embed_dim: int, length: int, kind: Literal["learned", "sinusoidal"] = "learned"
    ) -> None:
        super().__init__()
        if embed_dim < 1 or length < 1:
            raise ValueError(f"embed_dim and length are at least 1; received {embed_dim} and {length}")
        if kind not in ("learned", "sinusoidal"):
            raise ValueError(f"kind is learned or sinusoidal; received {kind}")
        self.weight: Tensor
        if kind == "learned":
            self.weight = nn.Parameter(torch.empty(length, embed_dim).normal_(std=0.02))
        else:
            self.register_buffer("weight", _sinusoids(length, embed_dim), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Adds the vectors of positions 0, 1, … to the steps of x."""
        length = self.weight.shape[0]
        if x.dim() != 3:
            raise ValueError(f"PositionEmbedding takes (batch, time, width); received {x.dim()} dimensions")
        if x.shape[1] > length:
            raise ValueError(f"PositionEmbedding has {length} positions; received {x.shape[1]} steps")
        return x + self.weight[: x.shape[1]]


def _sinusoids(length: int, embed_dim: int) -> Tensor:
    # In float64, since the angle of a late position loses the digits that float32 has.
    frequencies = 10000.0 ** (-torch.arange(0, embed_dim, 2, dtype=torch.float64) / embed_dim)
    angles = torch.arange(length)[:, None] * frequencies
    # An odd width ends with a sine.
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)[:, :embed_dim].float()


class RelativePositionBias(nn.Module):
    """Learns what to add to the scores of attention for each distance between two steps.

    Maps (batch, time, width) to (1, heads, time, time), which is the `attn_mask` of a SelfAttention; row q,
    column k belongs to the distance k - q. Near distances have a bucket each, far ones share buckets that
    widen up to `max_distance`, all beyond share the last. Where `bidirectional`, half of the buckets are
    for steps ahead; otherwise those share the bucket of distance 0. One weight, (buckets, heads), drawn from
    a normal distribution with deviation 0.02.
    Source: Raffel et al. 2020 (T5), section 2.1; the weight is T5's relative_attention_bias.

    Args:
        heads: the heads of the attention that it is for, each with numbers of its own
        buckets: how many distances are told apart; near ones have a bucket each, far ones share some
        max_distance: from this distance on all share one bucket
        bidirectional: whether half of the buckets are for steps ahead; false where attention is causal
    """

    def __init__(
        self, heads: int, buckets: int = 32, max_distance: int = 128, bidirectional: bool = True
    ) -> None:
        super().__init__()
        one_side = buckets // 2 if bidirectional else buckets
        if heads < 1:
            raise ValueError(f"heads is at least 1; received {heads}")
        if one_side < 2 or (bidirectional and buckets % 2):
            raise ValueError(
                f"buckets are at least 2, or an even number from 4 both ways; received {buckets}"
            )
        if max_distance <= one_side // 2:
            raise ValueError(f"max_distance is above {one_side // 2}; received {max_distance}")
        self.one_side = one_side
        self.max_distance = max_distance
        self.bidirectional = bidirectional
        self.weight = nn.Parameter(torch.empty(buckets, heads).normal_(std=0.02))

    def forward(self, x: Tensor) -> Tensor:
        """Reads nothing of x but how many steps it has."""
        steps = torch.arange(x.shape[1], device=x.device)
        buckets = self._buckets(steps - steps[:, None])
        return F.embedding(buckets, self.weight).permute(2, 0, 1).unsqueeze(0)

    def _buckets(self, distance: Tensor) -> Tensor:
        """Finds the bucket of each distance. T5's formula in T5's order, so that rounding is the same."""
        ahead = (distance > 0) * self.one_side if self.bidirectional else 0
        away = distance.abs() if self.bidirectional else (-distance).clamp(min=0)
        near = self.one_side // 2
        # The logarithm runs from 0 at `near` to 1 at `max_distance`.
        share = torch.log(away.clamp(min=near).float() / near) / math.log(self.max_distance / near)
        far = (near + (share * (self.one_side - near)).long()).clamp(max=self.one_side - 1)
        return ahead + torch.where(away < near, away, far)
