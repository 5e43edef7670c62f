"""Masking layers cover what they say in training, by torch's generator, and nothing elsewhere."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nncli.network.beyond_torch.spectrogram_masks import FrequencyMasking, SpecAugment, TimeMasking
from tests.network.compiled import codes, compiled

SPECTRUM = torch.ones(200, 2, 30, 50)


def _covered(layer: nn.Module, x: Tensor = SPECTRUM) -> Tensor:
    torch.manual_seed(0)
    return layer.train()(x) == 0


@pytest.mark.parametrize(
    "layer", [TimeMasking(10), FrequencyMasking(5), SpecAugment(2, 10, 2, 5)], ids=lambda x: type(x).__name__
)
def test_evaluation_hands_on_what_flows_in(layer: nn.Module) -> None:
    assert layer.eval()(SPECTRUM) is SPECTRUM
    assert not torch.equal(layer.train()(torch.randn(4, 1, 30, 50)), SPECTRUM[:4, :1])


@pytest.mark.parametrize(
    ("layer", "axis"), [(TimeMasking(10), -1), (FrequencyMasking(10), -2)], ids=["time", "frequency"]
)
def test_one_stretch_of_every_length_is_covered(layer: nn.Module, axis: int) -> None:
    covered = _covered(layer)
    across = -2 if axis == -1 else -1
    assert torch.equal(covered.any(across), covered.all(across)), "a stretch covers all of the other axis"
    stretch = covered.any(across).int()
    assert sorted(set(stretch.sum(-1).flatten().tolist())) == list(range(11))
    edges = stretch.diff(dim=-1).abs().sum(-1)
    assert int(edges.max()) <= 2, "it is one stretch"
    assert bool(stretch[..., 0].any()) and bool(stretch[..., -1].any()), "it may touch both ends"
    assert not torch.equal(stretch[:, 0], stretch[:, 1]) and len(stretch.unique(dim=0)) > 100


def test_one_stretch_for_all_where_that_is_said() -> None:
    covered = _covered(TimeMasking(10, iid_masks=False))
    assert bool((covered == covered[:1, :1]).all())


def test_the_share_bounds_the_stretch() -> None:
    assert int(_covered(TimeMasking(40, p=0.1)).any(-2).sum(-1).max()) == 5
    assert int(_covered(TimeMasking(1000)).any(-2).sum(-1).max()) == 50
    assert not _covered(TimeMasking(10, p=0.0)).any() and not _covered(FrequencyMasking(0)).any()


def test_several_stretches_are_filled_with_the_mean_of_the_row_or_zeros() -> None:
    x = torch.arange(4.0).view(4, 1, 1, 1) + torch.linspace(0, 0.5, 30).view(1, 1, 30, 1).expand(4, 1, 30, 50)
    torch.manual_seed(0)
    filled = SpecAugment(3, 10, 3, 5)(x)
    for row, before in zip(filled, x, strict=True):
        changed = row[row != before]
        assert len(changed) > 0
        torch.testing.assert_close(changed, before.mean().expand_as(changed))
    torch.manual_seed(0)
    zeros = SpecAugment(3, 10, 3, 5, zero_masking=True)(x)
    assert torch.equal(zeros == 0, (filled != x) | (x == 0))
    assert torch.equal(SpecAugment(0, 10, 0, 5)(x), x)


def test_the_same_seed_covers_the_same() -> None:
    assert torch.equal(_covered(SpecAugment(2, 10, 2, 5)), _covered(SpecAugment(2, 10, 2, 5)))


def test_what_no_share_is_or_has_no_count_is_refused() -> None:
    spectrum = "spectrum: [1, 30, 50]"
    assert codes("TimeMasking: [10, p: 1.5]", spectrum) == ["layer-refused"]
    assert codes("SpecAugment: [-1, 10, 2, 5]", spectrum) == ["layer-refused"]
    assert codes("TimeMasking: [-1]", spectrum) == ["layer-refused"]
    network = compiled("TimeMasking: 10, FrequencyMasking: 5, SpecAugment: [1, 2, 1, 2]", spectrum)
    assert network.output_shape == (1, 30, 50)
