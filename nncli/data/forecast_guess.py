"""Rows in time: a table with one regular column of dates, whose target is a number, is a forecast.

Several series may stand in it, told apart by a column of classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from nncli.columns.dates import NO_TIME, read_times
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    from nncli.data.guessing import Guess

PAST: Final = "past"
"""The input that is made of the steps before the one that is predicted."""
_DAY: Final = 24 * 3600 * 10**6
# After so many days from one row to the next, so many rows are a season.
_SEASONS: Final = ((1 / 24, 24), (1.0, 7), (7.0, 52), (30.4, 12), (91.3, 4))
_STEPS: Final = 10
"""How many steps back a forecast looks where no season is known."""
_LEAST_WINDOWS: Final = 5
_NARROWEST, _WIDEST = 0.8, 1.25
"""Months and years differ in length; other steps of a series do not."""


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """How rows follow each other: the rows of a season, if one is known, and how many steps to look back."""

    season: int | None
    steps: int


def forecast_of(table: Table, guess: Guess, header: str) -> Guess | None:
    """Makes a forecast of a guess, where its rows are steps of series; `header` is the target's."""
    ((name, target),) = guess.targets.items()
    dates = {each.column or n: each for n, each in guess.inputs.items() if each.type == "date"}
    if target.type != "number" or len(dates) != 1:
        return None
    ((time, declared),) = dates.items()
    classes = [each.column or n for n, each in guess.inputs.items() if each.type in ("category", "binary")]
    rhythms = ((group, _rhythm(table, time, declared, group)) for group in (None, *classes))
    group, rhythm = next(((group, found) for group, found in rhythms if found is not None), (None, None))
    if rhythm is None or declared.format is not None:
        return None
    variables = [header, *(each.column or n for n, each in guess.inputs.items() if each.type == "number")]
    said: dict[str, object] = {"type": "series", "window": (-rhythm.steps, 0)}
    said |= {"column": header} if len(variables) == 1 else {"columns": tuple(variables)}
    left_out = dict(guess.left_out)
    for n, each in guess.inputs.items():
        if each.type not in ("number", "date") and (each.column or n) != group:
            left_out[each.column or n] = "a series is of numbers; it can flow in beside it by its name"
    return replace(
        guess,
        inputs={PAST if name != PAST else f"{PAST}_steps": ColumnSpec.model_validate(said)},
        left_out=left_out,
        task="forecast",
        time=time,
        season=rhythm.season,
        group=group,
    )


def _rhythm(table: Table, header: str, declared: ColumnSpec, group: str | None) -> _Rhythm | None:
    """Finds how the rows of each series follow each other; None where they do so in no rhythm."""
    column = Column(header, header, "input")
    times = read_times(table.only([header]), column, declared.format, Refusals(), empty_allowed=True)
    if (times == NO_TIME).any():
        return None
    series = np.zeros(len(times), np.int64)
    if group is not None:
        series = table.texts(group).fill_null("").rank("dense").to_numpy().astype(np.int64)
    order = np.lexsort((times, series))
    gaps = np.diff(times[order])[np.diff(series[order]) == 0]
    shortest = int(np.unique(series, return_counts=True)[1].min())
    if shortest < _LEAST_WINDOWS * _STEPS:
        return None
    usual = float(np.median(gaps))
    if not usual * _NARROWEST <= gaps.min() <= gaps.max() <= usual * _WIDEST or gaps.min() <= 0:
        return None
    near = [rows for days, rows in _SEASONS if _NARROWEST <= usual / _DAY / days <= _WIDEST]
    season = near[0] if near and (near[0] + 1) * _LEAST_WINDOWS <= shortest else None
    return _Rhythm(season, season + 1 if season else _STEPS)
