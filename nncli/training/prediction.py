"""Inputs to outputs, in batches, without gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import torch
from torch import Tensor, nn

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


def predict(module: nn.Module, inputs: Sequence[Tensor], batch_size: int) -> Tensor:
    """Runs a module over all rows in eval mode; the outputs stay on the device.

    Shapes (N rows): each of `inputs` has N rows first, and so has the result.
    """
    rows, size = inputs[0].shape[0], rows_at_once(inputs, batch_size)
    with evaluating(module):
        outputs = [module(*(t[first : first + size] for t in inputs)) for first in range(0, rows, size)]
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def rows_at_once(inputs: Sequence[Tensor], batch_size: int) -> int:
    """Chooses the rows of one batch where no gradients are kept, from their size alone."""
    numbers = sum(tensor[0].numel() for tensor in inputs if len(tensor))
    return max(batch_size, _MANY_ROWS) if numbers <= _SMALL_ROW else batch_size
