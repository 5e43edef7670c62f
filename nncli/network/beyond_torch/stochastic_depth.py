"""StochasticDepth, which leaves out a branch in training; needs torch alone, as attention.py does."""

# As in attention.py: no `from __future__`, and a ValueError for what is wrong with an argument.

from typing import Literal

from torch import Tensor, nn


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
