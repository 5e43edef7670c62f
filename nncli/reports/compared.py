"""Several runs beside each other: what differs in their specs, their curves, and their best figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from nncli.reports.curve_plots import compared_plots
from nncli.reports.facts import RunFacts
from nncli.reports.inks import SERIES
from nncli.reports.markup import Html, figures, joined, note, section, table, tag, text
from nncli.reports.worst import cut
from nncli.runs.comparing import Comparison, Difference
from nncli.terminal.figures import count, duration, short

_MOST_DIFFERENCES: Final = 60


def comparison(runs: Sequence[RunFacts], names: Sequence[str], found: Comparison) -> Html:
    """Writes what a person asks of several runs, before each is shown by itself."""
    title = tag("header", tag("h1", text(f"{len(runs)} runs")))
    plots = list(compared_plots(runs, names))
    curves = figures(plots, "compared") if plots else note("Not here: no run has completed an epoch.")
    lines = "Validation is a line, training dashes; where a run has no validation part, training is the line."
    told = (_differences(found.spec, names), _elsewhere(found, names))
    return joined(
        [
            title,
            section("differences", "What differs in the specs", *told),
            section("compared", "Curves", note(lines), curves),
            section("best", "Best figures", _best(runs, names)),
        ]
    )


def _differences(found: Sequence[Difference], names: Sequence[str]) -> Html:
    if not found:
        return note("Nothing: they say the same.")
    rows = [[tag("code", text(each.what)), *map(_value, each.values)] for each in found[:_MOST_DIFFERENCES]]
    left = len(found) - _MOST_DIFFERENCES
    more = [note(f"… and {count(left)} more")] if left > 0 else []
    return joined([table(["", *names], rows), *more])


def _value(value: str) -> Html:
    return tag("code", text(cut(value)))


def _elsewhere(found: Comparison, names: Sequence[str]) -> Html:
    """Shows what differs in data and environment, where anything does."""
    differing = [*found.data, *found.environment]
    if not differing:
        return note("Data and environment are the same.")
    return joined([tag("h3", text("in data and environment")), _differences(differing, names)])


def _best(runs: Sequence[RunFacts], names: Sequence[str]) -> Html:
    """Puts the figures of each run's best epoch, or of its last one, into a row."""
    keys = dict.fromkeys((curve.part, curve.figure) for run in runs for curve in run.course.curves)
    headers = [
        "run",
        "state",
        "epoch",
        *(f"{part} {figure}" for part, figure in keys),
        "trained",
        "parameters",
    ]
    rows = []
    for number, (run, name) in enumerate(zip(runs, names, strict=True)):
        course = run.course
        epoch = course.best.epoch if course.best else course.epochs
        found = {(curve.part, curve.figure): dict(curve.points).get(epoch) for curve in course.curves}
        # The colour is that of the run's curves.
        key = tag("span", of="key", style=f"background:var(--series-{number % len(SERIES) + 1})")
        seconds = duration(course.seconds) if course.seconds is not None else "–"
        size = count(run.head.parameters) if run.head.parameters is not None else "–"
        figures_of_run = [text(short(found.get(each))) for each in keys]
        told = [text(run.head.state), text(count(epoch)), *figures_of_run, text(seconds), text(size)]
        rows.append([Html(key + text(name)), *told])
    return table(headers, rows, range(2, len(headers)), {0: "whole"})
