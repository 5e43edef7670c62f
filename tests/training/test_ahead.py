"""Rows that are read a step ahead: the same bits, and errors where the rows are taken."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
from torch import Tensor

from nncli.columns.stored import Dense, Taken
from nncli.draws import Draw
from nncli.errors import DataError
from nncli.messages.catalogue import failure
from nncli.training import ahead, held
from nncli.training.ahead import Ahead, Upcoming
from nncli.training.epoch_rows import EpochRows
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from tests.training.jobs import job, spec

CPU = torch.device("cpu")


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "usable_cores", lambda: 2)


def _trained(**training: Any) -> tuple[list[EpochRow], dict[str, Tensor], set[str]]:
    """Trains, and tells on which threads rows were taken."""
    prepared, state = job(spec(**training))
    rows = [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)]
    return rows, state.networks["network"].state_dict(), TAKEN_ON


TAKEN_ON: set[str] = set()


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Dense.take

    def noting(self: Dense, rows: Tensor, draw: Draw | None = None) -> Taken:
        TAKEN_ON.add(threading.current_thread().name.partition("_")[0])
        return take(self, rows, draw)

    monkeypatch.setattr(Dense, "take", noting)
    TAKEN_ON.clear()


@pytest.mark.usefixtures("two_cores", "noted")
def test_what_is_read_ahead_trains_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, weights, threads = _trained(epochs=3)
    assert "ahead" not in threads
    monkeypatch.setattr(held, "MOST_HELD_BYTES", 0)
    read, others, threads = _trained(epochs=3)
    assert "ahead" in threads
    assert [row.train for row in read] == [row.train for row in whole]
    assert all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.usefixtures("noted")
def test_nothing_is_read_ahead_without_a_core_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "usable_cores", lambda: 1)
    monkeypatch.setattr(held, "MOST_HELD_BYTES", 0)
    assert "ahead" not in _trained()[2]


def test_errors_come_where_rows_are_taken() -> None:
    def fetch(rows: Tensor, draw: Draw | None) -> Taken:
        raise failure("image-gone", file="a.png", reason="there is no such file")

    reading, rows = Ahead({"x": fetch}, CPU), torch.arange(3)
    reading.turn([Upcoming(rows, rows)])
    assert reading.found("x", rows) is None  # It is of the next step.
    reading.turn([])
    with pytest.raises(DataError):
        reading.found("x", rows)


def test_only_the_rows_that_were_said_are_found() -> None:
    reading, rows = Ahead({"x": lambda rows, draw: Taken(rows * 2)}, CPU), torch.arange(3)
    reading.turn([Upcoming(rows, rows)])
    reading.turn([])
    found = reading.found("x", rows)
    assert found is not None
    assert found.values.tolist() == [0, 2, 4]
    assert reading.found("x", rows) is None  # It was handed over, and may be changed by now.
    assert reading.found("x", torch.arange(3)) is None
    assert reading.found("y", rows) is None
    reading.turn([])
    assert reading.found("x", rows) is None


def test_an_epoch_gives_the_tensors_that_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST_HELD_BYTES", 0)
    monkeypatch.setattr(ahead, "usable_cores", lambda: 2)
    prepared, _ = job(spec())
    part, order = prepared.train, torch.arange(35).flip(0)
    rows = EpochRows(part, order, part.ahead, 0, 0)
    rows.turn([(8, 16)])
    assert rows[0, 8].tolist() == list(range(34, 26, -1))
    rows.turn([(16, 24)])
    assert rows[8, 16] is rows[8, 16]
    assert part.ahead is not None
    assert part.ahead.found(("input", "features"), rows[8, 16]) is not None
    assert rows[8, 16].tolist() == list(range(26, 18, -1))
