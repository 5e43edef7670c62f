from __future__ import annotations

import itertools

import torch

from nncli.training.gathering import Gathered


def test_pieces_of_any_length_lie_in_one_block() -> None:
    whole = torch.arange(60.0).reshape(20, 3)
    for borders in ([0, 8, 16, 20], [0, 2, 11, 20], [0, 20]):
        found = Gathered(len(borders) - 1)
        for first, stop in itertools.pairwise(borders):
            found.add(whole[first:stop])
        assert torch.equal(found.whole(), whole)


def test_what_one_batch_gives_is_not_copied() -> None:
    found, piece = Gathered(1), torch.arange(4)
    found.add(piece)
    assert found.whole().data_ptr() == piece.data_ptr()
