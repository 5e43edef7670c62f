from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from matplotlib.figure import Figure

from nncli.reports.curve_plots import curve_plots
from nncli.reports.facts import Best, Course, Curve, Head, RunFacts


def _drawn(curves: Mapping[str, Sequence[float]], best: Best, figure: str) -> tuple[Figure, Any]:
    """Draws the plot of a figure; all curves are of validation, from epoch 1 on."""
    told = tuple(Curve(name, "validation", tuple(enumerate(values, 1))) for name, values in curves.items())
    course = Course(len(told[0].points), 9, told, (), best, (), 1.0, None)
    run = RunFacts(Head("run", "net", "done", "", 0, "cpu"), course, "", "", (), {})
    plot = next(each for each in curve_plots(run) if each.title == figure)
    canvas = Figure(figsize=(plot.size[0] / 100, plot.size[1] / 100), layout="constrained")
    plot.draw(canvas)
    canvas.draw_without_rendering()
    return canvas, canvas.axes[0]


@pytest.mark.parametrize("losses", [[1.0, 0.5, 0.01], [0.01, 0.5, 1.0], [1.0, 0.9, 0.95]])
def test_what_was_best_stands_above_the_plot_where_no_curve_runs(losses: list[float]) -> None:
    value = min(losses)
    best = Best(losses.index(value) + 1, "validation.loss", value)
    canvas, axes = _drawn({"loss": losses}, best, "loss")
    (told,) = axes.texts
    assert told.get_text().startswith("best: ") and told.get_text().endswith(f", epoch {best.epoch}")
    box, inside = told.get_window_extent(), axes.get_window_extent()
    assert box.y0 >= inside.y1 and box.x1 <= canvas.bbox.x1 + 1


def test_no_share_is_drawn_above_one() -> None:
    best = Best(1, "validation.loss", 0.1)
    _, axes = _drawn({"loss": [0.1] * 3, "accuracy": [1.0] * 3}, best, "accuracy")
    assert 1 < axes.get_ylim()[1] < 1.01
    _, axes = _drawn({"loss": [0.9, 1.0]}, Best(1, "validation.loss", 0.9), "loss")
    assert axes.get_ylim()[1] > 1


def test_one_epoch_is_labelled_as_one() -> None:
    _, axes = _drawn({"loss": [0.5]}, Best(1, "validation.loss", 0.5), "loss")
    assert [each.get_text() for each in axes.get_xticklabels()] == ["1"]
