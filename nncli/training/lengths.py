"""Whether a network takes sequences of any length, so that a batch need be no longer than its longest row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import torch
from torch import nn

from nncli.columns.clips import Clips
from nncli.columns.recordings import Recordings
from nncli.columns.stored import Ragged, Stored
from nncli.data.dataset import Part
from nncli.objectives.objectives import Objective
from nncli.training.held import HeldPart
from nncli.training.prediction import evaluating

_OF_LENGTHS: Final = (Ragged, Clips, Recordings)
_ROWS: Final = 8
_TOLERANCE: Final = 1e-3


def of_own_length(part: Part) -> Part:
    """Lets every batch of a part be as long as its longest row, instead of as long as the longest of all."""
    columns = part.columns
    inputs, targets = _of_own_length(columns.inputs), _of_own_length(columns.targets)
    return replace(part, columns=replace(columns, inputs=inputs, targets=targets))


def _of_own_length(columns: Mapping[str, Stored]) -> dict[str, Stored]:
    return {
        name: replace(column, length=None)
        if isinstance(column, _OF_LENGTHS) and column.lengths is not None
        else column
        for name, column in columns.items()
    }


def takes_any_length(
    module: nn.Module, inputs: Sequence[str], part: Part, objective: Objective, device: torch.device
) -> bool:
    """Tells whether the shortest rows of a part give the same results where they are filled up less.

    Not so where steps have weights of their own, or padding is seen by a layer.
    """
    found = [each.lengths for each in part.columns.inputs.values() if each.lengths is not None]
    if not found:
        return False
    lengths = torch.stack([each[part.index] for each in found]).sum(0)
    shortest = part.index[lengths.argsort(stable=True)[:_ROWS]]
    few = replace(part, index=shortest)
    rows = torch.arange(len(shortest), device=device)
    with evaluating(module):
        results = []
        for each in (few, of_own_length(few)):
            held = HeldPart(each, inputs, objective, device)
            try:
                output = module(*held.inputs(rows))
                results.append((output, objective.mean_loss(output, held.truth(rows))))
            except (RuntimeError, ValueError, IndexError, TypeError):
                return False
    (full, full_loss), (short, short_loss) = results
    for one, other in zip(objective.outputs(full), objective.outputs(short), strict=True):
        if one.shape == other.shape and not torch.allclose(one, other, _TOLERANCE, _TOLERANCE):
            return False
    return bool(torch.isclose(full_loss, short_loss, _TOLERANCE, _TOLERANCE))
