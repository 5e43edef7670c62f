"""What is wrong with columns: each by itself, and beside the target."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nncli.columns.categories import ClassEncoder
from nncli.columns.kind import Encoder
from nncli.columns.numbers import NumberEncoder, Numbers
from nncli.columns.series import SeriesEncoder
from nncli.counted import counted
from nncli.inspection.findings import SHOWN, Finding, percent
from nncli.inspection.seen import PARTS, Seen
from nncli.spec.schema import ColumnSpec

if TYPE_CHECKING:
    import polars as pl

IMBALANCE: Final = 10.0
"""From this ratio of the most frequent class to the rarest on, imbalance is told."""
RARE_ROWS: Final = 5
GIVEAWAY_CORRELATION: Final = 0.999
_ROWS_OF_A_VALUE: Final = 5
"""A column whose values hardly come again tells nothing of a class: each row has one of its own."""
_ROWS_BESIDE: Final = 10
"""Fewer rows than these agree by chance."""
_ROWS_OF_A_CLASS: Final = 20
"""Of fewer rows many numbers part two classes by chance."""
_EXCEPTIONS: Final = 1e-3
_MANY: Final = 0.01
_DOUBT: Final = 0.005
_FAR: Final = 0.5
"""A number that lies this share of the range of training beyond it is told of by itself."""
_KEPT: Final = ("error", "keep", "flag")
_SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Declared:
    """A column with its encoder and declaration."""

    encoder: Encoder
    spec: ColumnSpec

    @property
    def name(self) -> str:
        """Its name in the spec."""
        return self.encoder.column.name

    @property
    def header(self) -> str:
        """Its name in the file, or that of its first column there."""
        return self.encoder.headers[0]


def column_findings(columns: Sequence[Declared], seen: Seen, *, is_in_time: bool) -> Iterator[Finding]:
    """Finds `giveaway`, `imbalance`, `rare`, `constant`, `filled` and `outside`.

    In time, what was before tells of what comes next, and gives nothing away.
    """
    inputs = [each for each in columns if each.encoder.column.role == "input"]
    targets = [each for each in columns if each.encoder.column.role == "target"]
    for target in targets:
        if isinstance(target.encoder, ClassEncoder):
            yield from _uneven(target, seen)
        if not is_in_time:
            yield from _giveaways(target, inputs, seen)
    for each in inputs:
        yield from _constant(each, seen)
        yield from _filled(each, seen)
    for each in columns:
        yield from _outside(each, seen)


def _cells(column: Declared, seen: Seen) -> pl.Series | None:
    """Gives what stands in each row as text; None for columns of which a cell is no single value."""
    import polars as pl

    encoder = column.encoder
    if isinstance(encoder, NumberEncoder):
        return pl.Series(seen.numbers([column.header])[:, 0]).fill_nan(None).cast(pl.String)
    if len(encoder.headers) > 1 or any(t.cells.schema[column.header].is_nested() for t in seen.tables):
        return None
    return seen.texts(column.header)


def _uneven(target: Declared, seen: Seen) -> Iterator[Finding]:
    """Finds `imbalance` and `rare` among the training rows."""
    texts = seen.texts(target.header)
    training = _class_counts(texts.filter(seen.of_part("train")))
    if len(training) > 1:
        (most, most_rows), *_, (least, least_rows) = training.items()
        if most_rows >= IMBALANCE * least_rows:
            facts = {"most": _cut(most), "most_rows": counted(most_rows, "row"), "least": _cut(least)}
            facts |= {"least_rows": counted(least_rows, "row"), "ratio": f"{most_rows / least_rows:.0f}"}
            yield Finding("imbalance", "warning", least_rows, target.name, (), facts)
    rare = [(name, rows) for name in _class_counts(texts) if (rows := training.get(name, 0)) < RARE_ROWS]
    # A draw has fewer rows of every class.
    if rare and not seen.is_draw:
        shown = [f"`{_cut(name)}` ({rows})" for name, rows in rare[:SHOWN]]
        facts = {
            "classes": ", ".join([*shown, *(["…"] if len(rare) > SHOWN else [])]),
            "least": str(RARE_ROWS),
            "of": f"{len(rare):,} class{'es' if len(rare) > 1 else ''}",
        }
        yield Finding("rare", "warning", len(rare), target.name, (), facts)


def _class_counts(texts: pl.Series) -> dict[str, int]:
    """Counts the rows of each class, the most frequent first."""
    counts = texts.drop_nulls().alias("class").value_counts(name="rows")
    return dict(counts.sort(["rows", "class"], descending=[True, False]).rows())


def _giveaways(target: Declared, inputs: Sequence[Declared], seen: Seen) -> Iterator[Finding]:
    if isinstance(target.encoder, NumberEncoder):
        wanted = seen.numbers([target.header])[:, 0]
        for each in inputs:
            if isinstance(each.encoder, NumberEncoder):
                yield from _correlated(target, each, wanted, seen.numbers([each.header])[:, 0])
    elif isinstance(target.encoder, ClassEncoder):
        classes = _codes(seen.texts(target.header))
        for each in inputs:
            cells = _cells(each, seen)
            found = [] if cells is None else list(_telling(target, each, classes, cells))
            if not found and isinstance(each.encoder, NumberEncoder):
                found = list(_parting(target, each, classes, seen.numbers([each.header])[:, 0]))
            yield from found


def _correlated(target: Declared, each: Declared, wanted: Numbers, found: Numbers) -> Iterator[Finding]:
    there = np.isfinite(wanted) & np.isfinite(found)
    if there.sum() < _ROWS_BESIDE or np.ptp(wanted[there]) == 0 or np.ptp(found[there]) == 0:
        return
    correlation = float(np.corrcoef(wanted[there], found[there])[0, 1])
    if abs(correlation) > GIVEAWAY_CORRELATION:
        facts = {"target": target.name, "how": f"their correlation is {correlation:.5f}"}
        yield Finding("giveaway", "warning", int(there.sum()), each.name, (), facts)


def _telling(
    target: Declared, each: Declared, classes: NDArray[np.int64], cells: pl.Series
) -> Iterator[Finding]:
    """Finds a column of which each value stands beside one class alone; an empty cell is a value."""
    values = _codes(cells)
    rows, kinds, amount = len(values), int(values.max(initial=0)) + 1, int(classes.max(initial=0)) + 1
    if kinds < 2 or amount < 2 or rows < max(_ROWS_OF_A_VALUE * kinds, _ROWS_BESIDE):
        return
    together, counts = np.unique(values * amount + classes, return_counts=True)
    best = np.zeros(kinds, np.int64)
    np.maximum.at(best, together // amount, counts)
    wrong, wrong_alone = rows - int(best.sum()), rows - int(np.bincount(classes).max())
    if wrong <= _EXCEPTIONS * wrong_alone:
        exceptions = f", but for {counted(wrong, 'row')}" if wrong else ""
        how = f"each of its {kinds:,} values stands beside one class alone{exceptions}"
        yield Finding("giveaway", "warning", rows - wrong, each.name, (), {"target": target.name, "how": how})


def _parting(
    target: Declared, each: Declared, classes: NDArray[np.int64], numbers: Numbers
) -> Iterator[Finding]:
    """Finds a number that is smaller for all rows of one class of two than for all rows of the other."""
    there = np.isfinite(numbers)
    counts = np.bincount(classes[there], minlength=2)
    if len(counts) > 2 or counts.min() < _ROWS_OF_A_CLASS:
        return
    order = np.argsort(numbers[there], kind="stable")
    sorted_numbers, ones = numbers[there][order], np.cumsum(classes[there][order])
    zeros = np.arange(1, len(ones) + 1) - ones
    is_edge = np.append(sorted_numbers[1:] > sorted_numbers[:-1], False)
    # Wrong where what lies below an edge is said to be of the first class, or of the second.
    below = np.where(is_edge, ones + counts[0] - zeros, len(ones))
    above = np.where(is_edge, zeros + counts[1] - ones, len(ones))
    wrong = int(min(below.min(), above.min()))
    if wrong <= _EXCEPTIONS * counts.min():
        edge = int(np.minimum(below, above).argmin())
        how = f"one class lies up to {_number(sorted_numbers[edge])}, the other from "
        how += f"{_number(sorted_numbers[edge + 1])} on"
        yield Finding(
            "giveaway", "warning", len(ones) - wrong, each.name, (), {"target": target.name, "how": how}
        )


def _codes(texts: pl.Series) -> NDArray[np.int64]:
    """Numbers equal cells alike, from 0; empty cells are one kind."""
    codes: NDArray[np.int64] = texts.fill_null("").rank("dense").to_numpy().astype(np.int64) - 1
    return codes


def _constant(each: Declared, seen: Seen) -> Iterator[Finding]:
    cells = _cells(each, seen)
    if cells is None or each.spec.type not in ("number", "binary", "category", "date", "text", "set"):
        return
    training = cells.filter(seen.of_part("train"))
    if len(training) > 1 and training.n_unique() == 1:
        value = training[0]
        facts = {"value": "empty" if value is None else f"`{_cut(str(value))}`"}
        yield Finding("constant", "warning", len(training), each.name, (), facts)


def _filled(each: Declared, seen: Seen) -> Iterator[Finding]:
    missing = each.spec.missing
    if missing in _KEPT:
        return
    if isinstance(each.encoder, (NumberEncoder, SeriesEncoder)):
        is_empty = np.isnan(seen.numbers(each.encoder.headers)).any(axis=1)
    else:
        cells = _cells(each, seen)
        is_empty = np.zeros(len(seen), np.bool_) if cells is None else cells.is_null().to_numpy()
    rows = np.flatnonzero(is_empty)
    if len(rows):
        fill = getattr(each.encoder, "missing", None)
        word = missing if isinstance(missing, str) else "constant"
        shown = _number(fill) if isinstance(fill, float) else f"`{fill}`"
        facts = {"fill": word if fill is None else f"{word} {shown}", "share": percent(len(rows), len(seen))}
        facts |= {
            "cells": counted(len(rows), "cell"),
            "flag": each.name if each.spec.type == "number" else "",
        }
        places = seen.places(rows[:SHOWN], each.header)
        yield Finding("filled", "note", len(rows), each.name, places, facts)


def _outside(each: Declared, seen: Seen) -> Iterator[Finding]:
    """Finds numbers of later parts beyond those of training, of which a network knows nothing."""
    if not isinstance(each.encoder, (NumberEncoder, SeriesEncoder)):
        return
    is_known = seen.of_part("train")
    for header in each.encoder.headers:
        numbers = seen.numbers([header])[:, 0]
        known = numbers[is_known & np.isfinite(numbers)]
        if not known.size:
            continue
        lowest, highest = float(known.min()), float(known.max())
        is_later = seen.part_of > 0
        below, above = is_later & (numbers < lowest), is_later & (numbers > highest)
        rows, later = np.flatnonzero(below | above), int(is_later.sum())
        far = max(lowest - numbers[rows].min(), numbers[rows].max() - highest) if len(rows) else 0
        is_odd = any(_are_too_many(int(side.sum()), later, known.size) for side in (below, above))
        if is_odd or far > _FAR * (highest - lowest):
            parts = [part for part in PARTS if seen.of_part(part)[rows].any()]
            facts = {"parts": " and ".join(parts), "lowest": _number(lowest), "highest": _number(highest)}
            facts |= {"furthest": _number(_furthest(numbers[rows], lowest, highest))}
            facts |= {"numbers": counted(len(rows), "number"), "share": percent(len(rows), later)}
            is_much = len(rows) > max(_MANY * later, SHOWN)
            name = each.name if len(each.encoder.headers) == 1 else f"{each.name} ({header})"
            places = seen.places(rows[:SHOWN], header)
            yield Finding("outside", "warning" if is_much else "note", len(rows), name, places, facts)


def _are_too_many(count: int, later: int, known: int) -> bool:
    """Tells whether more numbers of later parts lie beyond all others than rows drawn at random have.

    The chance that the `count` largest of all numbers are later ones.
    """
    logs = (math.log(later - each) - math.log(later + known - each) for each in range(count))
    return count > 0 and sum(logs) < math.log(_DOUBT)


def _furthest(numbers: Numbers, lowest: float, highest: float) -> float:
    return float(numbers[np.maximum(lowest - numbers, numbers - highest).argmax()])


def _number(value: float) -> str:
    return f"{value:.6g}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
