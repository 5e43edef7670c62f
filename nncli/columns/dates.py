"""Date columns: times of day and year as cycles, the year as a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nncli.columns.kind import Encoder, Kind, Mistake, Truths
from nncli.columns.numbers import scale_of
from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    import polars as pl
    from torch import Tensor

    from nncli.columns.stored import Dense

Times: TypeAlias = NDArray[np.int64]
"""Microseconds since 1970, in UTC where a zone is written; NO_TIME where a cell is empty."""
NO_TIME: Final = np.iinfo(np.int64).min
_ISO: Final = (
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f",
)
_ZONED: Final = ("%Y-%m-%dT%H:%M%#z", "%Y-%m-%dT%H:%M:%S%#z", "%Y-%m-%dT%H:%M:%S%.f%#z")

# Each part: how it is read from a time, and how many there are in its cycle; the year has none.
PARTS: Final[Mapping[str, tuple[Callable[[pl.Expr], pl.Expr], float | None]]] = {
    "year": (lambda time: time.dt.year(), None),
    "month": (lambda time: time.dt.month() - 1, 12),
    "day": (lambda time: time.dt.day() - 1, 31),
    "yearday": (lambda time: time.dt.ordinal_day() - 1, 366),
    "weekday": (lambda time: time.dt.weekday() - 1, 7),
    "hour": (lambda time: time.dt.hour(), 24),
    "minute": (lambda time: time.dt.minute(), 60),
    "second": (lambda time: time.dt.second(), 60),
}
_USUAL: Final = ("year", "month", "day", "weekday", "hour", "minute")


@dataclass(frozen=True, slots=True)
class DateEncoder(Encoder):
    """The parts of a date side by side: `(year - mean) / deviation`, all others as sine and cosine.

    `missing` is the time that an empty cell counts as, in microseconds; None refuses it.
    """

    column: Column
    parts: tuple[str, ...]
    format: str | None = None
    mean: float = 0.0
    deviation: float = 1.0
    missing: int | None = None
    type: Literal["date"] = "date"

    def __post_init__(self) -> None:
        if not self.parts or not set(self.parts) <= set(PARTS) or not self.deviation > 0:
            raise ValueError("a date has known parts, and a deviation above 0")

    def input(self) -> InputSpec:
        """Describes the column as an input."""
        return InputSpec((sum(1 if PARTS[part][1] is None else 2 for part in self.parts),), "number")

    def encode(self, table: Table, refusals: Refusals, is_new: Truths | None = None) -> Dense:
        """Encodes a column to float32 (N, width)."""
        import torch

        from nncli.columns.stored import Dense

        times = read_times(table, self.column, self.format, refusals, empty_allowed=self.missing is not None)
        filled = np.where(times == NO_TIME, self.missing or 0, times)
        columns = []
        for part, numbers in _parts_of(filled, self.parts).items():
            cycle = PARTS[part][1]
            if cycle is None:
                columns.append((numbers - self.mean) / self.deviation)
            else:
                angles = 2 * np.pi * numbers / cycle
                columns += [np.sin(angles), np.cos(angles)]
        return Dense(torch.from_numpy(np.stack(columns, axis=1).astype(np.float32)))

    def feature_columns(self, values: Tensor) -> Tensor:
        """Gives the numbers as they are."""
        return values

    def stated(self) -> Mapping[str, object]:
        """Names the column and the parts that were chosen."""
        return {"column": self.column.header, "parts": self.parts}


def read_times(
    table: Table, column: Column, form: str | None, refusals: Refusals, *, empty_allowed: bool
) -> Times:
    """Reads a column of dates: ISO 8601, or as `form` says, in the directives of strftime.

    Refuses `not-a-date`; `cell-empty` where empty cells are not allowed.
    """
    import polars as pl

    kind = table.frame.schema[column.header]
    if kind.is_temporal() and kind in (pl.Date, pl.Datetime):
        series = table.frame[column.header]
        empty = series.is_null().to_numpy()
        bad = np.zeros(len(series), np.bool_)
    else:
        texts = table.texts(column.header).str.strip_chars()
        empty = texts.is_null().to_numpy()
        series = _parsed(texts, form)
        bad = series.is_null().to_numpy() & ~empty
    refusals.add("not-a-date", column, np.flatnonzero(bad), form=form or "")
    if not empty_allowed:
        refusals.add("cell-empty", column, np.flatnonzero(empty), fix="median")
    moments = series.cast(pl.Datetime("us")).cast(pl.Int64)
    return moments.fill_null(NO_TIME).to_numpy().astype(np.int64)


def _parsed(texts: pl.Series, form: str | None) -> pl.Series:
    import polars as pl

    text = pl.col("text")
    if form is not None:
        moments = [text.str.to_datetime(form, strict=False, time_unit="us")]
        if not any(directive in form for directive in ("%H", "%I", "%T", "%R", "%s")):
            moments = [text.str.to_date(form, strict=False).cast(pl.Datetime("us"))]
    else:
        # A year or a month alone is its first day.
        iso = (
            text.str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T")
            .str.replace(r"^(\d{4})$", "${1}-01-01")
            .str.replace(r"^(\d{4}-\d{2})$", "${1}-01")
        )
        days = iso.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
        local = [iso.str.to_datetime(each, strict=False, time_unit="us") for each in _ISO[1:]]
        zoned = [
            iso.str.to_datetime(each, strict=False, time_unit="us", time_zone="UTC").dt.replace_time_zone(
                None
            )
            for each in _ZONED
        ]
        moments = [days, *local, *zoned]
    return texts.alias("text").to_frame().select(pl.coalesce(moments).alias("moment"))["moment"]


def is_date_format(form: str) -> bool:
    """Tells whether a text says how dates are written."""
    import polars as pl

    try:
        _parsed(pl.Series(["2024-12-31"], dtype=pl.String), form)
    except pl.exceptions.PolarsError:
        return False
    return "%" in form


def _parts_of(times: Times, parts: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    import polars as pl

    moments = pl.Series("time", times).cast(pl.Datetime("us")).to_frame()
    found = moments.select([PARTS[part][0](pl.col("time")).cast(pl.Float64).alias(part) for part in parts])
    return {part: found[part].to_numpy() for part in parts}


def fit_date(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> DateEncoder | Problem:
    """Chooses the parts that change in the training rows, and the scale of the year."""
    times = read_times(table, column, declared.format, Refusals(), empty_allowed=True)
    present = times[times != NO_TIME]
    if not present.size:
        return Problem("column-empty", None, column.path, {"name": column.name, "column": column.header})
    missing = int(np.median(present)) if declared.missing == "median" else None
    found = _parts_of(present, declared.parts or _USUAL)
    changing = tuple(part for part, numbers in found.items() if numbers.min() < numbers.max())
    chosen = declared.parts or changing or ("year",)
    years = _parts_of(present, ("year",))["year"]
    mean, deviation = scale_of(years)
    return DateEncoder(column, chosen, declared.format, mean, deviation, missing)


def _check(column: Column, declared: ColumnSpec, table: Table, refusals: Refusals) -> None:
    read_times(table, column, declared.format, refusals, empty_allowed=declared.missing != "error")


def _stand_in(column: Column, declared: ColumnSpec) -> DateEncoder:
    return DateEncoder(column, declared.parts or _USUAL[:4], declared.format)


def _mistakes(column: Column, declared: ColumnSpec) -> Iterator[Mistake]:
    if declared.format is not None and not is_date_format(declared.format):
        yield Mistake("date-format", "format", {"received": declared.format})
    if declared.missing not in ("error", "median"):
        yield Mistake("missing-date", "missing")
    for part in declared.parts or ():
        if part not in PARTS:
            facts = {"part": part, "nearest": nearest(part, PARTS), "known": list(PARTS)}
            yield Mistake("date-part", "parts", facts)


DATE: Final = Kind(
    check=_check,
    fit=fit_date,
    stand_in=_stand_in,
    may_be_target=False,
    mistakes=_mistakes,
)
