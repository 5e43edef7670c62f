"""Curves of losses, metrics and learning rates over epochs, of one run or of several."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from nncli.reports.facts import Best, Curve, RunFacts
from nncli.reports.inks import LIGHT, SERIES, Plot, by_powers, file_name, said
from nncli.terminal.figures import short

_SIZE: Final = (520, 300)
_WIDE: Final = 30.0
"""Losses that span more than this factor are drawn by powers of ten."""
_FEW: Final = 15
_ABOVE: Final[Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
_SHARES: Final = (
    "accuracy",
    "balanced_accuracy",
    "f1",
    "precision",
    "recall",
    "auroc",
    "average_precision",
    "iou",
)
_COLOURS: Final = {"train": SERIES[1], "validation": SERIES[0]}


def curve_plots(run: RunFacts) -> Iterator[Plot]:
    """Gives a plot for each figure, with the best epoch marked, and one of learning rates."""
    course = run.course
    for figure in dict.fromkeys(curve.figure for curve in course.curves):
        curves = [curve for curve in course.curves if curve.figure == figure]
        if not any(map(_points, curves)):
            continue

        def draw(canvas: Any, curves: Sequence[Curve] = curves) -> None:
            axes = _axes(canvas, curves)
            for curve in curves:
                _line(axes, curve, curve.part, _COLOURS[curve.part])
            _mark(axes, course.best, curves)
            _finish(axes, len(curves), curves)

        yield Plot(file_name(figure), figure, _in_words(curves), _SIZE, draw)
    if course.rates:
        yield Plot("learning-rate", "learning rate", _in_words(course.rates), _SIZE, _rates(course.rates))


def _rates(rates: Sequence[Curve]) -> Any:
    def draw(canvas: Any) -> None:
        axes = _axes(canvas, rates)
        for number, curve in enumerate(rates):
            _line(axes, curve, said(curve.part), SERIES[(number + 2) % len(SERIES)])
        _finish(axes, len(rates), rates)

    return draw


def compared_plots(runs: Sequence[RunFacts], names: Sequence[str]) -> Iterator[Plot]:
    """Gives a plot for each figure with the curves of all runs: validation as lines, training as dashes."""
    every = [curve for run in runs for curve in run.course.curves]
    for figure in dict.fromkeys(curve.figure for curve in every):
        curves = [[curve for curve in run.course.curves if curve.figure == figure] for run in runs]
        flat = [curve for each in curves for curve in each]
        if not any(map(_points, flat)):
            continue

        def draw(canvas: Any, curves: list[list[Curve]] = curves, flat: list[Curve] = flat) -> None:
            axes = _axes(canvas, flat)
            for number, (name, each) in enumerate(zip(names, curves, strict=True)):
                has_validation = any(curve.part == "validation" for curve in each)
                for curve in each:
                    is_main = curve.part == "validation" or not has_validation
                    _line(axes, curve, said(name) if is_main else "", SERIES[number % len(SERIES)], is_main)
                _mark(axes, runs[number].course.best, each, SERIES[number % len(SERIES)])
            _finish(axes, 2, flat)

        yield Plot(f"compared-{file_name(figure)}", figure, _in_words(flat), _SIZE, draw)


def _axes(canvas: Any, curves: Sequence[Curve]) -> Any:
    from matplotlib.ticker import MaxNLocator

    axes = canvas.subplots()
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    epochs = {epoch for curve in curves for epoch, _ in curve.points}
    if len(epochs) == 1:
        # Else the axis would be labelled with parts of an epoch.
        axes.set_xticks(list(epochs))
    values = [value for curve in curves for _, value in _points(curve)]
    if values and min(values) > 0 and max(values) / min(values) > _WIDE:
        axes.set_yscale("log")
    return axes


def _points(curve: Curve) -> list[tuple[int, float]]:
    return [(epoch, value) for epoch, value in curve.points if value is not None and math.isfinite(value)]


def _line(axes: Any, curve: Curve, label: str, colour: str, is_main: bool = True) -> None:
    # A gap stays where a figure was not finite.
    values = [math.nan if value is None else value for _, value in curve.points]
    epochs = [epoch for epoch, _ in curve.points]
    style = {"linestyle": "-"} if is_main else {"linestyle": (0, (3, 2)), "linewidth": 1.1}
    marker = {"marker": "o", "markersize": 3.5} if len(epochs) <= _FEW and is_main else {}
    axes.plot(epochs, values, color=colour, label=label or None, **style, **marker)


def _mark(axes: Any, best: Best | None, curves: Sequence[Curve], colour: str = "") -> None:
    """Marks the best epoch: with a line, and with a dot on the curve that chose it."""
    if best is None:
        return
    if not colour:
        axes.axvline(best.epoch, color=LIGHT["faint"], linewidth=0.9, linestyle=(0, (1, 2)))
    part, _, figure = best.watch.partition(".")
    for curve in curves:
        if (curve.part, curve.figure) == (part, figure):
            ring = {"markerfacecolor": LIGHT["surface"], "markeredgecolor": colour or _COLOURS[part]}
            axes.plot([best.epoch], [best.value], marker="o", markersize=7, markeredgewidth=1.8, **ring)
            if not colour:
                _tell(axes, best)


def _tell(axes: Any, best: Best) -> None:
    """Says what was best above the plot, where no curve runs through the words."""
    told = f"best: {short(best.value)}, epoch {best.epoch}"
    axes.annotate(told, (1, 1), xytext=(0, 4), **_ABOVE, ha="right", va="bottom", fontsize=8.5)


def _finish(axes: Any, count: int, curves: Sequence[Curve]) -> None:
    values = [value for curve in curves for _, value in _points(curve)]
    low, high = axes.get_ylim()
    if curves[0].figure in _SHARES and high > 1 and max(values) <= 1:
        # No share is above 1, whatever room a plot leaves.
        axes.set_ylim(low, min(high, 1 + 0.05 * (1 - low)))
    if axes.get_yscale() == "log":
        by_powers(axes.yaxis)
    if count > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2, handlelength=1.6)


def _in_words(curves: Sequence[Curve]) -> str:
    """Says what a person would read off, for whoever cannot see the plot."""
    ends = [(curve, _points(curve)) for curve in curves]
    told = [
        f"{curve.part} from {short(points[0][1])} to {short(points[-1][1])}".strip()
        for curve, points in ends
        if points
    ]
    return f"{curves[0].figure} over epochs: {', '.join(told)}"
