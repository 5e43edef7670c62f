"""Other layers and functions that torch.nn lacks; needs torch alone, for the same reason."""

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


class StochasticDepth(nn.Module):
    """Leaves out what flows in, with probability `p`, in training; scales by 1 / (1 - p) what it keeps.

    Keeps the shape of x. Mode `row` draws for every row of a batch, `batch` once for all of them. What is
    left out is zeros, so that a residual block around it is the identity for that row.
    Raises ValueError for p outside 0 to 1. Source: Huang et al. 2016.

    Args:
        p: how likely it is that something is left out
        mode: row draws for each row of a batch, batch once for all rows
    """

    def __init__(self, p: float, mode: Literal["row", "batch"] = "row") -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is between 0 and 1; received {p}")
        if mode not in ("row", "batch"):
            raise ValueError(f"mode is row or batch; received {mode}")
        self.p = p
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Keeps or leaves out rows in training; hands x on in evaluation."""
        if not self.training or self.p == 0:
            return x
        rows = x.shape[0] if self.mode == "row" else 1
        kept = x.new_empty((rows, *[1] * (x.dim() - 1))).bernoulli_(1 - self.p)
        return x * kept if self.p == 1 else x * kept.div_(1 - self.p)


def masked_mean(x: Tensor, mask: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Takes the mean over axis `dim` of what is valid; zeros where nothing is.

    `mask` is bool, True where x is valid: of the shape of x, or (batch, time) with its time on axis `dim`.
    """
    mask = _placed(mask, x, dim)
    count = mask.sum(dim, keepdim=keepdim).clamp(min=1)
    return x.masked_fill(~mask, 0.0).sum(dim, keepdim=keepdim) / count


def masked_amax(x: Tensor, mask: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Takes the largest value along axis `dim` of what is valid; zeros where nothing is.

    `mask` is as in masked_mean.
    """
    mask = _placed(mask, x, dim)
    largest = x.masked_fill(~mask, -torch.inf).amax(dim, keepdim=keepdim)
    return largest.masked_fill(~mask.any(dim, keepdim=keepdim), 0.0)


def masked_amin(x: Tensor, mask: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Takes the smallest of what is valid along axis `dim`; zeros where nothing is. As masked_amax."""
    return -masked_amax(-x, mask, dim, keepdim)


def masked_var(x: Tensor, mask: Tensor, dim: int, keepdim: bool = False, correction: float = 1) -> Tensor:
    """Takes the variance along axis `dim` of what is valid; zeros where that is too little for it.

    `mask` is as in masked_mean.
    """
    mask = _placed(mask, x, dim)
    apart = (x - masked_mean(x, mask, dim, True)).masked_fill(~mask, 0.0)
    count = mask.sum(dim, keepdim=keepdim) - correction
    return apart.square().sum(dim, keepdim=keepdim) / count.clamp(min=1)


def masked_std(x: Tensor, mask: Tensor, dim: int, keepdim: bool = False, correction: float = 1) -> Tensor:
    """Takes the root of masked_var; at zero it has no gradient, where that of a root is infinite."""
    return masked_var(x, mask, dim, keepdim, correction).clamp(min=1e-12).sqrt()


def masked_softmax(x: Tensor, mask: Tensor, dim: int) -> Tensor:
    """Takes the softmax along axis `dim` of what is valid; all else, and rows without any, get zeros.

    `mask` is as in masked_mean.
    """
    mask = _placed(mask, x, dim)
    # The lowest finite number: with -inf a row without any valid value would be NaN on the way.
    lowest = torch.finfo(x.dtype).min
    return x.masked_fill(~mask, lowest).softmax(dim).masked_fill(~mask, 0.0)


def filled_padding(
    x: Tensor, mask: Tensor, dim: int, filling: Literal["zero", "one", "lowest", "highest"] = "zero"
) -> Tensor:
    """Puts a number in the place of what is padded along axis `dim`; `lowest` is the lowest finite one.

    `mask` is as in masked_mean.
    """
    value: float = {"zero": 0, "one": 1, "highest": 1}.get(filling, 0)
    if filling in ("lowest", "highest") and x.dtype != torch.bool:
        # Finite, since a row that is all padding would otherwise be NaN further on.
        limits = torch.finfo(x.dtype) if x.is_floating_point() else torch.iinfo(x.dtype)
        value = limits.min if filling == "lowest" else limits.max
    return x.masked_fill(~_placed(mask, x, dim), value)


def mean_of_valid(mean: Tensor, mask: Tensor) -> Tensor:
    """Makes of a mean over all steps, padding counted as zeros, the one over valid steps.

    `mask` is bool, (batch, time); the result has the shape of `mean`, (batch, …).
    """
    share = mask.shape[1] / mask.sum(1).clamp(min=1)
    return mean * share.to(mean.dtype).view(-1, *[1] * (mean.dim() - 1))


def padding_of(mask: Tensor) -> Tensor:
    """Makes torch's padding mask, True where a step is padding, of one that is True where a step is valid.

    A row without a valid step is looked at whole: torch's attention would make it NaN.
    """
    return ~mask & mask.any(1, keepdim=True)


def _placed(mask: Tensor, x: Tensor, dim: int) -> Tensor:
    """Views a mask of (batch, time) so that it broadcasts to x, whose time is on axis `dim`."""
    if mask.dim() == x.dim():
        return mask
    if mask.dim() != 2:
        raise ValueError(f"a mask is (batch, time) or of the shape of x; received {mask.dim()} dimensions")
    shape = [1] * x.dim()
    shape[0], shape[dim] = mask.shape
    return mask.view(shape)


def last_valid(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Takes the last valid step of (batch, time, …) as (batch, …); zeros for a row that has none.

    `mask` is bool, (batch, time), True where a step is valid; without it the last step is taken.
    """
    if mask is None:
        return x[:, -1]
    steps = torch.arange(x.shape[1], device=x.device)
    return _step(x, torch.where(mask, steps, 0).amax(1), mask)


def last_states(sequence: Tensor, hidden_size: int, mask: Tensor | None = None) -> Tensor:
    """Takes the final states of both directions of a recurrent layer, side by side: (batch, width).

    `sequence` is (batch, time, width): the states of the forward direction, hidden_size wide, then those of
    the backward one. That one ends at the first valid step. `mask` is as in last_valid. Rows are padded at
    the right, and the layer that made the sequence has not run over the padding.
    """
    forward, backward = sequence[..., :hidden_size], sequence[..., hidden_size:]
    if mask is None:
        return torch.cat((forward[:, -1], backward[:, 0]), -1)
    first = backward[:, 0].masked_fill(~mask.any(1, keepdim=True), 0.0)
    return torch.cat((last_valid(forward, mask), first), -1)


def _step(x: Tensor, index: Tensor, mask: Tensor) -> Tensor:
    """Takes step `index`, (batch), of each row; zeros for a row without a valid step."""
    trailing = [1] * (x.dim() - 2)
    # take_along_dim would fix the number of rows in an exported program.
    taken = x.gather(1, index.view(-1, 1, *trailing).expand(-1, 1, *x.shape[2:])).squeeze(1)
    return taken.masked_fill(~mask.any(1).view(-1, *trailing), 0.0)


def convolved_mask(
    mask: Tensor, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """Follows a padding mask, bool (batch, time), through a convolution or pooling over time.

    Rows are padded at the right. A row keeps as many valid steps as it would have if it went through the
    layer by itself, without the padding of its batch. `padding` is what the layer adds at each end.
    """
    reach = dilation * (kernel_size - 1)
    length = (mask.shape[1] + 2 * padding - reach - 1) // stride + 1
    starts = torch.arange(length, device=mask.device) * stride
    valid = mask.sum(1, keepdim=True)
    # The window that starts here has to end within the row and the zeros that the layer adds to it.
    return (starts + reach < valid + 2 * padding) & (valid > 0)


def stretched_mask(mask: Tensor, factor: int, more: int) -> Tensor:
    """Follows a padding mask, bool (batch, time), to time * factor + more steps, as each row goes alone."""
    steps = torch.arange(mask.shape[1] * factor + more, device=mask.device)
    valid = mask.sum(1, keepdim=True)
    return (steps < valid * factor + more) & (valid > 0)
