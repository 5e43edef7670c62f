"""The figures that most specs ask for, worked out here: torchmetrics takes longer to import than torch.

Each equals the function of torchmetrics that `metrics.py` names, with its arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import Tensor

# What is said and what is true: numbers (N,), classes (N,), or zeros and ones (N, classes).
Plain: TypeAlias = Callable[[Tensor, Tensor], float]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Rows by class, float64 (classes,): rightly said, wrongly said, and missed."""

    right: Tensor
    wrong: Tensor
    missed: Tensor


def plain_figure(name: str, kind: str, classes: int) -> Plain | None:
    """Finds what works out a metric of a target of some kind; None where torchmetrics has to."""
    if kind == "number":
        return _OF_NUMBERS.get(name)
    if name == "accuracy":
        return _share_of_equals
    if name == "auroc":
        return _area_under_curve if kind == "binary" else None
    ratio = _RATIOS.get(name)
    return None if ratio is None else lambda said, truth: _mean(ratio, kind, _counts(said, truth, classes))


def _counts(said: Tensor, truth: Tensor, classes: int) -> _Counts:
    if said.ndim == 1:
        hits = truth[said == truth]
        right, all_said, all_true = (torch.bincount(each, minlength=classes) for each in (hits, said, truth))
    else:
        right, all_said, all_true = (each.long().sum(0) for each in (said * truth, said, truth))
    counts = [right, all_said - right, all_true - right]
    return _Counts(*(each.double() for each in counts))


def _mean(ratio: Callable[[_Counts], tuple[Tensor, Tensor]], kind: str, counts: _Counts) -> float:
    above, below = ratio(counts)
    shares = torch.where(below > 0, above / below, 0.0)
    if kind == "binary":
        return shares[1].item()
    if kind == "category":
        # A class that nobody said and that no row has tells nothing.
        shares = shares[(counts.right + counts.wrong + counts.missed) > 0]
    return shares.mean().item()


def _share_of_equals(said: Tensor, truth: Tensor) -> float:
    return (said == truth).double().mean().item()


def _area_under_curve(scores: Tensor, truth: Tensor) -> float:
    """The share of pairs of a positive and a negative row that are in order; ties count half."""
    _, place, count = torch.unique(scores, return_inverse=True, return_counts=True)
    last = count.cumsum(0).double()
    ranks = (last - (count.double() - 1) / 2)[place]
    positive = int((truth == 1).sum())
    above = float(ranks[truth == 1].sum()) - positive * (positive + 1) / 2
    return above / (positive * (len(truth) - positive))


def _mean_square(said: Tensor, truth: Tensor) -> float:
    return (said - truth).square().mean().item()


def _explained(said: Tensor, truth: Tensor) -> float:
    return 1.0 - _mean_square(said, truth) / (truth - truth.mean()).square().mean().item()


_OF_NUMBERS: Final[Mapping[str, Plain]] = {
    "mae": lambda said, truth: (said - truth).abs().mean().item(),
    "rmse": lambda said, truth: math.sqrt(_mean_square(said, truth)),
    "r2": _explained,
}
_RATIOS: Final[Mapping[str, Callable[[_Counts], tuple[Tensor, Tensor]]]] = {
    "f1": lambda n: (2 * n.right, 2 * n.right + n.wrong + n.missed),
    "precision": lambda n: (n.right, n.right + n.wrong),
    "recall": lambda n: (n.right, n.right + n.missed),
}
