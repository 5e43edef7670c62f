from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from nncli.terminal.progress import ECHO_CELLS, Pace, TrainingDisplay, epoch_line
from nncli.terminal.streams import Streams
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
    assert epoch_line(_epoch(3, 30, improved=improved), None) == line.replace("epoch  3/20", "epoch 3") + end


@pytest.mark.parametrize("width", [50, 80, 200])
def test_bars_leave_room_for_the_keys_that_a_terminal_echoes(width: int) -> None:
    out, err = (
        Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None) for _ in range(2)
    )
    with TrainingDisplay(Streams(out, err, live=True), epochs=3, steps=30, batches=10) as display:
        display.take(ProgressRow(1, 5, 5, 10, 0.5, samples=50))
    assert isinstance(err.file, io.StringIO)
    drawn = [part for part in err.file.getvalue().replace("\n", "\r").split("\r") if "━" in part]
    assert len(drawn) >= 2
    widths = [cell_len(part.rpartition("\x1b[2K")[2]) for part in drawn]
    assert max(widths) == width - ECHO_CELLS


@pytest.mark.parametrize(
    ("width", "is_terminal", "has_pace"), [(80, True, False), (120, True, True), (80, False, True)]
)
def test_a_line_that_is_too_long_for_a_terminal_leaves_the_pace_out(
    width: int, is_terminal: bool, has_pace: bool
) -> None:
    err = Console(file=io.StringIO(), width=width, force_terminal=is_terminal, color_system=None)
    display = TrainingDisplay(Streams(err, err, live=False), epochs=20, steps=200, batches=10)
    display._pace = Pace(iter(float(n) for n in range(9)).__next__)
    for epoch in range(1, 4):
        display.take(_epoch(epoch, 10 * epoch))
    assert isinstance(err.file, io.StringIO)
    last = err.file.getvalue().splitlines()[-1]
    assert last.startswith("epoch  3/20") and ("samples/s" in last) is has_pace
    assert len(last) <= width or not is_terminal


FIGURES = {"loss": 0.5, "accuracy": 0.91, "f1_score": 0.8912, "cohen_kappa": 0.8}


@pytest.mark.parametrize(
    ("metrics", "width", "line"),
    [
        (
            2,
            None,
            (
                "epoch  3/20  train loss 1.2500  validation loss 0.5000 accuracy 0.9100 f1_score 0.8912  "
                "lr 0.001  *"
            ),
        ),
        (2, 80, "epoch  3/20  train 1.2500  validation 0.5000 accuracy 0.9100 f1_score 0.8912  *"),
        (1, 81, "epoch  3/20  train 1.2500  validation 0.5000 accuracy 0.9100  lr 0.001  *"),
        (3, 80, "epoch  3/20  train 1.2500  validation 0.5000 accuracy 0.9100 …  *"),
        (2, 20, "epoch  3/20  train 1.2500  validation 0.5000 …  *"),
    ],
)
def test_a_line_fits_the_terminal(metrics: int, width: int | None, line: str) -> None:
    figures = dict(list(FIGURES.items())[: metrics + 1])
    row = EpochRow(3, 30, {"loss": 1.25}, figures, True, 300, 1.0, learning_rates={"network": 1e-3})
    assert epoch_line(row, 20, width) == line


def test_lines_with_a_star_and_without_show_the_same() -> None:
    figures, rates = {"loss": 0.5, "accuracy": 0.9, "f1": 0.9}, {"network": 1e-3}
    for width in range(60, 100):
        starred, plain = (
            epoch_line(
                EpochRow(3, 30, {"loss": 1.25}, figures, star, 300, 1.0, learning_rates=rates), 20, width
            )
            for star in (True, False)
        )
        assert starred == f"{plain}  *"
