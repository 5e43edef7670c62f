"""Layers that cover parts of a spectrogram, in training; needs torch alone, as attention.py does."""

# As in attention.py: no `from __future__`, and a ValueError for what is wrong with an argument. The draws are
# those of torch's generator, as in Dropout.

import torch
from torch import Tensor, nn


class TimeMasking(nn.Module):
    """Covers a stretch of time with zeros, in training.

    Keeps the shape of x, (batch, …, frequencies, frames). The stretch has 0 to time_mask_param frames,
    evenly drawn, anywhere in the row. Zeros are silence before AmplitudeToDB, not behind it.
    Source: Park et al. 2019 (SpecAugment).

    Args:
        time_mask_param: the most frames that are covered
        iid_masks: whether every row and channel has a stretch of its own, or all share one
        p: the largest share of the frames that is covered
    """

    def __init__(self, time_mask_param: int, iid_masks: bool = True, p: float = 1.0) -> None:
        super().__init__()
        _check_covering(p, time_mask_param)
        self.time_mask_param = time_mask_param
        self.iid_masks = iid_masks
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Covers frames in training; hands x on in evaluation."""
        if not self.training:
            return x
        most = min(self.time_mask_param, int(x.shape[-1] * self.p))
        return x.masked_fill(_covered(x, -1, most, self.iid_masks), 0.0)


class FrequencyMasking(nn.Module):
    """Covers a band of frequencies with zeros, in training.

    Keeps the shape of x, (batch, …, frequencies, frames). All else is as in TimeMasking.

    Args:
        freq_mask_param: the most frequencies that are covered
        iid_masks: whether every row and channel has a band of its own, or all share one
    """

    def __init__(self, freq_mask_param: int, iid_masks: bool = True) -> None:
        super().__init__()
        _check_covering(1, freq_mask_param)
        self.freq_mask_param = freq_mask_param
        self.iid_masks = iid_masks

    def forward(self, x: Tensor) -> Tensor:
        """Covers frequencies in training; hands x on in evaluation."""
        if not self.training:
            return x
        most = min(self.freq_mask_param, x.shape[-2])
        return x.masked_fill(_covered(x, -2, most, self.iid_masks), 0.0)


class SpecAugment(nn.Module):
    """Covers several stretches of time and bands of frequencies, in training.

    Keeps the shape of x, (batch, …, frequencies, frames). Source: Park et al. 2019.

    Args:
        n_time_masks: how many stretches of time
        time_mask_param: the most frames of each
        n_freq_masks: how many bands of frequencies
        freq_mask_param: the most frequencies of each
        iid_masks: whether every row and channel is covered in its own way, or all in one
        p: the largest share of the frames that a stretch covers
        zero_masking: zeros where it is covered; otherwise the mean of the row
    """

    def __init__(
        self,
        n_time_masks: int,
        time_mask_param: int,
        n_freq_masks: int,
        freq_mask_param: int,
        iid_masks: bool = True,
        p: float = 1.0,
        zero_masking: bool = False,
    ) -> None:
        super().__init__()
        _check_covering(p, n_time_masks, time_mask_param, n_freq_masks, freq_mask_param)
        self.n_time_masks = n_time_masks
        self.time_mask_param = time_mask_param
        self.n_freq_masks = n_freq_masks
        self.freq_mask_param = freq_mask_param
        self.iid_masks = iid_masks
        self.p = p
        self.zero_masking = zero_masking

    def forward(self, x: Tensor) -> Tensor:
        """Covers parts of x in training; hands x on in evaluation."""
        if not self.training:
            return x
        filling = (
            x.new_zeros(()) if self.zero_masking else x.flatten(1).mean(1).view(-1, *[1] * (x.dim() - 1))
        )
        frames = min(self.time_mask_param, int(x.shape[-1] * self.p))
        bands = min(self.freq_mask_param, x.shape[-2])
        for _ in range(self.n_time_masks):
            x = torch.where(_covered(x, -1, frames, self.iid_masks), filling, x)
        for _ in range(self.n_freq_masks):
            x = torch.where(_covered(x, -2, bands, self.iid_masks), filling, x)
        return x


def _check_covering(p: float, *counts: int) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"p is between 0 and 1; received {p}")
    if min(counts) < 0:
        raise ValueError(f"what is covered is 0 or more; received {min(counts)}")


def _covered(x: Tensor, axis: int, most: int, iid_masks: bool) -> Tensor:
    """Draws a stretch of 0 to `most` places along an axis; true where x is covered."""
    rows = x.shape[:-2] if iid_masks else [1] * (x.dim() - 2)
    drawn = torch.rand(2, *rows, 1, 1, device=x.device)
    size = x.shape[axis]
    places = torch.arange(size, device=x.device).view(-1, *[1] * (-1 - axis))
    length = (drawn[0] * (most + 1)).long().clamp(max=most)
    start = (drawn[1] * (size - length + 1)).long()
    return (places >= start) & (places < start + length)
