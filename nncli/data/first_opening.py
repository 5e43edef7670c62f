"""Data that are opened for the first time: read, checked, divided, encoded and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from nncli.cache_folder import new_entry
from nncli.columns.encoders import Columns, Encoders
from nncli.data.arrays import Pieces, write_arrays
from nncli.data.cache import KIND, as_columns, write_document
from nncli.data.dataset import PARTS, Data, Part, PartName
from nncli.data.declarations import placed, raise_placed, reaches_of, wanted_of
from nncli.data.dividing import Division, divide
from nncli.data.fitting import cell_problems, column_problems, fit_encoders, resolved
from nncli.data.folders import content_digest, files_digest, with_declared_files
from nncli.data.rows import encode_slices, torch_index
from nncli.data.sharing import columns_of
from nncli.errors import DataError, Problem
from nncli.messages.catalogue import failures
from nncli.sources.files import DataSource, read_table
from nncli.sources.folders import DataFolder
from nncli.sources.tables import Reading, Table
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec

Files: TypeAlias = Mapping[PartName, DataSource | DataFolder]


def open_and_keep(
    spec: Spec,
    data: DataSpec,
    files: Files,
    problems: list[Problem],
    key: str,
) -> Data:
    """Opens the data of files, and keeps them in the cache where that can be written.

    Raises the problems of columns, then those of cells, then those of classes.
    """
    try:
        with new_entry(KIND, key, f"{spec.name}: {data.train}") as entry:
            return _open(spec, data, files, list(problems), entry)
    except OSError:
        # Where nothing can be kept, it is all held in memory.
        return _open(spec, data, files, list(problems), None)


def _open(
    spec: Spec,
    data: DataSpec,
    files: Files,
    problems: list[Problem],
    entry: Path | None,
) -> Data:
    readable = not any(problem.path in ("data.delimiter", "data.encoding") for problem in problems)
    tables = read_tables(data, files, problems) if readable else {}
    for table in tables.values():
        problems.extend(column_problems(spec, data, table))
    raise_placed(spec, problems)
    for table in tables.values():
        problems.extend(cell_problems(data, table))
    raise_placed(spec, problems)
    warnings: list[Problem] = _leaks(data)
    for file in files.values():
        warnings += file.warnings if isinstance(file, DataFolder) else ()
    division = divide(spec, data, tables, warnings)
    encoders = fit_encoders(data, division.tables["train"], division.training, warnings)
    if not isinstance(encoders, Encoders):
        raise failures(placed(spec, encoders))
    columns, documents = _encode_all(encoders, division, warnings, entry)
    parts = {
        name: Part(name, torch_index(division.samples[name][1]), columns[division.samples[name][0]])
        for name in PARTS
        if name in division.samples
    }
    stated = resolved(data, encoders, division.stratify)
    digest = content_digest(files_digest(files), columns.values())
    opened = Data(parts, encoders, stated, digest, tuple(warnings))
    if entry is not None:
        rows = {str(name): index.astype(np.int64) for name, (_, index) in division.samples.items()}
        places, sources = write_arrays(entry / "index.arrays", rows), list(division.tables)
        kept = {
            str(name): {"columns": sources.index(division.samples[name][0]), "index": asdict(places[name])}
            for name in parts
        }
        write_document(entry, opened, documents, kept)
    return opened


def _encode_all(
    encoders: Encoders, division: Division, warnings: list[Problem], entry: Path | None
) -> tuple[dict[PartName, Columns], list[dict[str, Any]]]:
    """Encodes every row of every source; raises the problems of all of them together."""
    columns: dict[PartName, Columns] = {}
    documents, problems = [], []
    for name, table in division.tables.items():
        is_new = np.ones(len(table), np.bool_)
        if name == "train":
            # The training rows have every category; where classes are stated, a stranger is an error.
            # Most columns are trained on the same rows.
            for rows in {id(rows): rows for rows in division.training.values()}.values():
                is_new[rows] = False
        with Pieces(entry, name, len(table)) as pieces:
            refusals = encode_slices(encoders, table, is_new, pieces)
            found = refusals.problems(table)
            problems += [each for each in found if each.severity == "error"]
            warnings += [each for each in found if each.severity == "warning"]
            if not refusals.are_errors:
                whole, document = pieces.finish()
                columns[name] = as_columns(encoders, whole)
                documents.append(document)
    if problems:
        raise failures(problems)
    return columns, documents


def read_tables(data: DataSpec, files: Files, problems: list[Problem]) -> dict[PartName, Table]:
    """Reads every file; those that cannot be read are added to the problems."""
    reading = Reading(data.delimiter, data.encoding, data.nulls)
    tables = {}
    for part, file in files.items():
        try:
            if isinstance(file, DataFolder):
                tables[part] = with_declared_files(data, file.table)
            else:
                tables[part] = read_table(file, reading, partial(wanted_of, data))
        except DataError as error:
            problems.extend(error.problems)
    return tables


def _leaks(data: DataSpec) -> list[Problem]:
    """Warns of an input that reads a target's column: it gives the answer away."""
    if reaches_of(data):
        return []  # What was before tells of what comes next, and gives nothing away.
    targets = {(column.header, each.shift) for column, each in columns_of(data) if column.role == "target"}
    return [
        Problem("input-is-target", None, column.path, {"column": column.header}, "warning")
        for column, declared in columns_of(data)
        if column.role == "input" and (column.header, declared.shift) in targets
    ]
