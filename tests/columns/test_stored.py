from __future__ import annotations

import pytest
import torch

from nncli.columns.stored import Dense, Ragged, Windows

VALUES = torch.tensor([1, 2, 3, 4, 5, 6])
STARTS = torch.tensor([0, 3, 3, 4, 6])


def test_dense_rows_come_in_the_order_asked_for() -> None:
    stored = Dense(torch.arange(8).reshape(4, 2), torch.tensor([True, False, True, True]))
    taken = stored.take(torch.tensor([3, 1]))
    assert taken.values.tolist() == [[6, 7], [2, 3]]
    assert taken.mask is not None and taken.mask.tolist() == [True, False]


def test_ragged_rows_are_as_long_as_the_longest() -> None:
    taken = Ragged(VALUES, STARTS, padding=9).take(torch.tensor([3, 1, 2]))
    assert taken.values.tolist() == [[5, 6], [9, 9], [4, 9]]
    assert taken.mask is not None
    assert taken.mask.tolist() == [[True, True], [False, False], [True, False]]


def test_ragged_rows_have_a_length_where_it_is_stated() -> None:
    taken = Ragged(VALUES, STARTS, 4, is_padded_before=True).take(torch.tensor([0, 2]))
    assert taken.values.tolist() == [[0, 1, 2, 3], [0, 0, 0, 4]]
    assert taken.mask is not None and taken.mask.sum().item() == 4


@pytest.mark.parametrize("is_padded_before", [False, True])
def test_what_is_taken_is_what_was_stored(is_padded_before: bool) -> None:
    stored = Ragged(VALUES.float().reshape(6, 1), STARTS, is_padded_before=is_padded_before)
    taken = stored.take(torch.arange(4))
    assert taken.mask is not None
    assert torch.equal(taken.values[taken.mask], stored.values)
    assert torch.equal(taken.mask.sum(1), stored.lengths)


def test_windows_are_stretches_around_a_row() -> None:
    stored = Windows(torch.arange(10), -2, 3)
    assert stored.take(torch.tensor([9, 2])).values.tolist() == [[7, 8, 9], [0, 1, 2]]
    assert Windows(torch.arange(10), 1, 2).take(torch.tensor([0])).values.tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("shift", "before", "values"),
    [
        (-1, False, [[2, 3, 0], [0, 0, 0], [6, 0, 0]]),
        (-1, True, [[2, 3, 0], [0, 0, 0], [0, 6, 0]]),
        (-2, False, [[3, 0, 0], [0, 0, 0], [0, 0, 0]]),
        (1, False, [[9, 1, 2], [9, 0, 0], [9, 5, 0]]),
        (1, True, [[9, 1, 2], [0, 0, 9], [0, 9, 5]]),
        (2, False, [[9, 9, 1], [9, 0, 0], [9, 9, 0]]),
    ],
)
def test_ragged_rows_can_be_shifted(shift: int, before: bool, values: list[list[int]]) -> None:
    stored = Ragged(VALUES, STARTS, is_padded_before=before, shift=shift, begin=9)
    taken = stored.take(torch.tensor([0, 2, 3]))
    assert taken.values.tolist() == values
    plain = Ragged(VALUES, STARTS, is_padded_before=before).take(torch.tensor([0, 2, 3])).mask
    assert taken.mask is not None and plain is not None
    if shift > 0:
        assert torch.equal(taken.mask, plain)
    else:
        assert taken.mask.tolist() == [[value > 0 for value in row] for row in values]
