"""Samples of long texts: stretches of one length, and texts divided by position."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nncli.data.dataset import PartName
from nncli.sources.tables import Rows

_ROUNDING: Final = 1e-6
_FROM_THE_END: Final[tuple[PartName, ...]] = ("test", "validation")


def text_samples(counts: Sequence[int] | NDArray[np.int64], length: int, stride: int) -> tuple[Rows, Rows]:
    """Finds the stretches of `length` tokens in documents of so many tokens, each `stride` behind the last.

    Gives the number of the document and the first token in it, both int64 (samples,). Where tokens are
    left over at the end, one more stretch ends with the last token, so that each of them is in a sample;
    a document of fewer than `length` tokens has none.
    """
    documents, firsts = [], []
    for number, count in enumerate(counts):
        if count < length:
            continue
        last = int(count) - length
        first = np.arange(0, last + 1, stride, dtype=np.int64)
        if last % stride and stride <= length:
            first = np.append(first, last)
        documents.append(np.full(len(first), number, dtype=np.int64))
        firsts.append(first)
    if not documents:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(documents), np.concatenate(firsts)


def parts_by_position(characters: int, shares: Mapping[PartName, float]) -> dict[PartName, tuple[int, int]]:
    """Divides a text by position: training first, then validation, then test, each (first, end).

    A share from 1 on counts characters. Where a border lies between two characters it moves to the front;
    a part whose share is 0 is left out.
    """
    sizes = {name: share if share >= 1 else share * characters for name, share in shares.items() if share > 0}
    parts: dict[PartName, tuple[int, int]] = {}
    end = characters
    left = float(characters)
    for name in _FROM_THE_END:
        if name in sizes:
            left = max(left - sizes[name], 0.0)
            # 7 of 10 is 6.999… where 0.3 of them are taken away in floating point.
            first = math.floor(left + _ROUNDING)
            parts[name] = (first, end)
            end = first
    return {"train": (0, end), **dict(reversed(parts.items()))}
