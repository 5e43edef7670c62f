"""A spec's `data:` to encoded parts: the one door of this folder for training."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nncli.columns.encoders import Encoders
from nncli.data.builtin_sets import builtin_file, builtin_name
from nncli.data.cache import cache_key, read_cached, write_cached
from nncli.data.dataset import Data, Part, PartName
from nncli.data.declarations import columns_of, declare, stand_in
from nncli.data.fitting import cell_problems, column_problems, drawn_fractions, fit_encoders, resolved
from nncli.data.rows import part_from
from nncli.data.splitting import split_rows
from nncli.errors import DataError, Problem
from nncli.messages.catalogue import failures, nearest
from nncli.sources.files import format_problem, read_bytes, read_table
from nncli.sources.tables import SHOWN, Reading, Rows, Table, counted
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec

if TYPE_CHECKING:
    import polars as pl

__all__ = ["open_data", "source_digest", "stand_in"]

PARTS: Final[tuple[PartName, ...]] = ("train", "validation", "test")
NO_STRATIFY: Final = "none"


@dataclass(frozen=True)
class _File:
    """A source file, read once: `shown` is its name in messages."""

    path: Path
    shown: str
    content: bytes


def open_data(spec: Spec) -> Data:
    """Reads, checks, splits and encodes the data of a spec.

    Raises every problem that is found up to the step that cannot be done: first those of
    declarations, files and columns, then those of cells, then those of classes.
    """
    data, problems = declare(spec)
    files = _read_files(spec, data, problems)
    key = cache_key(data, _digest(files), [file.shown for file in files.values()])
    opened = None if problems else read_cached(key)
    if opened is None:
        opened = _open(spec, data, files, problems)
        write_cached(key, opened)
    # Kept warnings have no place in the spec yet: its lines may have moved since.
    return replace(opened, warnings=tuple(_placed(spec, opened.warnings)))


def _open(spec: Spec, data: DataSpec, files: Mapping[PartName, _File], problems: list[Problem]) -> Data:
    readable = not any(problem.path in ("data.delimiter", "data.encoding") for problem in problems)
    tables = _read_tables(data, files, problems) if readable else {}
    for table in tables.values():
        problems.extend(column_problems(spec, data, table))
    _raise(spec, problems)
    for table in tables.values():
        problems.extend(cell_problems(data, table))
    stratify = _stratified_by(spec, data, tables["train"], problems)
    _raise(spec, problems)
    warnings: list[Problem] = _leaks(data)
    divided = _divide(spec, data, tables, stratify, warnings)
    encoders = fit_encoders(data, divided["train"], warnings)
    if not isinstance(encoders, Encoders):
        raise failures(_placed(spec, encoders))
    return Data(
        _encode(divided, encoders, warnings),
        encoders,
        resolved(data, encoders, stratify or NO_STRATIFY),
        _digest(files),
        tuple(warnings),
    )


def source_digest(spec: Spec) -> str:
    """Digests the source files of a spec without reading them as tables; equals `Data.digest`.

    Raises the problems of declarations and of files that cannot be read.
    """
    data, problems = declare(spec)
    files = _read_files(spec, data, problems)
    _raise(spec, problems)
    return _digest(files)


def _read_files(spec: Spec, data: DataSpec, problems: list[Problem]) -> dict[PartName, _File]:
    files: dict[PartName, _File] = {}
    refused = {problem.path for problem in problems}
    for part in PARTS:
        source = getattr(data, part)
        if source is None or f"data.{part}" in refused:
            continue
        name = builtin_name(source)
        path = builtin_file(name) if name else spec.origin.folder / source
        content = (None if os.path.isdir(path) else format_problem(path)) or read_bytes(path)
        if isinstance(content, Problem):
            place = spec.place("data", part)
            problems.append(Problem(content.code, place, f"data.{part}", content.facts))
        else:
            files[part] = _File(path, source if name else str(path), content)
    return files


def _read_tables(
    data: DataSpec, files: Mapping[PartName, _File], problems: list[Problem]
) -> dict[PartName, Table]:
    reading = Reading(data.delimiter, data.encoding, data.nulls)
    tables = {}
    for part, file in files.items():
        try:
            tables[part] = read_table(file.path, file.content, file.shown, reading)
        except DataError as error:
            problems.extend(error.problems)
    return tables


def _stratified_by(spec: Spec, data: DataSpec, table: Table, problems: list[Problem]) -> str | None:
    """Names what the split keeps the shares of: as stated, else the only target with classes."""
    stated = data.split.stratify
    if stated is None:
        classes = [name for name, declared in data.targets.items() if declared.type != "number"]
        return classes[0] if len(classes) == 1 else None
    if stated == NO_STRATIFY:
        return None
    known = [*data.targets, *data.inputs, *table.columns]
    if _stratify_header(data, stated) not in table.columns:
        facts = {"name": stated, "nearest": nearest(stated, known)}
        place = spec.place("data", "split", "stratify")
        problems.append(Problem("stratify-unknown", place, "data.split.stratify", facts))
    return stated


def _stratify_header(data: DataSpec, name: str) -> str:
    headers = {column.name: column.header for column, _ in reversed(list(columns_of(data)))}
    return headers.get(name, name)


def _divide(
    spec: Spec,
    data: DataSpec,
    tables: Mapping[PartName, Table],
    stratify: str | None,
    warnings: list[Problem],
) -> dict[PartName, Table]:
    table = tables["train"]
    fractions = drawn_fractions(data)
    groups: Rows | None = None
    if stratify and fractions:
        texts = table.texts(_stratify_header(data, stratify)).fill_null("")
        groups = texts.rank("dense").to_numpy().astype(np.int64)
        warnings.extend(_rare(stratify, texts, len(fractions)))
    drawn = split_rows(len(table), fractions, data.split.seed, groups)
    if any(len(rows) == 0 for rows in drawn.values()):
        facts = {"rows": counted(len(table), "row"), "file": table.source.file, "parts": len(drawn)}
        raise failures([Problem("rows-too-few", spec.place("data", "split"), "data.split", facts)])
    own = {part: each for part, each in tables.items() if part != "train"}
    found = {part: table.take(rows) for part, rows in drawn.items()} | own
    return {part: found[part] for part in PARTS if part in found}


def _rare(name: str, texts: pl.Series, enough: int) -> list[Problem]:
    """Warns of classes with too few rows for every part."""
    counts = texts.value_counts(sort=True, name="rows").rows()
    rare = [f"`{text}` ({counted(rows, 'row')})" for text, rows in counts if rows <= enough]
    if not rare:
        return []
    shown = [*rare[:SHOWN], *(["…"] if len(rare) > SHOWN else [])]
    return [Problem("class-rare", None, "data.split", {"name": name, "classes": shown}, "warning")]


def _leaks(data: DataSpec) -> list[Problem]:
    """Warns of an input that reads a target's column: it gives the answer away."""
    targets = {column.header for column, _ in columns_of(data) if column.role == "target"}
    return [
        Problem("input-is-target", None, column.path, {"column": column.header}, "warning")
        for column, _ in columns_of(data)
        if column.role == "input" and column.header in targets
    ]


def _encode(
    tables: Mapping[PartName, Table], encoders: Encoders, warnings: list[Problem]
) -> dict[PartName, Part]:
    parts: dict[PartName, Part] = {}
    problems: list[Problem] = []
    for name, table in tables.items():
        try:
            # The training part has every category; where classes are stated, a stranger is an error.
            parts[name] = part_from(encoders, table, name, None if name == "train" else warnings)
        except DataError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return parts


def _digest(files: Mapping[PartName, _File]) -> str:
    """Digests the bytes of all source files; which part a file is for counts as well."""
    digest = hashlib.sha256()
    for part, file in files.items():
        digest.update(f"{part} {len(file.content)}\n".encode())
        digest.update(file.content)
    return digest.hexdigest()


def _raise(spec: Spec, problems: list[Problem]) -> None:
    if problems:
        raise failures(_placed(spec, problems))


def _placed(spec: Spec, problems: Sequence[Problem]) -> list[Problem]:
    """Gives problems without a place the place of their declaration in the spec."""
    return [
        each
        if each.place
        else Problem(each.code, spec.place(*each.path.split(".")), each.path, each.facts, each.severity)
        for each in problems
    ]
