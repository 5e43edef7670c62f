"""Inputs to outputs, in batches, without gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import torch
from torch import Tensor, nn

from nncli.objectives.objectives import Output
from nncli.training.gathering import Gathered
from nncli.training.held import HeldPart

# Many small rows are quicker together; few large ones stay in the cache, and in memory.
_MANY_ROWS: Final = 512
_SMALL_ROW: Final = 1024


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Puts a module into eval mode without gradients, and every part of it back as it was."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, training in modes:
            part.training = training


def predict(module: nn.Module, part: HeldPart, batch_size: int) -> Output:
    """Runs a module over all rows in eval mode; the outputs (N, …) stay on the device."""
    batches = list(row_batches(part, batch_size))
    outputs: list[Gathered] = []
    is_several = False
    with evaluating(module):
        for rows in batches:
            output = module(*part.inputs(rows))
            is_several = isinstance(output, tuple)
            results = output if is_several else (output,)
            outputs = outputs or [Gathered(len(batches)) for _ in results]
            for gathered, result in zip(outputs, results, strict=True):
                gathered.add(result)
    wholes = tuple(gathered.whole() for gathered in outputs)
    return wholes if is_several else wholes[0]


def row_batches(part: HeldPart, batch_size: int) -> Iterator[Tensor]:
    """Walks over the rows in order where no gradients are kept: their numbers, int64 (B,) on the device."""
    if part.rows:
        size = rows_at_once(part.inputs(torch.zeros(1, dtype=torch.int64, device=part.device)), batch_size)
        for first in range(0, part.rows, size):
            yield torch.arange(first, min(first + size, part.rows), device=part.device)


def rows_at_once(row: Sequence[Tensor], batch_size: int) -> int:
    """Chooses the rows of one batch from the size of one row alone."""
    numbers = sum(tensor.numel() for tensor in row)
    return max(batch_size, _MANY_ROWS) if numbers <= _SMALL_ROW else batch_size
