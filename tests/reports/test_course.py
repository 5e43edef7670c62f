from __future__ import annotations

from pathlib import Path

from nncli.reports.course import read_course
from nncli.runs.folder import RunFolder
from nncli.runs.info import read_run
from nncli.runs.rows import read_rows


def test_the_best_epoch_is_that_of_the_lowest_loss(runs: Path) -> None:
    path = runs / "runs/iris"
    course = read_course(path, read_run(path))
    losses = {
        row["epoch"]: row["validation"]["loss"]  # type: ignore[index]
        for row in read_rows(RunFolder(path).metrics)
    }
    assert course.best is not None and course.best.watch == "validation.loss"
    assert (course.best.value, course.best.epoch) == min((loss, epoch) for epoch, loss in losses.items())
    assert course.epochs == 3 and next(each.step for each in course.statistics) == 1


def test_a_run_without_epochs_has_no_best(runs: Path) -> None:
    path = runs / "runs/diverged"
    course = read_course(path, read_run(path))
    assert (course.epochs, course.curves, course.best) == (0, (), None)
