from __future__ import annotations

import numpy as np
import pytest
import torch

from nncli.data.sampling import balanced_order, batch_bounds, bucketed_order, sample_order


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


def padding_share(order: torch.Tensor, lengths: torch.Tensor, batch_size: int) -> float:
    batches = [lengths[order[first:last]] for first, last in batch_bounds(len(order), batch_size)]
    steps = sum(int(batch.max()) * len(batch) for batch in batches)
    return 1 - int(lengths.sum()) / steps


@pytest.mark.parametrize("rows", [1, 7, 64, 1000, 4097])
def test_buckets_hold_every_row_once(rows: int) -> None:
    lengths = torch.arange(rows) * 7919 % 100
    order = bucketed_order(sample_order(rows, 0, 1), lengths, 8, seed=0, epoch=1)
    assert order.sort().values.tolist() == list(range(rows))


def test_buckets_depend_on_their_arguments_alone_and_change_with_the_epoch() -> None:
    lengths = torch.arange(500) * 7919 % 100
    torch.manual_seed(5)
    before = torch.get_rng_state()
    orders = [bucketed_order(sample_order(500, 3, epoch), lengths, 16, 3, epoch) for epoch in (0, 0, 1)]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    together = [{frozenset(order[:16].tolist())} for order in orders]
    assert together[0] != together[2]


def test_buckets_leave_little_padding() -> None:
    lengths = (torch.arange(5000) * 7919 % 97 + 3) ** 2 // 20
    order = sample_order(5000, 0, 0)
    assert padding_share(order, lengths, 32) > 0.4
    bucketed = bucketed_order(order, lengths, 32, 0, 0)
    assert padding_share(bucketed, lengths, 32) < 0.1
    # No order from short to long is left in the batches.
    means = torch.stack([lengths[bucketed[n : n + 32]].double().mean() for n in range(0, 4960, 32)])
    along = torch.corrcoef(torch.stack([means, torch.arange(len(means)).double()]))[0, 1]
    assert abs(along.item()) < 0.3


def test_a_balanced_epoch_has_every_class_as_often_and_every_row_before_one_again() -> None:
    classes = torch.tensor([0] * 90 + [1] * 10)
    order = balanced_order(classes, seed=1, epoch=0)
    assert torch.bincount(classes[order]).tolist() == [50, 50]
    assert torch.bincount(order, minlength=100)[90:].tolist() == [5] * 10
    assert torch.bincount(order, minlength=100)[:90].max() == 1
    assert torch.equal(order, balanced_order(classes, 1, 0))
    assert not torch.equal(order, balanced_order(classes, 1, 1))
