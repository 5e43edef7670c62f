"""What a spec declares about its data, checked as far as that goes without reading a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nncli.columns.encoders import declared_counts, described_inputs, described_targets
from nncli.columns.kind import Mistake
from nncli.columns.kinds import KINDS, kind_of
from nncli.columns.reach import Reach, Timeline, reach_of
from nncli.columns.targets import TargetSpec
from nncli.data.builtin_sets import BUILTIN, builtin_name, builtin_text
from nncli.data.sharing import columns_of, mask_problems, sharing_problems, with_taken_words
from nncli.data.tokenizer_files import with_tokenizer_files
from nncli.errors import Problem
from nncli.messages.catalogue import failures, nearest
from nncli.sources.pieces import Wanted
from nncli.sources.tables import Column
from nncli.spec.column_words import words_of
from nncli.spec.network_spec import FEATURES, InputSpec
from nncli.spec.schema import ColumnSpec, DataSpec
from nncli.spec.spec import Spec

TEXT_SUFFIX: Final = ".txt"
_TABULAR: Final = ("number", "binary", "category", "set", "date", "vector")


@dataclass(frozen=True)
class Expected:
    """What data that were not read are taken to be: inputs, targets, and counts such as `$classes`."""

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    counts: Mapping[str, int]


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
        keys = ("inputs", "targets", "time", "group", "season")
        data = data.model_copy(update={key: getattr(data, key) or getattr(own, key) for key in keys})
    elif name is None:
        needs_none = spec.training is not None and bool(spec.training.updates)
        for key, code in (("inputs", "inputs-missing"), ("targets", "targets-missing")):
            if not getattr(data, key) and not (needs_none and key == "targets"):
                facts = {"file": data.train}
                problems.append(Problem(code, spec.place("data"), f"data.{key}", facts))
    data = with_tokenizer_files(spec, with_taken_words(data), problems)
    problems.extend(_reading_problems(spec, data))
    problems.extend(sharing_problems(spec, data))
    problems.extend(mask_problems(spec, data))
    for column, declared in columns_of(data):
        problems.extend(_column_problems(spec, column, declared))
    problems.extend(_view_problems(spec, data))
    if FEATURES in data.inputs and all(each.type in _TABULAR for each in data.inputs.values()):
        problems.append(Problem("name-features", spec.place("data", "inputs", FEATURES), "data.inputs"))
    return data, problems


def _view_problems(spec: Spec, data: DataSpec) -> Iterator[Problem]:
    """Finds views whose name another input has. Problem: `view-name`."""
    names = [column.name for column, _ in columns_of(data) if column.role == "input"]
    for column, _ in columns_of(data):
        if column.view_of and names.count(column.name) > 1:
            place = spec.place("data", "inputs", column.view_of, "views")
            facts = {"view": column.name, "name": column.view_of}
            yield Problem("view-name", place, f"{column.path}.views", facts)


def wanted_of(data: DataSpec, headers: Sequence[str]) -> Wanted:
    """Chooses the columns of a file that the spec mentions, and those that hold numbers and nothing else."""
    uses: dict[str, set[bool]] = {}
    for column, declared in columns_of(data):
        kind = kind_of(declared)
        for header in kind.headers(column, declared, headers):
            uses.setdefault(header, set()).add(kind.has_numbers)
    mentioned = set(_texts(data.model_dump(exclude={"inputs", "targets"})))
    numbers = {header for header, has_numbers in uses.items() if has_numbers == {True}}
    there = frozenset(headers)
    return Wanted(there & (mentioned | set(uses)), there & (numbers - mentioned))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


def reaches_of(data: DataSpec) -> dict[str, Reach]:
    """Tells of every column where it is read around a row; empty where each is read at its row alone."""
    found = {column.path.removeprefix("data."): reach_of(declared) for column, declared in columns_of(data)}
    if not any(found.values()):
        return {}
    return {name: reach or Reach(0) for name, reach in found.items()}


def timeline_of(data: DataSpec) -> Timeline | None:
    """Tells how rows follow each other; None where no column is read around a row."""
    if not reaches_of(data):
        return None
    dated = next((each for column, each in columns_of(data) if column.header == data.time), None)
    form = dated.format if dated is not None else None
    return Timeline(data.time, form, data.group, data.stride or 1, data.season)


def stand_in(spec: Spec) -> Expected:
    """Describes inputs and targets as declared, with three classes where they are not stated.

    Reads no file. Raises the problems of `declare`.
    """
    data, problems = declare(spec)
    if problems:
        raise failures(problems)
    encoders = [kind_of(declared).stand_in(column, declared) for column, declared in columns_of(data)]
    inputs = [each for each in encoders if each.column.role == "input"]
    targets = [each for each in encoders if each.column.role == "target"]
    reaches = reaches_of(data)
    expected = described_inputs(inputs, reaches), described_targets(targets, reaches)
    return Expected(*expected, declared_counts(encoders))


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

    Problems: `column-type-missing`, `column-option`, `target-type`, and the mistakes of its kind.
    """
    section = f"{column.role}s"

    def problem(mistake: Mistake) -> Problem:
        place = spec.place("data", section, column.name, *([mistake.key] if mistake.key else []))
        path = f"{column.path}.{mistake.key}" if mistake.key else column.path
        return Problem(mistake.code, place, path, {"name": column.name, **mistake.facts})

    if declared.type not in KINDS:
        known = {"type": declared.type, "known": list(KINDS)}
        yield problem(Mistake("column-type-missing", "type", known))
        return
    kind, words, fields = kind_of(declared), words_of(declared), ColumnSpec.model_fields
    for key in fields:
        if key != "type" and key not in words and getattr(declared, key) != fields[key].default:
            facts = {"word": key, "type": declared.type, "allowed": list(words)}
            yield problem(Mistake("column-option", key, facts))
    if column.role == "target" and not kind.may_be_target:
        yield problem(Mistake("target-type", "", {"type": declared.type}))
    else:
        yield from map(problem, kind.mistakes(column, declared))


def is_long_text(data: DataSpec) -> bool:
    """Tells whether the samples of data are stretches of text files."""
    name = builtin_name(data.train)
    return data.train.lower().endswith(TEXT_SUFFIX) if name is None else builtin_text(name) is not None


def placed(spec: Spec, problems: Sequence[Problem]) -> list[Problem]:
    """Gives problems without a place the place of their declaration in the spec."""
    return [
        each
        if each.place
        else Problem(each.code, spec.place(*each.path.split(".")), each.path, each.facts, each.severity)
        for each in problems
    ]


def raise_placed(spec: Spec, problems: Sequence[Problem]) -> None:
    """Raises the problems that there are, each with a place."""
    if problems:
        raise failures(placed(spec, problems))
