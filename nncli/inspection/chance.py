"""Whether rows agree by chance: in columns of few values, rows are alike though nobody copied them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from nncli.inspection.content import Hashes, Reads, content_of
from nncli.inspection.seen import Seen
from nncli.sources.tables import Rows

_DOUBT: Final = 0.01
"""As many rows as were found agree by chance in fewer than this share of tables."""
_SAMPLED_ROWS: Final = 20_000
_MOST_COLUMNS: Final = 16
_ENOUGH_PAIRS: Final = 5
_COUNTED: Final = 50
_ODD: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Agreement:
    """How likely rows are to agree in some columns of few values; without any, none do so by chance."""

    seen: Seen
    columns: tuple[Reads, ...]

    def is_chance(self, found: int, pairs: float) -> bool:
        """Tells whether so many rows, among that many pairs that were compared, agree by chance."""
        return bool(self.columns) and found > 0 and not _is_beyond(found, pairs * self._chance)

    @cached_property
    def _chance(self) -> float:
        """The chance that two rows agree in all columns: the larger one of two guesses.

        One takes columns for independent, but for what pairs of them show. The other goes by rows that differ
        in one column alone: where these are frequent, some are equal. Where columns are compared with each
        other, rows that are equal count once, since copies would make all of them alike.
        """
        hashes = self._hashes
        whole, rows = np.unique(np.sum(hashes, axis=0, dtype=np.uint64), return_index=True)
        codes = [np.unique(each, return_inverse=True)[1] for each in hashes]
        alone = [_share(each) for each in codes]
        # Those with the most values say most.
        order = sorted(range(len(codes)), key=lambda number: alone[number])[:_MOST_COLUMNS]
        independent, by_neighbours = 1.0, 0.0
        for place, number in enumerate(order):
            given = [
                _given(codes[number][rows], codes[other][rows]) if other != number else 0.0 for other in order
            ]
            independent *= max(alone[number], *given[:place], 0.0)
            likely = max(alone[number], *given)
            similar = _share(np.unique(whole - hashes[number][rows], return_inverse=True)[1])
            by_neighbours = max(by_neighbours, similar * likely / (1 - likely + 1e-9))
        return min(max(independent, by_neighbours), 1.0)

    @cached_property
    def _hashes(self) -> list[Hashes]:
        """Hashes each column of a sample of rows; odd numbers tell columns apart that hold the same cells."""
        step = -(-len(self.seen) // _SAMPLED_ROWS)
        return [
            content_of(self.seen.tables, each)[::step] * np.uint64((2 * number + 1) * _ODD % 2**64)
            for number, each in enumerate(self.columns)
        ]


def _share(codes: Rows) -> float:
    """Gives the share of pairs of rows that have the same code."""
    return _agreeing(codes) / max(len(codes) * (len(codes) - 1) / 2, 1)


def _agreeing(codes: Rows) -> float:
    """Counts the pairs of rows that have the same code."""
    counts = np.bincount(codes).astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def _given(codes: Rows, others: Rows) -> float:
    """Gives the chance that rows agree in a column where they agree in another; 0 where too few do."""
    alike = _agreeing(others)
    if alike < _ENOUGH_PAIRS:
        return 0.0
    together = np.unique(others * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[1]
    return (_agreeing(together) + 1) / (alike + 1)


def _is_beyond(found: int, expected: float) -> bool:
    """Tells whether that many are more than chance gives: the tail of Poisson's distribution."""
    if found > _COUNTED or expected > _COUNTED:
        return found > expected + 5 * math.sqrt(expected)
    fewer = sum(math.exp(-expected) * expected**count / math.factorial(count) for count in range(found))
    return 1 - fewer < _DOUBT
