"""Rows to training, validation and test parts, drawn from the split's own seed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from nncli.data.dataset import PartName
from nncli.data.sampling import SPLIT_DRAW, generator_of
from nncli.sources.tables import Rows

Groups = NDArray[np.int64]


def split_rows(
    rows: int, fractions: Mapping[PartName, float], seed: int, groups: Groups | None = None
) -> dict[PartName, Rows]:
    """Draws the rows of each part, in the order of the file; `fractions` has no entry for train.

    A part has its fraction of the rows, rounded, and at least one. With `groups` (N,), each part has
    each group in its share, as near as whole rows allow, and every group keeps a row in train.
    A part is left out where its fraction is 0. Train can come out empty: the caller refuses that.
    """
    wanted = {name: max(1, math.floor(rows * share + 0.5)) for name, share in fractions.items() if share > 0}
    order = generator_of(seed, SPLIT_DRAW).permutation(rows)
    parts: dict[PartName, Rows] = {}
    for name, count in wanted.items():
        drawn = order[:count] if groups is None else _stratified(order, groups[order], count)
        parts[name] = np.sort(drawn)
        order = order[~np.isin(order, drawn)]
    return {"train": np.sort(order), **parts}


def _stratified(order: Rows, groups: Groups, count: int) -> Rows:
    """Draws `count` rows: each group's share by largest remainder, never its last row."""
    names, sizes = np.unique(groups, return_counts=True)
    exact = sizes * (count / len(order))
    taken = np.minimum(np.floor(exact).astype(np.int64), sizes - 1)
    by_remainder = np.argsort(taken - exact, kind="stable")
    while taken.sum() < count and (taken < sizes - 1).any():
        for group in by_remainder:
            if taken.sum() < count and taken[group] < sizes[group] - 1:
                taken[group] += 1
    drawn = [order[groups == name][:number] for name, number in zip(names, taken, strict=True)]
    return np.concatenate(drawn) if drawn else order[:0]
