"""The order of the rows in each epoch, and the bounds of its batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

SPLIT_DRAW: Final = 0
ORDER_DRAW: Final = 1
BUCKET_DRAW: Final = 2
"""What a generator is for, so that the same seed gives each purpose numbers of its own."""
POOL_BATCHES: Final = 50
"""Rows of so many batches are sorted by length together: more leave less padding, and less chance."""


def generator_of(seed: int, *draw: int) -> np.random.Generator:
    """Makes the generator of one draw: a pure function of the seed, the purpose and its counters.

    Neighbouring seeds and epochs give unrelated numbers. Source: numpy's SeedSequence hash and PCG64.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=draw)))


def sample_order(rows: int, seed: int, epoch: int) -> Tensor:
    """Gives the order in which an epoch visits the rows: an int64 permutation (rows,).

    It depends on its arguments alone and leaves every global generator as it was.
    """
    import torch

    return torch.from_numpy(generator_of(seed, ORDER_DRAW, epoch).permutation(rows))


def balanced_order(classes: Tensor, seed: int, epoch: int) -> Tensor:
    """Draws as many rows as there are, every class as often, rows of rare ones again and again.

    Shapes (N rows): `classes` is int64 (N,), as is the order. Within a class every row comes before one
    comes again. It depends on its arguments alone.
    """
    import torch

    draw = generator_of(seed, ORDER_DRAW, epoch)
    known = np.unique(classes.numpy())
    members = [draw.permutation(np.flatnonzero(classes.numpy() == each)) for each in known]
    turns = draw.permutation(np.arange(len(classes)) % len(known))
    order = np.empty(len(classes), np.int64)
    for number, rows in enumerate(members):
        places = np.flatnonzero(turns == number)
        order[places] = np.resize(rows, len(places))
    return torch.from_numpy(order)


def batch_bounds(rows: int, batch_size: int) -> tuple[tuple[int, int], ...]:
    """Cuts range(rows) into batches and gives the (start, stop) of each.

    A last batch of one row joins the batch before it: BatchNorm cannot train on one row.
    """
    starts = list(range(0, rows, batch_size))
    if len(starts) > 1 and batch_size > 1 and rows - starts[-1] == 1:
        starts.pop()
    return tuple(zip(starts, [*starts[1:], rows], strict=True)) if starts else ()


def bucketed_order(order: Tensor, lengths: Tensor, batch_size: int, seed: int, epoch: int) -> Tensor:
    """Rearranges the order of an epoch so that the rows of a batch have similar lengths.

    Shapes (N samples): `order` is that of `sample_order`, `lengths` are the steps of each row, both int64
    (N,). Rows are sorted by length within pools of `POOL_BATCHES` batches, and the batches shuffled, so that
    what stands together changes from epoch to epoch. The last batch, which can be smaller, stays last. It
    depends on its arguments alone.
    """
    import torch

    pools = torch.split(order, POOL_BATCHES * batch_size)
    sorted_rows = torch.cat([pool[lengths[pool].argsort(stable=True)] for pool in pools])
    whole = len(order) // batch_size
    shuffled = torch.from_numpy(generator_of(seed, BUCKET_DRAW, epoch).permutation(whole))
    batches = sorted_rows[: whole * batch_size].reshape(whole, batch_size)
    return torch.cat([batches[shuffled].flatten(), sorted_rows[whole * batch_size :]])
