"""What a spec declares about its data, checked as far as that goes without reading a file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from nncli.columns.categories import as_text
from nncli.columns.encoders import features_of
from nncli.columns.targets import TargetSpec
from nncli.data.builtin_sets import BUILTIN, builtin_name
from nncli.errors import Problem
from nncli.messages.catalogue import failures, nearest
from nncli.sources.tables import Column
from nncli.spec.network_spec import FEATURES, InputSpec
from nncli.spec.schema import ColumnSpec, DataSpec
from nncli.spec.spec import Spec

STAND_IN_CLASSES: Final = ("0", "1", "2")
# Which words of a column each type takes, beside its type.
OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "number": ("column", "missing", "scale"),
    "category": ("column", "missing", "classes"),
    "binary": ("column", "missing", "classes", "positive"),
    "image": ("columns", "shape", "scale"),
}


def declare(spec: Spec) -> tuple[DataSpec, list[Problem]]:
    """Gives a spec's data section with the declarations of a built-in set put in, and what is wrong.

    Problems: `builtin-unknown`, `inputs-missing`, `targets-missing`, `delimiter-form`,
    `encoding-unknown`, `name-features`, and those of columns.
    """
    assert spec.data is not None
    data, problems = spec.data, []
    for key in ("train", "validation", "test"):
        name = builtin_name(getattr(data, key) or "")
        if name is not None and name not in BUILTIN:
            facts = {"name": name, "nearest": nearest(name, BUILTIN), "known": list(BUILTIN)}
            problems.append(Problem("builtin-unknown", spec.place("data", key), f"data.{key}", facts))
    name = builtin_name(data.train)
    if name in BUILTIN:
        own = BUILTIN[name]
        changes = {"inputs": data.inputs or own.inputs, "targets": data.targets or own.targets}
        data = data.model_copy(update=changes)
    elif name is None:
        for key, code in (("inputs", "inputs-missing"), ("targets", "targets-missing")):
            if not getattr(data, key):
                facts = {"file": data.train}
                problems.append(Problem(code, spec.place("data"), f"data.{key}", facts))
    problems.extend(_reading_problems(spec, data))
    for column, declared in columns_of(data):
        problems.extend(_column_problems(spec, column, declared))
    if FEATURES in data.inputs and all(each.type != "image" for each in data.inputs.values()):
        problems.append(Problem("name-features", spec.place("data", "inputs", FEATURES), "data.inputs"))
    return data, problems


def columns_of(data: DataSpec) -> Iterator[tuple[Column, ColumnSpec]]:
    """Walks over the declared columns, inputs first; an image's header is its own name."""
    for name, declared in data.inputs.items():
        yield Column(name, declared.column or name, "input"), declared
    for name, declared in data.targets.items():
        yield Column(name, declared.column or name, "target"), declared


def stand_in(spec: Spec) -> tuple[Mapping[str, InputSpec], Mapping[str, TargetSpec]]:
    """Describes inputs and targets as declared, with three classes where they are not stated.

    Reads no file. Raises the problems of `declare`.
    """
    data, problems = declare(spec)
    if problems:
        raise failures(problems)
    inputs = {name: _stand_in_input(declared) for name, declared in data.inputs.items()}
    targets = {
        name: TargetSpec(name, declared.type, _stand_in_classes(declared))
        for name, declared in data.targets.items()
        if declared.type != "image"
    }
    return inputs | features_of(inputs), targets


def _stand_in_input(declared: ColumnSpec) -> InputSpec:
    if declared.type == "image":
        return InputSpec(tuple(declared.shape or ()), "image")
    if declared.type == "category":
        return InputSpec((), "category", vocabulary=len(_stand_in_classes(declared)) + 1)
    return InputSpec((1,), declared.type)


def _stand_in_classes(declared: ColumnSpec) -> tuple[str, ...]:
    if declared.type == "number":
        return ()
    classes = tuple(map(as_text, declared.classes or ())) or STAND_IN_CLASSES
    return classes[:2] if declared.type == "binary" else classes


def _reading_problems(spec: Spec, data: DataSpec) -> Iterator[Problem]:
    delimiter = data.delimiter
    if delimiter is not None and (not delimiter.isascii() or delimiter in '"\r\n\0' or delimiter.isalnum()):
        place = spec.place("data", "delimiter")
        yield Problem("delimiter-form", place, "data.delimiter", {"delimiter": delimiter})
    try:
        # Python has codecs that are no text, such as zip; they refuse to encode.
        "a".encode(data.encoding)
    except (LookupError, ValueError):
        place, facts = spec.place("data", "encoding"), {"encoding": data.encoding}
        yield Problem("encoding-unknown", place, "data.encoding", facts)


def _column_problems(spec: Spec, column: Column, declared: ColumnSpec) -> Iterator[Problem]:
    """Finds what is wrong with one declaration.

    Problems: `column-option`, `missing-fill`, `missing-constant`, `missing-target`, `target-image`,
    `image-declaration`, `classes-repeated`, `classes-binary`, `positive-unknown`.
    """
    section = f"{column.role}s"

    def problem(code: str, key: str = "", **facts: object) -> Problem:
        place = spec.place("data", section, column.name, *([key] if key else []))
        path = f"{column.path}.{key}" if key else column.path
        return Problem(code, place, path, {"name": column.name, **facts})

    fields = ColumnSpec.model_fields
    if declared.type not in OPTIONS:
        yield problem("column-type-missing", "type", type=declared.type, known=list(OPTIONS))
        return
    for key in fields:
        allowed = OPTIONS[declared.type]
        if key != "type" and key not in allowed and getattr(declared, key) != fields[key].default:
            yield problem("column-option", key, word=key, type=declared.type, allowed=list(allowed))
    missing = declared.missing
    if column.role == "target" and missing != "error":
        yield problem("missing-target", "missing")
    elif declared.type in ("category", "binary") and missing in ("median", "mean"):
        yield problem("missing-fill", "missing", type=declared.type, received=missing)
    elif declared.type == "number" and isinstance(missing, Mapping) and not _is_number(missing["constant"]):
        yield problem("missing-constant", "missing", received=missing["constant"])
    if declared.type == "image" and column.role == "target":
        yield problem("target-image")
    elif declared.type == "image":
        shape, listed = declared.shape or (), declared.columns or ()
        pixels = math.prod(shape)
        if len(shape) != 3 or min(shape) < 1 or not listed:
            yield problem("image-declaration")
        elif not isinstance(listed, str) and len(listed) != pixels:
            yield problem("image-columns", "columns", found=len(listed), shape=list(shape), needed=pixels)
    classes = [as_text(each) for each in declared.classes or ()]
    if len(set(classes)) < len(classes) or (declared.classes is not None and not classes):
        yield problem("classes-repeated", "classes", classes=classes)
    elif declared.type == "binary" and classes:
        if len(classes) != 2:
            yield problem("classes-binary", "classes", count=len(classes))
        elif declared.positive is not None and as_text(declared.positive) not in classes:
            yield problem("positive-unknown", "positive", positive=declared.positive, values=classes)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 3e38
