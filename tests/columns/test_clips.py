"""A batch takes of every sound what it should: filled up, cut in the middle, or where that was drawn."""

from __future__ import annotations

import torch
from torch import Tensor

from nncli.columns.clips import Clips
from nncli.draws import Draw

WAVES = [
    torch.arange(first, first + count, dtype=torch.int16)[:, None] for first, count in ((1, 9), (101, 3))
]


def _clips(length: int | None, *, has_mask: bool = False) -> Clips:
    starts = torch.tensor([0, 9, 12])
    return Clips(torch.cat(WAVES), starts, length, has_mask, place=5)


def _draw(epoch: int, rows: Tensor, seed: int = 0) -> Draw:
    return Draw(seed, epoch, rows)


def test_a_shorter_sound_is_followed_by_silence_and_a_longer_one_cut_in_the_middle() -> None:
    taken = _clips(6).take(torch.tensor([1, 0, 1]))
    assert taken.values[..., 0].tolist() == [
        [101, 102, 103, 0, 0, 0], [2, 3, 4, 5, 6, 7], [101, 102, 103, 0, 0, 0]
    ]  # fmt: skip
    assert taken.mask is None


def test_a_mask_tells_samples_from_what_follows() -> None:
    taken = _clips(9, has_mask=True).take(torch.tensor([0, 1]))
    assert taken.mask is not None and taken.mask.sum(1).tolist() == [9, 3]
    short = _clips(None, has_mask=True).take(torch.tensor([1]))
    assert short.values.shape == (1, 3, 1) and short.mask is not None and bool(short.mask.all())


def test_training_draws_where_a_longer_sound_is_cut() -> None:
    clips, rows = _clips(6), torch.tensor([0, 1])
    firsts = [int(clips.take(rows, _draw(epoch, rows)).values[0, 0, 0]) for epoch in range(200)]
    assert sorted(set(firsts)) == [1, 2, 3, 4]
    assert min(firsts.count(first) for first in (1, 2, 3, 4)) > 30
    assert all(clips.take(rows, _draw(epoch, rows)).values[1, 3:].eq(0).all() for epoch in range(9))


def test_a_row_is_cut_the_same_way_in_any_batch() -> None:
    clips = Clips(torch.arange(1000, dtype=torch.int16)[:, None], torch.arange(0, 1001, 100), 10, False, 3)
    rows = torch.arange(10)
    whole = clips.take(rows, _draw(4, rows)).values
    parts = [clips.take(rows[n : n + 1], _draw(4, rows[n : n + 1])).values for n in range(10)]
    assert torch.equal(torch.cat(parts), whole)
    assert len({int(first) % 100 for first in whole[:, 0, 0]}) > 5
    assert not torch.equal(clips.take(rows, _draw(5, rows)).values, whole)
    assert not torch.equal(clips.take(rows, _draw(4, rows, seed=1)).values, whole)


def test_what_is_never_cut_or_masked_can_be_held_as_a_whole() -> None:
    assert _clips(9).row_bytes == 18 and _clips(20).row_bytes == 40
    assert _clips(8).row_bytes is None and _clips(9, has_mask=True).row_bytes is None
    lengths = _clips(9, has_mask=True).lengths
    assert lengths is not None and lengths.tolist() == [9, 3] and _clips(9).lengths is None


def test_no_rows_have_no_samples() -> None:
    assert _clips(6).take(torch.zeros(0, dtype=torch.int64)).values.shape == (0, 6, 1)
