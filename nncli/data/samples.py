"""Samples of rows in time: which rows they are around, and what they keep apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nncli.columns.dates import read_times
from nncli.columns.reach import Reach, Timeline, span
from nncli.data.dataset import PartName
from nncli.errors import Problem
from nncli.messages.catalogue import failures
from nncli.sources.tables import Column, Refusals, Rows, Table

_TIME_PATH = "data.time"


@dataclass(frozen=True)
class Series:
    """Rows in order, each series behind the other.

    `starts` are the first rows of the series, and behind the last the count of all, int64 (series + 1,).
    `times` are microseconds, or the number of the row in its series, int64 (N,).
    """

    table: Table
    starts: Rows
    times: Rows

    def anchors(self, reaches: Mapping[str, Reach], timeline: Timeline, roles: Sequence[str]) -> Rows:
        """Lists the rows around which every column has all its steps within one series.

        Only columns of `roles` count, so that a forecast needs no future: then the row behind the last
        can be one.
        """
        spans = [span(reaches, role) for role in roles]
        first, stop = min(each[0] for each in spans), max(each[1] for each in spans)
        found = [
            np.arange(start - min(first, 0), end - max(stop, 0) + 1, timeline.stride)
            for start, end in zip(self.starts[:-1], self.starts[1:], strict=True)
        ]
        return np.concatenate(found).astype(np.int64)

    def covered(self, anchors: Rows, reach: Reach) -> Rows:
        """Lists the rows that a column is read at for some samples."""
        marks = np.zeros(len(self.table) + 1, np.int64)
        np.add.at(marks, anchors + reach.first, 1)
        np.add.at(marks, anchors + reach.stop, -1)
        return np.flatnonzero(np.cumsum(marks[:-1]) > 0)

    def series_of(self, anchors: Rows) -> Rows:
        """Tells the number of the series that each sample is of."""
        return np.searchsorted(self.starts, anchors, side="right") - 1


def in_order(table: Table, timeline: Timeline) -> Series:
    """Puts the rows of a table in order. Raises `not-a-date`, `cell-empty`, `time-repeated`."""
    rows = len(table)
    groups = np.zeros(rows, np.int64)
    if timeline.group is not None:
        groups = table.texts(timeline.group).fill_null("").rank("dense").to_numpy().astype(np.int64)
    times = np.arange(rows)
    if timeline.time is not None:
        refusals = Refusals()
        column = Column("time", timeline.time, "input")
        times = read_times(table, column, timeline.format, refusals, empty_allowed=False)
        if refusals.are_errors:
            raise failures([_at(each, _TIME_PATH) for each in refusals.problems(table)])
    order = np.lexsort((times, groups))
    if not np.array_equal(order, np.arange(rows)):
        table, groups, times = table.take(order), groups[order], times[order]
    is_first = np.concatenate([[True], groups[1:] != groups[:-1]])
    repeated = np.flatnonzero((times[1:] == times[:-1]) & ~is_first[1:]) + 1
    if repeated.size and timeline.time is not None:
        column = Column("time", timeline.time, "input")
        raise failures([_at(table.cells_problem("time-repeated", column, repeated), _TIME_PATH)])
    starts = np.append(np.flatnonzero(is_first), rows)
    if timeline.time is None:
        times = times - np.repeat(starts[:-1], np.diff(starts))
    return Series(table, starts, times)


def kept_apart(
    parts: Mapping[PartName, Rows], series: Series, reaches: Mapping[str, Reach]
) -> dict[PartName, Rows]:
    """Leaves out samples whose answers reach into those of a later part of the same series."""
    first, stop = span(reaches, "target")
    order: list[PartName] = ["train", "validation", "test"]
    found = dict(parts)
    for number, name in enumerate(order):
        later = [parts[each] for each in order[number + 1 :] if each in parts and len(parts[each])]
        if name not in parts or not later:
            continue
        begins = np.full(len(series.starts), np.iinfo(np.int64).max)
        for rows in later:
            np.minimum.at(begins, series.series_of(rows), rows + first)
        own = parts[name]
        found[name] = own[own + stop <= begins[series.series_of(own)]]
    return found


def _at(problem: Problem, path: str) -> Problem:
    return Problem(problem.code, problem.place, path, problem.facts, problem.severity)
