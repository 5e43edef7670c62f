from __future__ import annotations

import numpy as np
import pytest

from nncli.data.dataset import PartName
from nncli.data.splitting import Keys, split_fold, split_rows

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
    for name, rows in split_rows(1000, FRACTIONS, seed=1, keys=Keys(strata=groups)).items():
        shares = np.bincount(groups[rows]) / len(rows)
        assert np.abs(shares - [0.5, 0.3, 0.2]).max() < 0.01, name


def test_every_group_keeps_a_row_in_training() -> None:
    groups = np.array([0] * 30 + [1] * 2 + [2])
    for seed in range(20):
        parts = split_rows(33, FRACTIONS, seed, Keys(strata=groups))
        assert set(groups[parts["train"]]) == {0, 1, 2}
        assert len(parts["validation"]) == len(parts["test"]) == 5


def test_groups_of_one_row_leave_nothing_to_draw() -> None:
    parts = split_rows(3, FRACTIONS, seed=0, keys=Keys(strata=np.array([0, 1, 2])))
    assert [len(rows) for rows in parts.values()] == [3, 0, 0]


def test_from_one_on_a_share_counts_rows() -> None:
    parts = split_rows(100, {"validation": 12, "test": 24}, seed=0)
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 64, "validation": 12, "test": 24}


def test_groups_stay_together() -> None:
    groups = np.random.default_rng(0).integers(0, 40, 1000)
    parts = split_rows(1000, FRACTIONS, seed=3, keys=Keys(groups=groups))
    found = {name: set(groups[rows]) for name, rows in parts.items()}
    assert not found["train"] & found["test"] and not found["validation"] & (found["train"] | found["test"])
    assert abs(len(parts["test"]) - 150) < 25 and abs(len(parts["validation"]) - 150) < 25


def test_in_time_the_test_comes_last_and_equal_times_stay_together() -> None:
    times = np.repeat(np.arange(20), 5)[np.random.default_rng(1).permutation(100)]
    parts = split_rows(100, {"validation": 12, "test": 13}, seed=0, keys=Keys(times=times))
    train, validation, test = (times[parts[name]] for name in ("train", "validation", "test"))
    assert train.max() < validation.min() and validation.max() < test.min()
    assert (len(train), len(validation), len(test)) == (70, 15, 15)


@pytest.mark.parametrize("kind", ["random", "strata", "groups"])
def test_every_row_is_tested_in_one_of_the_folds(kind: str) -> None:
    codes = np.random.default_rng(2).integers(0, 7, 103)
    keys = {"random": Keys(), "strata": Keys(strata=codes), "groups": Keys(groups=codes)}[kind]
    tested = []
    for fold in range(1, 6):
        parts = split_fold(103, (5, fold), {"validation": 0.2}, 0, keys)
        assert sorted(np.concatenate(list(parts.values()))) == list(range(103))
        tested.append(parts["test"])
        if kind == "groups":
            assert not set(codes[parts["test"]]) & set(codes[parts["train"]])
        if kind == "strata":
            assert np.abs(np.bincount(codes[parts["test"]]) - np.bincount(codes) / 5).max() <= 1
    assert sorted(np.concatenate(tested)) == list(range(103))


def test_folds_in_time_walk_forward() -> None:
    times = np.arange(60)
    ends = []
    for fold in range(1, 5):
        parts = split_fold(60, (4, fold), {"validation": 0.2}, 0, Keys(times=times))
        assert parts["train"].max() < parts["validation"].min() < parts["test"].min()
        assert len(parts["test"]) == 12
        ends.append(int(parts["test"].max()))
    assert ends == [23, 35, 47, 59]
