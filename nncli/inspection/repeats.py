"""Rows that come again: within a part, in two parts, and with another target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nncli.counted import counted
from nncli.data.dataset import PartName
from nncli.inspection.chance import Agreement
from nncli.inspection.content import Hashes, Reads, content_of
from nncli.inspection.findings import SHOWN, Finding, percent
from nncli.inspection.seen import PARTS, PartNumbers, place_of
from nncli.sources.tables import Rows, Table

_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
_PIECE: Final = 2**20
_MANY: Final = 0.01
"""From this share of the rows on it is more than a note."""


@dataclass(frozen=True, slots=True)
class RowReads:
    """The columns that are inputs, targets, and targets with classes."""

    inputs: Reads
    targets: Reads
    labels: Reads


@dataclass(frozen=True, slots=True)
class Agreements:
    """How rows agree in their inputs, and in inputs and targets."""

    inputs: Agreement
    whole: Agreement


@dataclass(frozen=True)
class Contents:
    """What every row of every source holds, one source behind the other.

    `inputs`, `labels` and `whole` are hashes, uint64 (rows,): of the inputs, of the targets that have
    classes, None where there are none, and of all. `part_of` is int8 (rows,), as in `Seen`. Places point
    at the column `file` where it is not empty.
    """

    tables: Sequence[Table]
    part_of: PartNumbers
    inputs: Hashes
    labels: Hashes | None
    whole: Hashes
    file: str = ""

    def places(self, rows: Rows, before: Rows) -> tuple[str, ...]:
        """Says where rows stand, and where those that they repeat."""
        return tuple(
            f"{self.place(int(row))} as {self.place(int(first))}"
            for row, first in zip(rows[:SHOWN], before[:SHOWN], strict=True)
        )

    def place(self, row: int) -> str:
        """Says where a row stands."""
        return place_of(self.tables, row, self.file)


def repeat_findings(contents: Contents, agreements: Agreements) -> Iterator[Finding]:
    """Finds `leakage`, `duplicates` and `noise`, as far as they are more than chance."""
    yield from _leaks(contents, agreements.inputs)
    yield from _duplicates(contents, agreements.whole)
    if contents.labels is not None:
        yield from _noise(contents, contents.labels, agreements.inputs)


def _leaks(contents: Contents, agreement: Agreement) -> Iterator[Finding]:
    """Compares each part with those before it: by inputs, since these are what a network remembers."""
    for number, part in enumerate(PARTS[1:], 1):
        own = np.flatnonzero(contents.part_of == number)
        for sooner in range(number):
            others = np.flatnonzero(contents.part_of == sooner)
            known = np.sort(contents.inputs[others])
            rows = own[_is_among(contents.inputs[own], known)]
            if len(rows) and not agreement.is_chance(len(rows), float(len(own)) * len(others)):
                before = _first(contents.inputs, others, rows[:SHOWN])
                places = contents.places(rows, before)
                yield _leak(part, PARTS[sooner], len(rows), len(own), places)


def _leak(part: PartName, sooner: PartName, count: int, rows: int, places: tuple[str, ...]) -> Finding:
    facts = {"part": part, "other": sooner, "rows": counted(rows, "row"), "share": percent(count, rows)}
    return Finding("leakage", "warning", count, "", places, facts)


def _duplicates(contents: Contents, agreement: Agreement) -> Iterator[Finding]:
    for number, part in enumerate(PARTS):
        rows = np.flatnonzero(contents.part_of == number)
        alike = rows[_comes_again(contents.whole[rows])]
        order, is_first = _grouped(contents.whole[alike])
        again = np.sort(alike[order[~is_first]])
        if len(again) and not agreement.is_chance(len(again), _pairs(len(rows))):
            places = contents.places(again, _first(contents.whole, alike, again[:SHOWN]))
            facts = {"part": part, "rows": counted(len(rows), "row"), "share": percent(len(again), len(rows))}
            is_much = len(again) > _MANY * len(rows)
            yield Finding("duplicates", "warning" if is_much else "note", len(again), "", places, facts)


def _noise(contents: Contents, labels: Hashes, agreement: Agreement) -> Iterator[Finding]:
    """Finds rows whose inputs stand beside another target elsewhere."""
    rows = np.flatnonzero(contents.part_of >= 0)
    alike = rows[_comes_again(contents.inputs[rows])]
    order, is_first = _grouped(contents.inputs[alike])
    group = np.cumsum(is_first) - 1
    found = labels[alike][order]
    differs = found != found[np.flatnonzero(is_first)[group]]
    is_noisy = np.bincount(group, weights=differs, minlength=int(is_first.sum())) > 0
    noisy = np.sort(alike[order[is_noisy[group]]])
    # Of rows that agree, one is what the others repeat.
    if len(noisy) and not agreement.is_chance(int((~is_first).sum()), _pairs(len(rows))):
        places = tuple(contents.place(int(row)) for row in noisy[:SHOWN])
        facts = {"rows": counted(len(rows), "row"), "share": percent(len(noisy), len(rows))}
        is_much = len(noisy) > _MANY * len(rows)
        yield Finding("noise", "warning" if is_much else "note", len(noisy), "", places, facts)


def _pairs(rows: int) -> float:
    return rows * (rows - 1) / 2


def _is_among(hashes: Hashes, known: Hashes) -> NDArray[np.bool_]:
    """Marks hashes that are among others, which ascend; piece by piece, since there can be many."""
    found = np.zeros(len(hashes), np.bool_)
    for first in range(0, len(hashes) if len(known) else 0, _PIECE):
        piece = hashes[first : first + _PIECE]
        at = np.searchsorted(known, piece)
        at[at == len(known)] = 0
        found[first : first + _PIECE] = known[at] == piece
    return found


def _comes_again(hashes: Hashes) -> NDArray[np.bool_]:
    """Marks hashes that are there more than once."""
    ordered = np.sort(hashes)
    return _is_among(hashes, np.unique(ordered[1:][ordered[1:] == ordered[:-1]]))


def _first(hashes: Hashes, rows: Rows, wanted: Rows) -> Rows:
    """Finds the first of some rows that has the hash of each of a few."""
    return np.array([rows[np.flatnonzero(hashes[rows] == hashes[row])[0]] for row in wanted], np.int64)


def _grouped(hashes: Hashes) -> tuple[Rows, NDArray[np.bool_]]:
    """Sorts rows so that equal ones follow each other, and marks the first of each."""
    order = np.argsort(hashes, kind="stable")
    found = hashes[order]
    is_first = np.ones(len(found), np.bool_)
    is_first[1:] = found[1:] != found[:-1]
    return order, is_first


def contents_of(tables: Sequence[Table], part_of: PartNumbers, reads: RowReads) -> Contents:
    """Hashes the rows of all sources: their inputs, all of them, and the targets that have classes."""
    inputs, targets = content_of(tables, reads.inputs), content_of(tables, reads.targets)
    # The odd number keeps the sum from being the same with both exchanged.
    whole = inputs + targets * _ODD
    file = reads.inputs.files[0] if reads.inputs.files else ""
    labels = content_of(tables, reads.labels) if reads.labels != Reads() else None
    return Contents(tables, part_of, inputs, labels, whole, file)
