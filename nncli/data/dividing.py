"""The samples of a spec's files, divided into parts as its `split:` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from nncli.columns.dates import NO_TIME, read_times
from nncli.counted import counted
from nncli.data.dataset import PartName
from nncli.data.declarations import reaches_of, timeline_of
from nncli.data.fitting import drawn_shares
from nncli.data.samples import Series, in_order, kept_apart
from nncli.data.sharing import columns_of
from nncli.data.splitting import Codes, Keys, split_fold, split_rows
from nncli.errors import Problem
from nncli.messages.catalogue import failures, nearest
from nncli.sources.tables import SHOWN, Column, Refusals, Rows, Table
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec

if TYPE_CHECKING:
    import polars as pl

NO_STRATIFY: Final = "none"
_SPLIT: Final = "data.split"


@dataclass(frozen=True)
class Division:
    """Which samples each part has.

    `tables` holds the sources, each in the order in which its rows are encoded. `samples` tells of each
    part the source, and the rows that its samples are around. `training` tells of each column the rows
    of the training file that its encoder may see. `stratify` is what the split goes by, or "none".
    """

    tables: Mapping[PartName, Table]
    samples: Mapping[PartName, tuple[PartName, Rows]]
    training: Mapping[Column, Rows]
    stratify: str


def divide(spec: Spec, data: DataSpec, tables: Mapping[PartName, Table], warnings: list[Problem]) -> Division:
    """Divides the samples of all sources.

    Raises `rows-too-few`, `split-column-unknown`, `stratify-unknown`, and what putting rows in order raises.
    """
    if timeline_of(data) is not None:
        return _divide_in_time(spec, data, tables)
    table, stratify = tables["train"], _stratified_by(spec, data, tables["train"])
    keys = _keys(spec, data, table, stratify, warnings)
    drawn = _drawn(spec, data, len(table), keys, table.source.file)
    samples: dict[PartName, tuple[PartName, Rows]] = {name: ("train", rows) for name, rows in drawn.items()}
    samples |= {name: (name, np.arange(len(each))) for name, each in tables.items() if name != "train"}
    training = {column: drawn["train"] for column, _ in columns_of(data)}
    return Division(tables, samples, training, stratify or NO_STRATIFY)


def _divide_in_time(spec: Spec, data: DataSpec, tables: Mapping[PartName, Table]) -> Division:
    """Divides samples that reach around their row: by time, or by whole series; never at random."""
    reaches, timeline = reaches_of(data), timeline_of(data)
    assert timeline is not None
    series = {name: in_order(table, timeline) for name, table in tables.items()}
    anchors = {name: each.anchors(reaches, timeline, ("input", "target")) for name, each in series.items()}
    own = series["train"]
    if data.split.group is not None:
        codes = _codes(spec, data, own.table, "group")
        keys = Keys(groups=codes[anchors["train"]])
    else:
        keys = Keys(times=_ranks(own, anchors["train"]))
    drawn = _drawn(spec, data, len(anchors["train"]), keys, own.table.source.file)
    parts = {name: anchors["train"][rows] for name, rows in drawn.items()}
    if keys.times is not None:
        parts = kept_apart(parts, own, reaches)
    samples: dict[PartName, tuple[PartName, Rows]] = {name: ("train", rows) for name, rows in parts.items()}
    samples |= {name: (name, rows) for name, rows in anchors.items() if name != "train"}
    _refuse_empty(spec, {name: rows for name, (_, rows) in samples.items()}, own.table.source.file)
    training = {
        column: own.covered(parts["train"], reaches[column.path.removeprefix("data.")])
        for column, _ in columns_of(data)
    }
    ordered = {name: each.table for name, each in series.items()}
    return Division(ordered, samples, training, NO_STRATIFY)


def _ranks(series: Series, anchors: Rows) -> Codes:
    """Puts samples in order of time: those of all series at one time are one step."""
    return np.unique(series.times[np.minimum(anchors, len(series.times) - 1)], return_inverse=True)[1]


def _drawn(spec: Spec, data: DataSpec, rows: int, keys: Keys, file: str) -> dict[PartName, Rows]:
    shares, split = drawn_shares(data), data.split
    if split.folds is not None:
        drawn = split_fold(rows, (split.folds, split.fold or 1), shares, split.seed, keys)
    else:
        drawn = split_rows(rows, shares, split.seed, keys)
    _refuse_empty(spec, drawn, file)
    return drawn


def _refuse_empty(spec: Spec, parts: Mapping[PartName, Rows], file: str) -> None:
    if any(len(rows) == 0 for rows in parts.values()):
        rows = counted(sum(len(each) for each in parts.values()), "row")
        facts = {"rows": rows, "file": file, "parts": len(parts)}
        raise failures([Problem("rows-too-few", spec.place(*_SPLIT.split(".")), _SPLIT, facts)])


def _stratified_by(spec: Spec, data: DataSpec, table: Table) -> str | None:
    """Names what the split keeps the shares of: as stated, else the only target with one class a row."""
    stated = data.split.stratify
    if data.split.group is not None or data.split.time is not None or stated == NO_STRATIFY:
        return None
    if stated is None:
        classes = [n for n, declared in data.targets.items() if declared.type in ("category", "binary")]
        return classes[0] if len(classes) == 1 else None
    if _header(data, stated) not in table.columns:
        known = [*data.targets, *data.inputs, *table.columns]
        facts = {"name": stated, "nearest": nearest(stated, known)}
        place = spec.place("data", "split", "stratify")
        raise failures([Problem("stratify-unknown", place, f"{_SPLIT}.stratify", facts)])
    return stated


def _header(data: DataSpec, name: str) -> str:
    headers = {column.name: column.header for column, _ in reversed(list(columns_of(data)))}
    return headers.get(name, name)


def _keys(spec: Spec, data: DataSpec, table: Table, stratify: str | None, warnings: list[Problem]) -> Keys:
    if data.split.group is not None:
        return Keys(groups=_codes(spec, data, table, "group"))
    if data.split.time is not None:
        return Keys(times=_times(spec, data, table))
    shares = drawn_shares(data)
    if not stratify or not (shares or data.split.folds):
        return Keys()
    texts = table.texts(_header(data, stratify)).fill_null("")
    warnings.extend(_rare(stratify, texts, len(shares)))
    return Keys(strata=texts.rank("dense").to_numpy().astype(np.int64))


def _codes(spec: Spec, data: DataSpec, table: Table, word: str) -> Codes:
    texts = table.texts(_split_header(spec, data, table, word)).fill_null("")
    return texts.rank("dense").to_numpy().astype(np.int64)


def _times(spec: Spec, data: DataSpec, table: Table) -> Codes:
    """Reads the column that a split follows in time: numbers, else dates."""
    import polars as pl

    header = _split_header(spec, data, table, "time")
    numbers = table.texts(header).str.strip_chars().cast(pl.Float64, strict=False)
    if numbers.is_finite().fill_null(False).all():
        return np.unique(numbers.to_numpy(), return_inverse=True)[1]
    dated = next((declared for column, declared in columns_of(data) if column.header == header), None)
    refusals, column = Refusals(), Column("time", header, "input")
    form = dated.format if dated is not None else None
    times = read_times(table, column, form, refusals, empty_allowed=False)
    if refusals.are_errors:
        found = refusals.problems(table)
        raise failures([Problem(each.code, each.place, f"{_SPLIT}.time", each.facts) for each in found])
    assert not (times == NO_TIME).any()
    return np.unique(times, return_inverse=True)[1]


def _split_header(spec: Spec, data: DataSpec, table: Table, word: str) -> str:
    name = getattr(data.split, word)
    header = _header(data, name)
    if header not in table.columns:
        facts = {"word": word, "name": name, "nearest": nearest(name, table.columns)}
        facts |= {"found": list(table.columns)}
        place = spec.place("data", "split", word)
        raise failures([Problem("split-column-unknown", place, f"{_SPLIT}.{word}", facts)])
    return header


def _rare(name: str, texts: pl.Series, enough: int) -> list[Problem]:
    """Warns of classes with too few rows for every part."""
    counts = texts.value_counts(sort=True, name="rows").rows()
    rare = [f"`{text}` ({counted(rows, 'row')})" for text, rows in counts if rows <= enough]
    if not rare:
        return []
    shown = [*rare[:SHOWN], *(["…"] if len(rare) > SHOWN else [])]
    return [Problem("class-rare", None, _SPLIT, {"name": name, "classes": shown}, "warning")]
