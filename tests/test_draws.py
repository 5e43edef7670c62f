from __future__ import annotations

import torch

from nncli.draws import Draw

ROWS = torch.arange(50_000)


def test_a_row_gets_the_same_numbers_in_every_batch() -> None:
    whole = Draw(7, 3, ROWS).uniform(0, 2, 2)
    some = torch.tensor([41_000, 5])
    assert torch.equal(Draw(7, 3, some).uniform(0, 2, 2), whole[some])


def test_seed_epoch_row_and_place_each_change_the_numbers() -> None:
    first = Draw(7, 3, ROWS).uniform(0, 1)[:, 0]
    others = [
        Draw(8, 3, ROWS).uniform(0, 1)[:, 0],
        Draw(7, 4, ROWS).uniform(0, 1)[:, 0],
        Draw(7, 3, ROWS).uniform(1, 1)[:, 0],
        Draw(7, 3, ROWS + 1).uniform(0, 1)[:, 0],
        Draw(7, 3, ROWS).uniform(0, 2)[:, 1],
    ]
    for other in others:
        assert abs(torch.corrcoef(torch.stack([first, other]))[0, 1]) < 0.02


def test_numbers_are_spread_as_they_say() -> None:
    draw = Draw(0, 0, ROWS)
    uniform, normal, whole = draw.uniform(0, 4), draw.normal(1, 4), draw.below(2, 5, 1)
    assert uniform.min() >= 0 and uniform.max() <= 1
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.std() - 12**-0.5) < 0.01
    assert abs(normal.mean()) < 0.02 and abs(normal.std() - 1) < 0.02
    assert torch.bincount(whole.flatten()).tolist() == torch.bincount(whole.flatten(), minlength=5).tolist()
    assert (torch.bincount(whole.flatten()) - 10_000).abs().max() < 500


def test_a_whole_normal_tensor_is_finite() -> None:
    assert torch.isfinite(Draw(1, 1, torch.arange(1_000_000)).normal(0, 1)).all()
