"""The data of a spec as a person looks at it before training: figures, findings, and a few samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nncli.columns.categories import ClassEncoder
from nncli.columns.dates import NO_TIME, read_times
from nncli.columns.kind import Encoder
from nncli.columns.kinds import kind_of
from nncli.columns.sound_cells import holds_samples
from nncli.columns.stored import Stored
from nncli.columns.tags import TagEncoder
from nncli.columns.texts import TextEncoder
from nncli.data.dataset import Data, PartName
from nncli.data.dividing import Division
from nncli.data.opening import open_cells, open_data
from nncli.data.sharing import columns_of
from nncli.inspection.chance import Agreement
from nncli.inspection.content import Reads
from nncli.inspection.faults import Declared, column_findings
from nncli.inspection.figures import Cells, Figures, figures_of, moment
from nncli.inspection.findings import Finding, in_order
from nncli.inspection.repeats import Agreements, RowReads, contents_of, repeat_findings
from nncli.inspection.seen import Seen, parts_of, see
from nncli.sources.tables import Column, Refusals, Table
from nncli.spec.schema import ColumnSpec
from nncli.spec.spec import Spec

SAMPLES: Final = 3
TOKENS: Final = 12
_CHARACTERS: Final = 200
_FEW_VALUES: Final = ("number", "binary", "category", "set", "date")
"""Kinds of column that can have few values."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """How long data in time are: series, rows of all of them, and the first and last time.

    Without a column of times the last two are None.
    """

    series: int
    steps: int
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to see.

    `rows` counts the samples of each part, `seen` those of them that figures were worked out from. `samples`
    are raw rows of the training part, `tokens` the first tokens of texts, by column.
    """

    data: Data
    rows: Mapping[PartName, int]
    seen: int
    columns: tuple[Figures, ...]
    findings: tuple[Finding, ...]
    samples: tuple[Mapping[str, str | None], ...]
    tokens: Mapping[str, tuple[tuple[str, ...], ...]]
    timeline: Timeline | None = None

    @property
    def total(self) -> int:
        """Counts the samples of all parts."""
        return sum(self.rows.values())


def look(spec: Spec) -> Look:
    """Opens the data of a spec and looks at them. Raises all that opening raises."""
    data = open_data(spec)
    division = open_cells(spec)
    rows = {name: part.rows for name, part in data.parts.items()}
    seen = None if division is None else see(division, data.encoders.headers())
    columns = [_cells(data, column, spec_of, seen) for column, spec_of in _encoders(data)]
    figures = tuple(map(figures_of, columns))
    findings = () if division is None or seen is None else _findings(data, division, columns, seen)
    return Look(
        data=data,
        rows=rows,
        seen=sum(rows.values()) if seen is None else len(seen),
        columns=figures,
        findings=in_order(findings),
        samples=_samples(seen),
        tokens=_tokens(data),
        timeline=_timeline(data, division),
    )


def findings_of(spec: Spec, data: Data) -> tuple[Finding, ...]:
    """Finds what is wrong with rows of data that are open already, as `look` does, without any figure.

    Raises what reading cells raises.
    """
    division = open_cells(spec)
    if division is None:
        return ()
    seen = see(division, data.encoders.headers())
    columns = [_cells(data, column, spec_of, seen) for column, spec_of in _encoders(data)]
    return in_order(_findings(data, division, columns, seen))


def _encoders(data: Data) -> list[tuple[Encoder, ColumnSpec]]:
    # In what is resolved a view is a column of its own.
    declared = {(column.role, column.name): spec for column, spec in columns_of(data.resolved)}
    every = (*data.encoders.input_encoders, *data.encoders.target_encoders)
    return [(each, declared[each.column.role, each.column.name]) for each in every]


def _cells(data: Data, encoder: Encoder, declared: ColumnSpec, seen: Seen | None) -> Cells:
    stored: dict[int, Stored] = {}
    for part in data.parts.values():
        columns = part.columns.inputs if encoder.column.role == "input" else part.columns.targets
        # Parts of one file share their columns.
        stored.setdefault(id(part.columns), columns[encoder.column.name])
    return Cells(encoder, declared, tuple(stored.values()), seen)


def _findings(data: Data, division: Division, columns: Sequence[Cells], seen: Seen) -> list[Finding]:
    declared = [Declared(each.encoder, each.declared) for each in columns]
    is_in_time = data.encoders.timeline is not None
    found = list(column_findings(declared, seen, is_in_time=is_in_time))
    if not is_in_time:
        tables, parts = division.tables, parts_of(division)
        contents = contents_of(
            list(tables.values()),
            np.concatenate([parts[name] for name in tables]),
            _reads(declared, tables["train"]),
        )
        found += repeat_findings(contents, _agreements(declared, seen))
    return found


def _agreements(columns: Sequence[Declared], seen: Seen) -> Agreements:
    """Finds the columns of few values in which rows may agree by chance.

    Texts and files say more than a few values could: beside one of them rows do not agree by chance.
    """

    def agreement(chosen: Sequence[Declared]) -> Agreement:
        if any(each.spec.type not in _FEW_VALUES for each in chosen):
            return Agreement(seen, ())
        read = _read(chosen, seen.tables[0])
        numbers = tuple(Reads(numbers=(header,)) for header in read.numbers)
        return Agreement(seen, (*numbers, *(Reads(texts=(header,)) for header in read.texts)))

    inputs = [each for each in columns if each.encoder.column.role == "input"]
    return Agreements(agreement(inputs), agreement(columns))


def _reads(columns: Sequence[Declared], table: Table) -> RowReads:
    inputs = [each for each in columns if each.encoder.column.role == "input"]
    targets = [each for each in columns if each.encoder.column.role == "target"]
    labels = [each for each in targets if isinstance(each.encoder, (ClassEncoder, TagEncoder))]
    return RowReads(_read(inputs, table), _read(targets, table), _read(labels, table))


def _read(columns: Sequence[Declared], table: Table) -> Reads:
    found: dict[str, list[str]] = {"numbers": [], "texts": [], "files": []}
    for each in columns:
        kind = kind_of(each.spec)
        names_files = kind.reads_files and not holds_samples(each.encoder.column, table)
        found["files" if names_files else "numbers" if kind.has_numbers else "texts"] += each.encoder.headers
    return Reads(**{name: tuple(dict.fromkeys(headers)) for name, headers in found.items()})


def _samples(seen: Seen | None) -> tuple[Mapping[str, str | None], ...]:
    """Takes the first rows of the training part as they were read."""
    if seen is None:
        return ()
    table = seen.tables[0]
    rows = np.flatnonzero(seen.of_part("train")[: len(table)])[:SAMPLES]
    headers = table.cells.columns
    shown = {header: table.series(header).gather(rows).to_list() for header in headers}
    return tuple({header: _shown(shown[header][at]) for header in headers} for at in range(len(rows)))


def _shown(cell: object) -> str | None:
    if cell is None or cell != cell:
        return None
    text = f"{cell:.10g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= _CHARACTERS else text[:_CHARACTERS] + "…"


def _tokens(data: Data) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Shows the first tokens of the first training samples, as the tokenizer has them."""
    import torch

    part, found = data.parts["train"], {}
    index = part.index[torch.arange(min(SAMPLES, part.rows))]
    for encoder in data.encoders.input_encoders:
        if isinstance(encoder, TextEncoder):
            taken = part.columns.inputs[encoder.column.name].take(index)
            masks = torch.ones_like(taken.values, dtype=torch.bool) if taken.mask is None else taken.mask
            found[encoder.column.name] = tuple(
                tuple(encoder.tokenizer.shown(token) for token in row[mask][:TOKENS].tolist())
                for row, mask in zip(taken.values, masks, strict=True)
            )
    return found


def _timeline(data: Data, division: Division | None) -> Timeline | None:
    timeline = data.encoders.timeline
    if timeline is None or division is None:
        return None
    table = division.tables["train"]
    series = 1 if timeline.group is None else table.texts(timeline.group).n_unique()
    if timeline.time is None:
        return Timeline(series, len(table), None, None)
    column = Column("time", timeline.time, "input")
    times = read_times(table.only([timeline.time]), column, timeline.format, Refusals(), empty_allowed=True)
    there = times[times != NO_TIME]
    return Timeline(series, len(table), moment(there.min()), moment(there.max()))
