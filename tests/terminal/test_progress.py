from __future__ import annotations

import pytest

from nncli.terminal.progress import Pace, epoch_line
from nncli.training.rows import EpochRow, ProgressRow


def _epoch(epoch: int, step: int, *, improved: bool = False) -> EpochRow:
    figures = {"loss": 0.5, "accuracy": None}
    return EpochRow(epoch, step, {"loss": 1.25}, figures, improved, samples=step * 10, seconds=1.0)


class Clock:
    """A clock that stands where a test puts it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_epoch_does_not_slow_the_pace() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.text(100) == ""
    # Libraries load for two seconds at the end of the first epoch; 10 steps take 0.1 s otherwise.
    for now, row in ((2.0, _epoch(1, 10)), (2.1, _epoch(2, 20)), (2.2, _epoch(3, 30))):
        clock.now = now
        pace.take(row)
        if row.epoch == 1:
            assert pace.text(100) == ""
    assert pace.text(100) == "1,000 samples/s  1.0 s left"
    assert pace.text(0) == "1,000 samples/s"


def test_a_long_first_epoch_has_a_pace_of_its_own() -> None:
    clock = Clock()
    pace = Pace(clock)
    for now, step in ((5.0, 1), (6.0, 11), (7.0, 21)):
        clock.now = now
        pace.take(ProgressRow(1, step, step, 1000, 0.5, samples=step * 32))
    assert pace.text(600) == "320 samples/s  1 min 00 s left"


@pytest.mark.parametrize(("improved", "end"), [(True, "  *"), (False, "")])
def test_an_epoch_is_one_line(improved: bool, end: str) -> None:
    line = "epoch  3/20  train loss 1.2500  validation loss 0.5000 accuracy –"
    assert epoch_line(_epoch(3, 30, improved=improved), 20) == line + end
