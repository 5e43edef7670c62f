"""Losses that torch.nn lacks; needs torch alone."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional


class FocalLoss(nn.Module):
    """Cross entropy in which classes that are already likely count less: -(1 - p)^gamma log p.

    Shapes: input (N, classes, …), target int64 (N, …). `weight` has one number for each class. Source: Lin et
    al. 2017, "Focal Loss for Dense Object Detection".
    """

    def __init__(
        self,
        gamma: float = 2.0,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        if not gamma >= 0 or reduction not in ("none", "mean", "sum"):
            raise ValueError("gamma must be 0 or more")
        self.gamma = gamma
        self.ignore_index = ignore_index
        self.reduction = reduction
        self.register_buffer("weight", weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        """Computes the loss; a mean over weighted classes is over their weights, as in CrossEntropyLoss."""
        logs = functional.log_softmax(input, dim=1)
        kept = target != self.ignore_index
        known = torch.where(kept, target, 0)
        log = logs.gather(1, known.unsqueeze(1)).squeeze(1)
        weight = self.weight[known] if isinstance(self.weight, Tensor) else torch.ones_like(log)
        weight = torch.where(kept, weight, 0.0)
        each = -weight * (1 - log.exp()) ** self.gamma * log
        if self.reduction == "none":
            return each
        return each.sum() / weight.sum() if self.reduction == "mean" else each.sum()


class SigmoidFocalLoss(nn.Module):
    """Binary cross entropy of logits in which what is already likely counts less.

    Shapes: input and target (N, …), target from 0 to 1. `alpha` weighs the positive, 1 - alpha the negative;
    a negative alpha weighs neither. Source: Lin et al. 2017; torchvision.ops.sigmoid_focal_loss.
    """

    def __init__(self, gamma: float = 2.0, alpha: float = 0.25, reduction: str = "mean") -> None:
        super().__init__()
        if not gamma >= 0 or alpha > 1 or reduction not in ("none", "mean", "sum"):
            raise ValueError("gamma must be 0 or more, and alpha at most 1")
        self.gamma = gamma
        self.alpha = alpha
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        """Computes the loss."""
        entropy = functional.binary_cross_entropy_with_logits(input, target, reduction="none")
        likely = input.sigmoid()
        right = likely * target + (1 - likely) * (1 - target)
        each = entropy * (1 - right) ** self.gamma
        if self.alpha >= 0:
            each = each * (self.alpha * target + (1 - self.alpha) * (1 - target))
        if self.reduction == "none":
            return each
        return each.mean() if self.reduction == "mean" else each.sum()


OWN_LOSSES: Final[dict[str, type[nn.Module]]] = {
    "FocalLoss": FocalLoss,
    "SigmoidFocalLoss": SigmoidFocalLoss,
}
