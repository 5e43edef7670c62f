"""MixUp and CutMix mix images with the row before, and say which share each keeps."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nncli.augmentation.mixing import CutMix, Mixing, MixUp, beta_quantiles
from nncli.draws import Draw
from tests.augmentation.batches import batch, draw


def test_mixup_lays_images_over_each_other_by_their_shares() -> None:
    images = batch(6)
    found, shares = Mixing((MixUp(0.4),), 7)(images, draw(6))
    for row in range(6):
        expected = shares[row] * images[row] + (1 - shares[row]) * images[row - 1]
        assert torch.allclose(found[row], expected, atol=1e-6)
    assert shares.shape == (6,) and len(shares.unique()) == 6


def test_cutmix_puts_a_box_of_the_row_before_into_each() -> None:
    images = torch.arange(400.0)[:, None, None, None].expand(-1, 1, 20, 30)
    found, shares = Mixing((CutMix(),), 7)(images, draw(400))
    for row in range(400):
        is_other = found[row, 0] != row
        assert (found[row, 0][is_other] == (row - 1) % 400).all()
        rows, columns = is_other.any(1).nonzero()[:, 0], is_other.any(0).nonzero()[:, 0]
        assert int(is_other.sum()) == len(rows) * len(columns)
        assert math.isclose(shares[row], 1 - float(is_other.float().mean()), abs_tol=1e-5)


def test_where_both_are_named_each_image_gets_one_of_them() -> None:
    images = torch.arange(300.0)[:, None, None, None].expand(-1, 1, 20, 20) / 300
    found, _ = Mixing((MixUp(), CutMix()), 7)(images, draw(300))
    is_flat = found.flatten(1).amax(1) - found.flatten(1).amin(1) < 1e-7
    assert 100 < is_flat.sum() < 220


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1.0, 2.0, 20.0])
def test_shares_are_spread_as_a_beta_distribution(alpha: float) -> None:
    images = torch.zeros(40_000, 1, 1, 1)
    _, shares = MixUp(alpha)(images, Draw(0, 0, torch.arange(40_000)), 3)
    truth = np.random.default_rng(0).beta(alpha, alpha, 400_000)
    inner = np.linspace(0.02, 0.98, 49)
    apart = np.abs(np.quantile(shares.numpy(), inner) - np.quantile(truth, inner))
    assert apart.mean() < 0.01
    quantiles = beta_quantiles(alpha)
    assert quantiles[0] == 0 and abs(quantiles[-1] - 0.5) < 1e-4 and (quantiles.diff() >= 0).all()


def test_mixing_is_the_same_for_the_same_batch() -> None:
    images = batch(6)
    once, again = (Mixing((MixUp(), CutMix()), 7)(images, draw(6)) for _ in range(2))
    assert torch.equal(once[0], again[0]) and torch.equal(once[1], again[1])
    other = Mixing((MixUp(), CutMix()), 7)(images, draw(6, epoch=3))
    assert not torch.equal(once[0], other[0])


@pytest.mark.parametrize("kind", [MixUp, CutMix])
def test_an_alpha_that_makes_no_sense_is_refused(kind: type[MixUp]) -> None:
    with pytest.raises(ValueError, match="alpha must be"):
        kind(0)
