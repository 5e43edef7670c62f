"""An export beside the network that it came from: the same rows through both, and how far apart they are"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import torch
from torch import Tensor

from nncli.exports.subject import Subject
from nncli.messages.catalogue import failure

BOUND: Final = 1e-4
"""The largest difference that passes, as a share of the largest number that the network gives."""

ROWS: Final = (1, 3)
Batches: TypeAlias = list[list[Tensor]]
"""Batches of rows: for inputs one tensor an input, for outputs one tensor an output."""


def verify(subject: Subject, form: str, run: Callable[[Batches], Batches]) -> float:
    """Runs 1 and 3 rows through network and export; returns the largest difference, as a share.

    Raises WeightsError `export-differs` where it is above BOUND, or shapes or types are others.
    """
    batches = [sample_rows(subject, rows) for rows in ROWS]
    largest = 0.0
    for inputs, found in zip(batches, run(batches), strict=True):
        expected = subject.run(inputs)
        names = subject.outputs()
        if len(found) != len(expected):
            raise failure("export-differs", format=form, output=names[0], difference="inf", most=BOUND)
        for name, one, other in zip(names, expected, found, strict=True):
            difference = _difference(one, other)
            if not difference <= BOUND:
                raise failure(
                    "export-differs", format=form, output=name, difference=f"{difference:.2g}", most=BOUND
                )
            largest = max(largest, difference)
    return largest


def sample_rows(subject: Subject, rows: int) -> list[Tensor]:
    """Draws rows for every input, the same ones each time: indices evenly, truths by coin, numbers normal."""
    generator = torch.Generator().manual_seed(rows)
    drawn = []
    for given in subject.network.inputs.values():
        sizes, kind = (rows, *given.shape), str(given.type)
        if kind in ("index", "category"):
            drawn.append(torch.randint(given.vocabulary or 2, sizes, generator=generator))
        elif kind == "mask":
            # Padding stands at the end of a row, and every row has a step.
            valid = torch.randint(1, given.shape[0] + 1, (rows, 1), generator=generator)
            drawn.append(torch.arange(given.shape[0]) < valid)
        elif kind == "binary":
            drawn.append(torch.randint(2, sizes, generator=generator).float())
        else:
            drawn.append(torch.randn(sizes, generator=generator))
    return drawn


def _difference(expected: Tensor, found: Tensor) -> float:
    """Measures the largest difference as a share of the largest number; infinite where shapes differ."""
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return float("inf")
    one, other = expected.double(), found.double()
    same = (one == other) | (one.isnan() & other.isnan())
    apart = (one - other).abs().masked_fill(same, 0.0)
    largest = float(apart.nan_to_num(nan=float("inf")).max()) if apart.numel() else 0.0
    finite = one[one.isfinite()]
    scale = float(finite.abs().max()) if finite.numel() else 0.0
    return largest / scale if largest and scale else largest and float("inf")
