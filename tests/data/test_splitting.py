from __future__ import annotations

import numpy as np
import pytest

from nncli.data.dataset import PartName
from nncli.data.splitting import split_rows

FRACTIONS: dict[PartName, float] = {"validation": 0.15, "test": 0.15}


@pytest.mark.parametrize(
    ("rows", "counts"),
    [(100, (70, 15, 15)), (150, (104, 23, 23)), (7, (5, 1, 1)), (3, (1, 1, 1)), (2, (0, 1, 1))],
)
def test_parts_have_their_rounded_share_and_at_least_a_row(rows: int, counts: tuple[int, int, int]) -> None:
    parts = split_rows(rows, FRACTIONS, seed=0)
    assert tuple(len(parts[name]) for name in ("train", "validation", "test")) == counts
    assert sorted(np.concatenate(list(parts.values()))) == list(range(rows))


def test_the_seed_alone_decides() -> None:
    first, again, other = (split_rows(50, FRACTIONS, seed)["test"] for seed in (4, 4, 5))
    assert first.tolist() == again.tolist() != other.tolist()


def test_a_part_without_a_share_is_left_out() -> None:
    assert list(split_rows(10, {"test": 0.2}, seed=0)) == ["train", "test"]
    assert list(split_rows(10, {"validation": 0.0}, seed=0)) == ["train"]


def test_every_part_keeps_the_shares_of_the_groups() -> None:
    groups = np.repeat([0, 1, 2], [500, 300, 200])
    for name, rows in split_rows(1000, FRACTIONS, seed=1, groups=groups).items():
        shares = np.bincount(groups[rows]) / len(rows)
        assert np.abs(shares - [0.5, 0.3, 0.2]).max() < 0.01, name


def test_every_group_keeps_a_row_in_training() -> None:
    groups = np.array([0] * 30 + [1] * 2 + [2])
    for seed in range(20):
        parts = split_rows(33, FRACTIONS, seed, groups)
        assert set(groups[parts["train"]]) == {0, 1, 2}
        assert len(parts["validation"]) == len(parts["test"]) == 5


def test_groups_of_one_row_leave_nothing_to_draw() -> None:
    parts = split_rows(3, FRACTIONS, seed=0, groups=np.array([0, 1, 2]))
    assert [len(rows) for rows in parts.values()] == [3, 0, 0]
