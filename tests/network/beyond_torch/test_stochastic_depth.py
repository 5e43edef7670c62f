"""StochasticDepth keeps the mean, and leaves out rows or whole batches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from nncli.network.beyond_torch.stochastic_depth import StochasticDepth

TIME, WIDTH = 6, 4
# Rows with 6, 4, 1 and no valid steps; what is padded holds NaN, which shows wherever it is looked at.
LENGTHS = (6, 4, 1, 0)
MASK = torch.arange(TIME) < torch.tensor(LENGTHS)[:, None]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_stochastic_depth_keeps_the_mean() -> None:
    layer = StochasticDepth(0.25)
    x = torch.ones(4000, 3, 2)
    result = layer(x)
    rows = result[:, 0, 0]
    assert torch.equal(result, rows[:, None, None].expand_as(x))
    assert set(rows.tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert rows.mean().item() == pytest.approx(1, abs=0.03)
    layer.eval()
    assert layer(x) is x


def test_stochastic_depth_by_batch_and_at_its_ends() -> None:
    x = torch.ones(8, 3)
    by_batch = StochasticDepth(0.5, mode="batch")
    drawn = [by_batch(x) for _ in range(40)]
    assert all(torch.equal(each, each[:1].expand_as(each)) for each in drawn)
    assert {each[0, 0].item() for each in drawn} == {0.0, 2.0}
    assert StochasticDepth(0)(x) is x
    assert StochasticDepth(1)(x).eq(0).all()


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: StochasticDepth(1.1), "p is between 0 and 1; received 1.1"),
        (lambda: StochasticDepth(0.1, mode="rows"), "mode is row or batch; received rows"),  # type: ignore[arg-type]
    ],
)
def test_arguments_that_do_not_fit_are_refused(build: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build()
