"""Rows to training, validation and test parts, drawn from the split's own seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nncli.data.dataset import PartName
from nncli.data.sampling import SPLIT_DRAW, generator_of
from nncli.sources.tables import Rows

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Keys:
    """What a split goes by, at most one of them, each int64 (N,).

    Every part has each of `strata` in its share. All rows of one of `groups` are in one part. `times`
    put the parts in order: training first, the test last, and equal times together.
    """

    strata: Codes | None = None
    groups: Codes | None = None
    times: Codes | None = None

    @property
    def are_none(self) -> bool:
        """Tells whether rows are drawn one by one."""
        return self.strata is None and self.groups is None and self.times is None


NO_KEYS: Final = Keys()


def split_rows(
    rows: int, shares: Mapping[PartName, float], seed: int, keys: Keys = NO_KEYS
) -> dict[PartName, Rows]:
    """Draws the rows of each part, in the order of the file; `shares` has no entry for train.

    A share below 1 is one of all rows, rounded, and at least one; from 1 on it counts rows. Every stratum
    keeps a row in train. A part is left out where its share is 0. Train can come out empty: the caller
    refuses that.
    """
    wanted = {name: _count(rows, share) for name, share in shares.items() if share > 0}
    order = generator_of(seed, SPLIT_DRAW).permutation(rows)
    parts: dict[PartName, Rows] = {}
    # In time, the test comes last and so is taken first.
    for name in sorted(wanted) if keys.times is not None else wanted:
        drawn = _draw(order, wanted[name], keys)
        is_drawn = _marked(rows, drawn)
        parts[name] = np.flatnonzero(is_drawn)
        # Of many rows most of the time goes into looking up which were drawn.
        order = order[len(drawn) :] if keys.are_none else order[~is_drawn[order]]
    return {"train": np.flatnonzero(_marked(rows, order)), **{name: parts[name] for name in wanted}}


def split_fold(
    rows: int, which: tuple[int, int], shares: Mapping[PartName, float], seed: int, keys: Keys = NO_KEYS
) -> dict[PartName, Rows]:
    """Makes one of several folds the test part; validation is drawn from what is left.

    `which` is the number of folds, and that of the one that is tested on, from 1.

    In time, fold k is tested on the k-th of the later stretches, and trained on all rows before it.
    """
    folds, fold = which
    order = generator_of(seed, SPLIT_DRAW).permutation(rows)
    if keys.times is not None:
        borders = _time_borders(keys.times, folds + 1)
        known = np.flatnonzero(keys.times < borders[fold])
        test = np.flatnonzero((keys.times >= borders[fold]) & (keys.times < borders[fold + 1]))
    else:
        numbers = _fold_numbers(order, folds, keys)
        test, known = np.flatnonzero(numbers == fold - 1), np.flatnonzero(numbers != fold - 1)
    below = Keys(*(None if code is None else code[known] for code in (keys.strata, keys.groups, keys.times)))
    validation: dict[PartName, float] = {"validation": shares.get("validation", 0.0)}
    drawn = split_rows(len(known), validation, seed, below)
    return {name: known[found] for name, found in drawn.items()} | {"test": test}


def _count(rows: int, share: float) -> int:
    return int(share) if share >= 1 else max(1, math.floor(rows * share + 0.5))


def _marked(rows: int, drawn: Rows) -> NDArray[np.bool_]:
    marked = np.zeros(rows, np.bool_)
    marked[drawn] = True
    return marked


def _draw(order: Rows, count: int, keys: Keys) -> Rows:
    if keys.strata is not None:
        return _stratified(order, keys.strata[order], count)
    if keys.groups is not None:
        return _grouped(order, keys.groups[order], count)
    if keys.times is not None:
        return _latest(order, keys.times[order], count)
    return order[:count]


def _stratified(order: Rows, strata: Codes, count: int) -> Rows:
    """Draws `count` rows: each stratum's share by largest remainder, never its last row."""
    names, sizes = np.unique(strata, return_counts=True)
    exact = sizes * (count / len(order))
    taken = np.minimum(np.floor(exact).astype(np.int64), sizes - 1)
    by_remainder = np.argsort(taken - exact, kind="stable")
    while taken.sum() < count and (taken < sizes - 1).any():
        for stratum in by_remainder:
            if taken.sum() < count and taken[stratum] < sizes[stratum] - 1:
                taken[stratum] += 1
    drawn = [order[strata == name][:number] for name, number in zip(names, taken, strict=True)]
    return np.concatenate(drawn) if drawn else order[:0]


def _grouped(order: Rows, groups: Codes, count: int) -> Rows:
    """Draws whole groups, in a random order, as near to `count` rows as they come; one stays in train."""
    names, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    drawn: list[int] = []
    total = 0
    for group in np.argsort(first)[: max(len(names) - 1, 0)]:
        if drawn and abs(total + sizes[group] - count) > abs(total - count):
            break
        drawn.append(int(names[group]))
        total += int(sizes[group])
    return order[np.isin(groups, drawn)]


def _latest(order: Rows, times: Codes, count: int) -> Rows:
    """Takes the last rows in time; what has the time of the first of them comes along."""
    if not len(times):
        return order
    border = int(np.sort(times)[max(len(times) - count, 0)])
    return order[times >= border]


def _time_borders(times: Codes, stretches: int) -> list[int]:
    """Cuts time into stretches of about as many rows; gives where each begins, and last where all end."""
    ordered = np.sort(times)
    starts = [int(ordered[len(ordered) * number // stretches]) for number in range(stretches)]
    return [*starts, int(ordered[-1]) + 1]


def _fold_numbers(order: Rows, folds: int, keys: Keys) -> Codes:
    """Gives every row the number of its fold, from 0."""
    numbers: Codes = np.zeros(len(order), np.int64)
    if keys.groups is not None:
        names, first, sizes = np.unique(keys.groups[order], return_index=True, return_counts=True)
        filled = np.zeros(folds, np.int64)
        chosen = np.zeros(len(names), np.int64)
        # The largest groups first, each into the fold that is emptiest so far.
        for group in np.lexsort((first, -sizes)):
            chosen[group] = int(filled.argmin())
            filled[chosen[group]] += sizes[group]
        numbers[:] = chosen[np.searchsorted(names, keys.groups)]
        return numbers
    if keys.strata is not None:
        order = order[np.argsort(keys.strata[order], kind="stable")]
    numbers[order] = np.arange(len(order)) % folds
    return numbers
