"""Folders as data: parts in folders of their own, and files under the name of the column that is declared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from nncli.columns.encoders import Columns
from nncli.columns.kinds import KINDS, kind_of
from nncli.data.dataset import PartName
from nncli.data.sharing import columns_of
from nncli.sources.files import DataSource
from nncli.sources.folders import FILE, MASK, DataFolder, part_folders
from nncli.sources.tables import Table
from nncli.spec.schema import DataSpec
from nncli.spec.spec import Spec


def with_part_folders(spec: Spec, data: DataSpec) -> DataSpec:
    """States the parts of a folder that has a folder for each of them, where no other is stated."""
    if data.validation is not None or data.test is not None:
        return data
    parts = part_folders(spec.origin.folder / data.train)
    return data.model_copy(
        update={part: f"{data.train.rstrip('/')}/{path.name}" for part, path in parts.items()}
    )


def reads_files(data: DataSpec) -> bool:
    """Tells whether cells of any column are paths of files."""
    return any(kind_of(declared).reads_files for _, declared in columns_of(data) if declared.type in KINDS)


def with_declared_files(data: DataSpec, table: Table) -> Table:
    """Gives the files of a folder the names of the columns that read them."""
    headers = {
        column.header: MASK if declared.type == "mask" and MASK in table.columns else FILE
        for column, declared in columns_of(data)
        if kind_of(declared).reads_files
    }
    missing = [
        table.series(files).alias(header)
        for header, files in sorted(headers.items())
        if header not in table.columns
    ]
    return replace(table, cells=table.frame.with_columns(missing)) if missing else table


def content_digest(sources: str, columns: Iterable[Columns]) -> str:
    """Digests the source files together with the files that their cells name, where there are any."""
    digests = [
        found
        for each in columns
        for column in (*each.inputs.values(), *each.targets.values())
        if (found := getattr(column, "digest", ""))
    ]
    return hashlib.sha256(" ".join([sources, *digests]).encode()).hexdigest() if digests else sources


def files_digest(files: Mapping[PartName, DataSource | DataFolder]) -> str:
    """Digests the bytes of all source files; which part a file is for counts as well."""
    digest = hashlib.sha256()
    for part, file in files.items():
        digest.update(f"{part} {file.digest()}\n".encode())
    return digest.hexdigest()
