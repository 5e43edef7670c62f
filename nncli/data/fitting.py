"""Encoders fitted on the training part, and the declarations with everything stated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from nncli.columns.encoders import Encoders
from nncli.columns.kind import Encoder
from nncli.columns.kinds import kind_of
from nncli.cores import usable_cores
from nncli.data.dataset import PartName
from nncli.data.declarations import reaches_of, timeline_of
from nncli.data.sharing import Shared, columns_of, shared_columns
from nncli.data.tokenizer_files import with_file_named
from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.sources.tables import Column, Reading, Refusals, Rows, Table
from nncli.spec.schema import ColumnSpec, DataSpec
from nncli.spec.spec import Spec

_MANY_ROWS: Final = 2**18
"""From this many rows on columns are fitted side by side."""


def column_problems(spec: Spec, data: DataSpec, table: Table) -> list[Problem]:
    """Finds declared columns that a file does not have.

    Problems: `column-missing`, `image-columns`, each at its line in the spec.
    """
    problems = []
    for column, declared in columns_of(data):
        place = spec.place(*column.path.split("."))
        headers = kind_of(declared).headers(column, declared, table.columns)
        missing = [header for header in headers if header not in table.columns]
        shape = list(declared.shape or ())
        if declared.columns and shape and len(headers) != math.prod(shape):
            facts = {"name": column.name, "found": len(headers), "shape": shape, "needed": math.prod(shape)}
            problems.append(Problem("image-columns", place, column.path, facts))
        if missing:
            facts = {"header": missing[0], "file": table.source.file}
            facts |= {"nearest": nearest(missing[0], table.columns), "found": list(table.columns)}
            problems.append(Problem("column-missing", place, column.path, facts))
    return problems


def cell_problems(data: DataSpec, table: Table) -> list[Problem]:
    """Finds the cells of a file that cannot be what their column declares."""
    refusals = Refusals()
    for column, declared in columns_of(data):
        kind_of(declared).check(column, declared, table, refusals)
    return refusals.problems(table)


def fit_encoders(
    data: DataSpec, table: Table, rows: Mapping[Column, Rows], warnings: list[Problem]
) -> Encoders | list[Problem]:
    """Fits an encoder per column on its training rows, whose cells were checked before.

    Problems and warnings are those of each kind of column.
    """
    columns = shared_columns(data)
    fitted: dict[Column, Encoder] = {}
    problems: list[Problem] = []

    def fit(each: Shared) -> tuple[Encoder | Problem, list[Problem]]:
        kind, declared, own = kind_of(each.declared), each.declared, list[Problem]()
        if each.owner is not None:
            declared = declared.model_copy(update=dict(fitted[each.owner].lent()))
        # Only what one column learns from is copied at a time: a table can be larger than memory.
        headers = kind.headers(each.column, declared, table.columns)
        training = table.only([*headers, *_learned_from(each, columns)]).take_cells(rows[each.column])
        return kind.fit(each.column, declared, training, own), own

    for has_owner in (False, True):
        waiting = [each for each in columns if (each.owner is not None) == has_owner]
        waiting = [each for each in waiting if each.owner is None or each.owner in fitted]
        with ThreadPoolExecutor(usable_cores() if len(table) >= _MANY_ROWS else 1) as threads:
            for each, (found, own) in zip(waiting, threads.map(fit, waiting), strict=True):
                warnings += own
                if isinstance(found, Encoder):
                    fitted[each.column] = found
                else:
                    problems.append(found)
    if problems:
        return problems
    ordered: list[Any] = [fitted[each.column] for each in columns]
    inputs = tuple(each for each in ordered if each.column.role == "input")
    targets = tuple(each for each in ordered if each.column.role == "target")
    reading = Reading(data.delimiter, data.encoding, data.nulls)
    return Encoders(inputs, targets, reading, reaches_of(data), timeline_of(data))


def _learned_from(owner: Shared, columns: Sequence[Shared]) -> list[str]:
    """Lists the columns of the file that share a vocabulary, beside the one that owns it."""
    return [each.column.header for each in columns if each.owner == owner.column]


def resolved(data: DataSpec, encoders: Encoders, stratify: str) -> DataSpec:
    """States what was inferred: columns, classes, positive classes and the split."""
    declared = dict(columns_of(data))
    by_role: dict[str, dict[str, ColumnSpec]] = {"input": {}, "target": {}}
    for each in (*encoders.input_encoders, *encoders.target_encoders):
        stated = with_file_named(declared[each.column]).model_copy(update=dict(each.stated()))
        by_role[each.column.role][each.column.name] = stated
    drawn: dict[PartName, float] = drawn_shares(data)
    split = data.split.model_copy(
        update={
            "stratify": stratify,
            "validation": drawn.get("validation", 0.0),
            "test": drawn.get("test", 0.0),
        }
    )
    changes = {"inputs": by_role["input"], "targets": by_role["target"], "split": split}
    return data.model_copy(update=changes)


def drawn_shares(data: DataSpec) -> dict[PartName, float]:
    """Lists the parts that are drawn from the training file, with their shares of it, or their rows."""
    shares: dict[PartName, float] = {}
    if data.validation is None and data.split.validation > 0:
        shares["validation"] = data.split.validation
    if data.test is None and data.split.test > 0:
        shares["test"] = data.split.test
    return shares
