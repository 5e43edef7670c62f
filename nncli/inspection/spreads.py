"""How numbers lie: their ends, mean and deviation, and a histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from nncli.columns.numbers import Numbers

BINS: Final = 20


@dataclass(frozen=True, slots=True)
class Spread:
    """How numbers lie: their ends, and how many there are in each of 20 bins of one width between them.

    Units: those of the column; tokens for lengths, seconds for sounds.
    """

    lowest: float
    highest: float
    mean: float
    deviation: float
    bins: tuple[int, ...]


def spread_of(numbers: Numbers) -> Spread | None:
    """Sums numbers up, of any shape; those that are no numbers do not count. None where there is none."""
    there = numbers[np.isfinite(numbers)]
    if not there.size:
        return None
    lowest, highest = float(there.min()), float(there.max())
    # Where both ends are one number, all stand in the first bin.
    width = highest - lowest
    ends = (lowest, highest) if width > 0 and math.isfinite(width) else (lowest, lowest + 1)
    bins = np.histogram(there, BINS, ends)[0] if math.isfinite(ends[1]) else np.zeros(BINS, np.int64)
    return Spread(lowest, highest, float(there.mean()), float(there.std()), tuple(map(int, bins)))
