from __future__ import annotations

import numpy as np
import pytest
import torch

from nncli.data.sampling import batch_bounds, sample_order


def test_the_order_is_a_permutation_that_depends_on_its_arguments_alone() -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.get_rng_state()
    order = sample_order(1000, seed=3, epoch=2)
    assert torch.equal(torch.get_rng_state(), before)
    assert order.dtype == torch.int64
    assert order.sort().values.tolist() == list(range(1000))
    assert torch.equal(order, sample_order(1000, seed=3, epoch=2))


def test_neighbouring_seeds_and_epochs_are_unrelated() -> None:
    orders = {(seed, epoch): sample_order(200, seed, epoch) for seed in range(6) for epoch in range(6)}
    orders[2**32, 0] = sample_order(200, 2**32, 0)
    drawn = {tuple(order.tolist()) for order in orders.values()}
    assert len(drawn) == len(orders)
    correlations = [
        abs(torch.corrcoef(torch.stack([orders[0, 0], other]).double())[0, 1].item())
        for key, other in orders.items()
        if key != (0, 0)
    ]
    assert max(correlations) < 0.3


def test_the_order_is_the_one_that_earlier_runs_had() -> None:
    assert sample_order(8, seed=0, epoch=0).tolist() == [3, 1, 6, 5, 7, 2, 0, 4]
    assert sample_order(8, seed=0, epoch=1).tolist() == [4, 3, 6, 1, 7, 2, 5, 0]


@pytest.mark.parametrize(
    ("rows", "batch_size", "bounds"),
    [
        (0, 4, ()),
        (1, 4, ((0, 1),)),
        (4, 4, ((0, 4),)),
        (5, 4, ((0, 5),)),
        (6, 4, ((0, 4), (4, 6))),
        (9, 4, ((0, 4), (4, 9))),
        (3, 1, ((0, 1), (1, 2), (2, 3))),
    ],
)
def test_a_last_batch_of_one_joins_the_one_before(
    rows: int, batch_size: int, bounds: tuple[tuple[int, int], ...]
) -> None:
    assert batch_bounds(rows, batch_size) == bounds
