"""Functions that leave out padding, and the masks of what comes after them; needs torch alone."""

# As in attention.py: no `from __future__`, and a ValueError for what is wrong with an argument.

from typing import Literal

import torch
from torch import Tensor


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
