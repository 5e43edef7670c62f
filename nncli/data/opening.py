"""A spec's `data:` to encoded parts: the one door of this folder for training."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from nncli.cache_folder import new_entry
from nncli.columns.encoders import Columns, Encoders
from nncli.data import long_texts
from nncli.data.arrays import Pieces, write_arrays
from nncli.data.builtin_sets import builtin_file, builtin_name, builtin_table
from nncli.data.cache import KIND, as_columns, cache_key, read_cached, write_document
from nncli.data.dataset import Data, Part, PartName
from nncli.data.declarations import declare, reaches_of, stand_in, wanted_of
from nncli.data.dividing import Division, divide
from nncli.data.fitting import cell_problems, column_problems, fit_encoders, resolved
from nncli.data.folders import content_digest, reads_files, with_declared_files, with_part_folders
from nncli.data.long_texts import find_texts, is_long_text, open_texts
from nncli.data.rows import encode_slices, torch_index
from nncli.data.sharing import columns_of
from nncli.errors import DataError, Problem
from nncli.messages.catalogue import failures
from nncli.sources.data_files import DataFile, find_file
from nncli.sources.files import DataSource, find_source, read_table
from nncli.sources.folders import DataFolder, find_folder
from nncli.sources.hub_folders import is_hub_folder
from nncli.sources.tables import Reading, Table
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec

__all__ = ["open_cells", "open_data", "source_digest", "stand_in"]

Files: TypeAlias = Mapping[PartName, DataSource | DataFolder]
PARTS: Final[tuple[PartName, ...]] = ("train", "validation", "test")
NO_STRATIFY: Final = "none"


def open_data(spec: Spec) -> Data:
    """Reads, checks, splits and encodes the data of a spec.

    Raises every problem that is found up to the step that cannot be done: first those of
    declarations, files and columns, then those of cells, then those of classes.
    """
    data, problems = declare(spec)
    if is_long_text(data):
        return _open_long_text(spec, data, problems)
    data = with_part_folders(spec, data)
    files = _read_files(spec, data, problems)
    key = cache_key(data, _digest(files), [file.shown for file in files.values()])
    opened = None if problems else read_cached(key)
    if opened is None:
        opened = _opened_and_kept(spec, data, files, problems, key)
    # Kept warnings have no place in the spec yet: its lines may have moved since.
    return replace(opened, warnings=tuple(_placed(spec, opened.warnings)))


def _open_long_text(spec: Spec, data: DataSpec, problems: list[Problem]) -> Data:
    texts = find_texts(spec, data, problems)
    problems += long_texts.column_problems(spec, data)
    _raise(spec, problems)
    key = cache_key(
        data, long_texts.digest_of(texts), [file.shown for files in texts.values() for file in files]
    )
    opened: Data | Problem | None = read_cached(key)
    if opened is None:
        try:
            with new_entry(KIND, key, f"{spec.name}: {data.train}") as entry:
                opened = open_texts(data, texts, entry)
                if isinstance(opened, Problem):
                    raise failures(_placed(spec, [opened]))
        except OSError:
            # Where nothing can be kept, it is all held in memory.
            opened = open_texts(data, texts, None)
    if isinstance(opened, Problem):
        raise failures(_placed(spec, [opened]))
    return opened


def _opened_and_kept(
    spec: Spec,
    data: DataSpec,
    files: Files,
    problems: list[Problem],
    key: str,
) -> Data:
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
    tables = _read_tables(data, files, problems) if readable else {}
    for table in tables.values():
        problems.extend(column_problems(spec, data, table))
    _raise(spec, problems)
    for table in tables.values():
        problems.extend(cell_problems(data, table))
    _raise(spec, problems)
    warnings: list[Problem] = _leaks(data)
    for file in files.values():
        warnings += file.warnings if isinstance(file, DataFolder) else ()
    division = divide(spec, data, tables, warnings)
    encoders = fit_encoders(data, division.tables["train"], division.training, warnings)
    if not isinstance(encoders, Encoders):
        raise failures(_placed(spec, encoders))
    columns, documents = _encode_all(encoders, division, warnings, entry)
    parts = {
        name: Part(name, torch_index(division.samples[name][1]), columns[division.samples[name][0]])
        for name in PARTS
        if name in division.samples
    }
    stated = resolved(data, encoders, division.stratify)
    digest = content_digest(_digest(files), columns.values())
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


def open_cells(spec: Spec) -> Division | None:
    """Reads the cells of data that can be opened, divided into parts as `open_data` does it.

    None where the samples are stretches of long texts, which have no cells. Raises the problems of
    declarations, of files and of the split; cells are not checked.
    """
    data, problems = declare(spec)
    if is_long_text(data):
        return None
    data = with_part_folders(spec, data)
    tables = _read_tables(data, _read_files(spec, data, problems), problems)
    _raise(spec, problems)
    return divide(spec, data, tables, [])


def source_digest(spec: Spec) -> str:
    """Digests the source files of a spec, as tables only where these name files; equals `Data.digest`.

    Raises the problems of declarations and of files that cannot be read.
    """
    data, problems = declare(spec)
    if is_long_text(data):
        texts = find_texts(spec, data, problems)
        _raise(spec, problems)
        return long_texts.digest_of(texts)
    if reads_files(data):
        # Which files those are, only the table tells.
        return open_data(spec).digest
    files = _read_files(spec, data, problems)
    _raise(spec, problems)
    return _digest(files)


def _read_files(
    spec: Spec, data: DataSpec, problems: list[Problem]
) -> dict[PartName, DataSource | DataFolder]:
    files: dict[PartName, DataSource | DataFolder] = {}
    refused = {problem.path for problem in problems}
    for part in PARTS:
        source = getattr(data, part)
        if source is None or f"data.{part}" in refused:
            continue
        found = _found(spec, source, data)
        if not isinstance(found, list):
            files[part] = found
        else:
            place, path = spec.place("data", part), f"data.{part}"
            problems += [replace(each, place=each.place or place, path=each.path or path) for each in found]
    return files


def _found(spec: Spec, source: str, data: DataSpec) -> DataSource | DataFolder | list[Problem]:
    """Finds a source, or says what is wrong with it, without a place unless that is in a file."""
    name = builtin_name(source)
    made = builtin_table(name) if name else None
    found: DataSource | DataFolder | Problem
    try:
        path = spec.origin.folder / source
        if name is not None:
            path = builtin_file(name)
            found = DataFile(path, source, made) if made else find_file(path, source)
        elif path.is_dir() and reads_files(data) and not is_hub_folder(path):
            found = find_folder(path, str(path))
        else:
            found = find_source(spec.origin.folder, source)
    except DataError as error:
        return list(error.problems)
    return [found] if isinstance(found, Problem) else found


def _read_tables(data: DataSpec, files: Files, problems: list[Problem]) -> dict[PartName, Table]:
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


def _digest(files: Files) -> str:
    """Digests the bytes of all source files; which part a file is for counts as well."""
    digest = hashlib.sha256()
    for part, file in files.items():
        digest.update(f"{part} {file.digest()}\n".encode())
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
