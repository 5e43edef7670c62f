"""Encoders fitted on the training part, and the declarations with everything stated."""

from __future__ import annotations

import math
from collections.abc import Mapping

from nncli.columns.categories import ClassEncoder, constant_of, fit_classes, read_texts
from nncli.columns.encoders import Encoders, InputEncoder, TargetEncoder
from nncli.columns.images import ImageEncoder, fit_image, pixel_headers, read_pixels
from nncli.columns.numbers import fit_number, read_numbers
from nncli.data.dataset import PartName
from nncli.data.declarations import columns_of
from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.sources.tables import Column, Reading, Table
from nncli.spec.schema import ColumnSpec, DataSpec
from nncli.spec.spec import Spec


def column_problems(spec: Spec, data: DataSpec, table: Table) -> list[Problem]:
    """Finds declared columns that a file does not have.

    Problems: `column-missing`, `image-columns`, each at its line in the spec.
    """
    problems = []
    for column, declared in columns_of(data):
        place = spec.place(*column.path.split("."))
        if declared.type == "image":
            headers = pixel_headers(declared, table.columns)
            shape = list(declared.shape or ())
            needed = math.prod(shape)
            missing = [header for header in headers if header not in table.columns]
            if len(headers) != needed:
                facts = {"name": column.name, "found": len(headers), "shape": shape, "needed": needed}
                problems.append(Problem("image-columns", place, column.path, facts))
        else:
            missing = [column.header] if column.header not in table.columns else []
        if missing:
            facts = {"header": missing[0], "file": table.source.file}
            facts |= {"nearest": nearest(missing[0], table.columns), "found": list(table.columns)}
            problems.append(Problem("column-missing", place, column.path, facts))
    return problems


def cell_problems(data: DataSpec, table: Table) -> list[Problem]:
    """Finds the cells of a file that cannot be what their column declares.

    Problems: `not-a-number`, `cell-empty`, `target-empty`.
    """
    problems: list[Problem] = []
    for column, declared in columns_of(data):
        _read(column, declared, table, problems)
    return problems


def fit_encoders(data: DataSpec, table: Table, warnings: list[Problem]) -> Encoders | list[Problem]:
    """Fits an encoder per column on the training rows, whose cells were checked before.

    Problems: those of `fit_number` and `fit_classes`. Warnings: `column-constant`.
    """
    fitted: list[InputEncoder] = []
    problems: list[Problem] = []
    for column, declared in columns_of(data):
        encoder = _fit(column, declared, table, warnings)
        if isinstance(encoder, Problem):
            problems.append(encoder)
        else:
            fitted.append(encoder)
    if problems:
        return problems
    inputs = tuple(each for each in fitted if each.column.role == "input")
    targets: tuple[TargetEncoder, ...] = tuple(
        each for each in fitted if each.column.role == "target" and not isinstance(each, ImageEncoder)
    )
    return Encoders(inputs, targets, Reading(data.delimiter, data.encoding, data.nulls))


def resolved(data: DataSpec, encoders: Encoders, stratify: str) -> DataSpec:
    """States what was inferred: columns, classes, positive classes and the split."""
    declared = dict(columns_of(data))
    by_role: dict[str, dict[str, ColumnSpec]] = {"input": {}, "target": {}}
    for each in (*encoders.input_encoders, *encoders.target_encoders):
        changes: Mapping[str, object]
        if isinstance(each, ImageEncoder):
            changes = {"columns": each.headers}
        elif isinstance(each, ClassEncoder):
            changes = {"column": each.column.header, "classes": each.classes}
            if each.type == "binary":
                changes = {**changes, "positive": each.classes[1]}
        else:
            changes = {"column": each.column.header}
        by_role[each.column.role][each.column.name] = declared[each.column].model_copy(update=changes)
    drawn: dict[PartName, float] = drawn_fractions(data)
    split = data.split.model_copy(
        update={
            "stratify": stratify,
            "validation": drawn.get("validation", 0.0),
            "test": drawn.get("test", 0.0),
        }
    )
    changes = {"inputs": by_role["input"], "targets": by_role["target"], "split": split}
    return data.model_copy(update=changes)


def drawn_fractions(data: DataSpec) -> dict[PartName, float]:
    """Lists the parts that are drawn from the training file, with their shares of it."""
    fractions: dict[PartName, float] = {}
    if data.validation is None and data.split.validation > 0:
        fractions["validation"] = data.split.validation
    if data.test is None and data.split.test > 0:
        fractions["test"] = data.split.test
    return fractions


def _read(column: Column, declared: ColumnSpec, table: Table, problems: list[Problem]) -> None:
    if declared.type == "number":
        read_numbers(table, column, problems, empty_allowed=declared.missing != "error")
    elif declared.type == "image":
        read_pixels(table, column, pixel_headers(declared, table.columns), problems)
    else:
        read_texts(table, column, constant_of(declared), problems)


def _fit(
    column: Column, declared: ColumnSpec, table: Table, warnings: list[Problem]
) -> InputEncoder | Problem:
    checked: list[Problem] = []
    if declared.type == "number":
        numbers = read_numbers(table, column, checked, empty_allowed=True)
        if len(numbers) > 1 and (numbers == numbers[0]).all():
            warnings.append(_constant(column))
        return fit_number(column, declared, numbers)
    if declared.type == "image":
        headers = pixel_headers(declared, table.columns)
        return fit_image(column, declared, headers, read_pixels(table, column, headers, checked))
    encoder = fit_classes(column, declared, read_texts(table, column, constant_of(declared), checked))
    if isinstance(encoder, ClassEncoder) and len(encoder.classes) == 1:
        warnings.append(_constant(column))
    return encoder


def _constant(column: Column) -> Problem:
    facts = {"name": column.name, "column": column.header}
    return Problem("column-constant", None, column.path, facts, "warning")
