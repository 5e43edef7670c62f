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


def parts_by_position(
    characters: int, fractions: Mapping[PartName, float]
) -> dict[PartName, tuple[int, int]]:
    """Divides a text by position: training first, then validation, then test, each (first, end).

    Where a border lies between two characters it moves to the front. A part is left out where its share
    is 0.
    """
    test = fractions.get("test", 0.0)
    shares: dict[PartName, float] = {
        "train": 0.0,
        "validation": fractions.get("validation", 0.0),
        "test": test,
    }
    shares["train"] = 1 - shares["validation"] - test
    parts: dict[PartName, tuple[int, int]] = {}
    first, share_before = 0, 0.0
    for name, share in shares.items():
        share_before += share
        # 0.7 of 10 is 6.999… in floating point.
        end = characters if name == "test" else math.floor(characters * share_before + _ROUNDING)
        if share > 0:
            parts[name] = (first, end)
            first = end
    return parts
