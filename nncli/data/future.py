"""What comes after the rows of a series: the samples that forecast it, and the times of their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nncli.columns.encoders import Encoders
from nncli.columns.reach import span
from nncli.counted import counted
from nncli.data.dataset import Part
from nncli.data.rows import encode_rows, torch_index
from nncli.data.samples import Series, in_order
from nncli.messages.catalogue import failure
from nncli.sources.tables import Rows, Table

if TYPE_CHECKING:
    import polars as pl

_DAY_US: Final = 86_400_000_000
_MONTH_DAYS: Final = (28, 31)
# What ISO 8601 leaves out, by the length of what is left.
_FORMS: Final = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d", 16: "%Y-%m-%dT%H:%M"}
_FULL: Final = "%Y-%m-%dT%H:%M:%S"


@dataclass(frozen=True)
class Future:
    """The last sample of each series that inputs are known for, and the steps that its targets are about.

    `labels` has a column for the group and one for the time where the data have them, else `step`, the
    row that a step would have; each with a text or number for every step of every sample, sample by
    sample.
    """

    part: Part
    steps: int
    labels: dict[str, list[Any]]


def future_of(encoders: Encoders, table: Table) -> Future:
    """Finds what a table says about the time after it. Raises `series-short` and what encoding raises."""
    timeline = encoders.timeline
    assert timeline is not None
    series = in_order(table, timeline)
    first, stop = span(encoders.reaches, "input")
    last = series.starts[1:] - max(stop, 0)
    short = np.flatnonzero(last + min(first, 0) < series.starts[:-1])
    if short.size:
        needed = counted(stop - min(first, 0) if stop > 0 else -first, "row")
        raise failure("series-short", series.table.header_place(), needed=needed, rows=len(table))
    covered = {
        name: series.covered(last, reach)
        for name, reach in encoders.reaches.items()
        if name.startswith("inputs.")
    }
    columns = encode_rows(encoders, series.table, with_targets=False, covered=covered)
    target_first, target_stop = span(encoders.reaches, "target")
    steps = target_stop - target_first
    rows = (last[:, None] + np.arange(target_first, target_stop)).flatten()
    number = np.repeat(np.arange(len(last)), steps)
    part = Part("test", torch_index(last), columns)
    return Future(part, steps, _labels(encoders, series, rows, number))


def _labels(encoders: Encoders, series: Series, rows: Rows, number: Rows) -> dict[str, list[Any]]:
    timeline = encoders.timeline
    assert timeline is not None
    labels: dict[str, list[Any]] = {}
    if timeline.group is not None:
        names = series.table.raw(timeline.group)
        labels[timeline.group] = [names[int(series.starts[each])] for each in number]
    if timeline.time is None:
        return labels | {
            "step": [int(row - series.starts[each]) + 1 for row, each in zip(rows, number, strict=True)]
        }
    written = series.table.raw(timeline.time)
    form = timeline.format or _FORMS.get(len((written[0] or "").strip()), _FULL)
    labels[timeline.time] = [
        written[int(row)] if row < series.starts[each + 1] else _beyond(series, int(row), int(each), form)
        for row, each in zip(rows, number, strict=True)
    ]
    return labels


def _beyond(series: Series, row: int, number: int, form: str) -> str:
    """Writes the time of a row behind the last one of a series, at the pace of its last rows."""
    import polars as pl

    start, end = int(series.starts[number]), int(series.starts[number + 1])
    times = series.times[start:end]
    steps = row - end + 1
    if len(times) < 2:
        return ""
    last = pl.Series([int(times[-1])]).cast(pl.Datetime("us"))
    return str(_later(last, times[-13:], steps).dt.strftime(form)[0])


def _later(last: pl.Series, times: Rows, steps: int) -> pl.Series:
    gaps = np.diff(times)
    days = gaps / _DAY_US
    if (days >= _MONTH_DAYS[0]).all() and (days <= _MONTH_DAYS[1]).all() and len(set(days)) > 1:
        return last.dt.offset_by(f"{steps}mo")
    if (days >= 365).all() and (days <= 366).all():
        return last.dt.offset_by(f"{steps}y")
    return last.dt.offset_by(f"{int(np.median(gaps)) * steps}us")
