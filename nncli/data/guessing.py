"""A first reading of a table: what each column is, and which one is predicted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from nncli.data.builtin_sets import BUILTIN, builtin_name
from nncli.data.long_texts import STEPS
from nncli.data.long_texts import SUFFIX as TEXT_SUFFIX
from nncli.errors import DataError, Problem
from nncli.messages.catalogue import failure, failures, nearest
from nncli.sources.files import DataSource, find_source, read_table, unfound
from nncli.sources.tables import Column, Reading, Table
from nncli.sources.text_files import TEXT
from nncli.spec.names import NAME, RESERVED
from nncli.spec.network_spec import FEATURES
from nncli.spec.schema import ColumnSpec, DataSpec

if TYPE_CHECKING:
    import polars as pl

Task: TypeAlias = Literal["regression", "binary classification", "classification", "language model"]

TARGET_NAMES: Final = ("target", "label", "y", "survived", "species", "outcome", "diagnosis", "class")
NULL_WORDS: Final = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
DELIMITERS: Final = (None, ";", "\t", "|")
MOST_CLASSES: Final = 50
"""A text column of more classes is taken for names or free text."""
MOST_NUMBERED_CLASSES: Final = 20
"""A target of more whole numbers is taken for a quantity."""
LEAST_WORDS: Final = 4
"""Cells of a text have at least so many words in the mean; shorter ones are names or ids."""
_ID_NAME: Final = re.compile(r"(?i)(.*[_ ])?(id|index|uuid|key)|unnamed.*")
_LEADING_ZERO: Final = r"^[+-]?0[0-9]"


@dataclass(frozen=True)
class Guess:
    """What a spec could say about a file.

    `left_out` maps headers to the reason why they are no input. `delimiter` and `nulls` are what the
    file needs. `chosen` says how the target was found.
    """

    train: str
    inputs: Mapping[str, ColumnSpec]
    targets: Mapping[str, ColumnSpec]
    left_out: Mapping[str, str]
    task: Task
    chosen: str
    delimiter: str | None = None
    nulls: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the cells of one column are; `reason` says why it is no input."""

    type: Literal["number", "category", "binary", "text"]
    reason: str = ""


def guess_columns(source: str | Path, target: str | None = None) -> Guess:
    """Guesses types, target and task from a file, or tells those of `builtin:NAME`.

    Raises `source-unknown`, `target-unknown`, `target-empty`, `target-constant`, `guess-inputs`,
    `file-unreadable` and what reading the file raises.
    """
    name = builtin_name(str(source))
    if name is not None:
        return _builtin(name, str(source), target)
    if str(source).lower().endswith(TEXT_SUFFIX):
        return _long_text(str(source), target)
    table = _read(Path(source))
    header, chosen = _target(table, target)
    kinds = {each: _kind(table.texts(each), each) for each in table.columns}
    predicted = _as_target(table, header, kinds[header])
    repeats = _repeats(table, header, predicted)
    left_out: dict[str, str] = {}
    inputs: dict[str, ColumnSpec] = {}
    names = _names(table.columns)
    for each, kind in kinds.items():
        reason = f"it repeats `{header}`" if each in repeats else kind.reason
        if each == header:
            continue
        if reason:
            left_out[each] = reason
        else:
            inputs[names[each]] = _declared(kind.type, each, names[each], table.texts(each).null_count() > 0)
    inputs = _text_alone(table, inputs, left_out)
    if not inputs:
        raise failure("guess-inputs", table.header_place(), target=header)
    targets = {names[header]: _declared(predicted.type, header, names[header], False)}
    task, reading = _task(predicted.type), table.reading
    return Guess(str(source), inputs, targets, left_out, task, chosen, reading.delimiter, reading.nulls)


def _builtin(name: str, source: str, target: str | None) -> Guess:
    if name not in BUILTIN:
        raise failure("source-unknown", name=name, nearest=nearest(name, BUILTIN), known=list(BUILTIN))
    own = BUILTIN[name]
    (header,) = own.targets
    if target not in (None, header):
        raise failure("target-unknown", name=target, file=source, nearest=header, known=[header])
    task = _task(own.targets[header].type)
    return Guess(source, own.inputs, own.targets, {}, task, f"the target of {source}")


def _long_text(source: str, target: str | None) -> Guess:
    """Reads a text file as what it is used for: each character is predicted from those before it."""
    inputs = {TEXT: {"type": "text", "tokenizer": "characters", "length": STEPS}}
    targets = {"next": {"type": "text", "column": TEXT, "shift": -1}}
    if target not in (None, *targets):
        raise failure("target-unknown", name=target, file=source, nearest="next", known=list(targets))
    declared = DataSpec.model_validate({"train": source, "inputs": inputs, "targets": targets})
    return Guess(source, declared.inputs, declared.targets, {}, "language model", "what comes next in a text")


def _text_alone(
    table: Table, inputs: dict[str, ColumnSpec], left_out: dict[str, str]
) -> dict[str, ColumnSpec]:
    """Keeps the longest text where there is one: beside others it needs a network with several inputs."""
    texts = {name: each.column or name for name, each in inputs.items() if each.type == "text"}
    if not texts:
        return inputs
    sizes = {name: int(table.texts(header).str.len_chars().sum() or 0) for name, header in texts.items()}
    kept = max(sizes, key=lambda name: sizes[name])
    for name, each in inputs.items():
        if name != kept:
            left_out[each.column or name] = f"`{kept}` is a text; a network can take both by their names"
    return {kept: inputs[kept]}


def _task(kind: str) -> Task:
    tasks: dict[str, Task] = {"number": "regression", "binary": "binary classification"}
    tasks["text"] = "language model"
    return tasks.get(kind, "classification")


def _read(path: Path) -> Table:
    """Reads a file; another delimiter and words for empty cells are found by trying."""
    source = find_source(Path(), str(path))
    if isinstance(source, Problem):
        raise unfound(source, path)
    table = _first_readable(source)
    found = {word for each in table.columns for word in _null_words(table.texts(each))}
    nulls = ("", *(word for word in NULL_WORDS if word in found))
    return replace(table, reading=replace(table.reading, nulls=nulls))


def _first_readable(source: DataSource) -> Table:
    refused: DataError | None = None
    for delimiter in DELIMITERS:
        try:
            return read_table(source, Reading(delimiter))
        except DataError as error:
            # Only a wrong delimiter is worth another try; the first answer is the one to give.
            refused = refused or error
            if refused.problems[0].code != "delimiter-wrong":
                break
    assert refused is not None
    raise refused


def _null_words(texts: pl.Series) -> list[str]:
    """Finds the words of a column that mean an empty cell."""
    import polars as pl

    stripped = texts.str.strip_chars()
    words = stripped.filter(stripped.is_in(pl.Series(NULL_WORDS).implode()).fill_null(False)).unique()
    return [str(word) for word in words]


def _target(table: Table, wanted: str | None) -> tuple[str, str]:
    """Chooses the column that is predicted, and says why."""
    if wanted is not None:
        if wanted not in table.columns:
            close = nearest(wanted, table.columns)
            facts = {"name": wanted, "file": table.source.file, "nearest": close}
            raise failure("target-unknown", table.header_place(), known=list(table.columns), **facts)
        return wanted, "as asked"
    lowered = {each.lower(): each for each in reversed(table.columns)}
    for name in TARGET_NAMES:
        if name in lowered:
            return lowered[name], "its name is that of a target"
    return table.columns[-1], "it is the last column"


def _kind(texts: pl.Series, header: str) -> _Kind:
    import polars as pl

    present = texts.drop_nulls()
    rows, distinct = len(present), present.n_unique()
    if distinct < 2:
        return _Kind("category", "every row has the same value" if rows else "it is empty")
    values = present.str.strip_chars().cast(pl.Float64, strict=False)
    # `00123` is a code: as a number it would lose its zeros.
    is_code = present.str.contains(_LEADING_ZERO).any()
    is_number = bool(values.is_finite().fill_null(False).all()) and not is_code
    if distinct == 2 and rows > 2:
        return _Kind("binary")
    if distinct == rows and _ID_NAME.fullmatch(header.strip()):
        return _Kind("category", "its name and its values are those of an id")
    if is_number:
        numbers = np.sort(values.to_numpy())
        counts_rows = rows > 2 and distinct == rows and bool((np.diff(numbers) == 1).all())
        return _Kind("number", "it counts the rows" if counts_rows else "")
    words = present.str.split(" ").list.len().sum() / max(rows, 1)
    if distinct > MOST_CLASSES and words >= LEAST_WORDS:
        return _Kind("text")
    if distinct > MOST_CLASSES or distinct * 2 > rows:
        return _Kind("category", f"{distinct:,} different texts in {rows:,} rows: names, ids or free text")
    return _Kind("category")


def _as_target(table: Table, header: str, kind: _Kind) -> _Kind:
    """Reads a column as target: few whole numbers are classes. Raises what no target may be."""
    texts = table.texts(header)
    if texts.null_count():
        empty = np.flatnonzero(texts.is_null().to_numpy())
        raise failures([table.cells_problem("target-empty", Column(header, header, "target"), empty)])
    distinct = texts.n_unique()
    if distinct < 2:
        raise failure("target-constant", table.header_place(), column=header, file=table.source.file)
    few = distinct <= MOST_NUMBERED_CLASSES and distinct * 5 <= len(texts)
    if kind.type == "number" and few and texts.str.contains(r"^\s*[+-]?[0-9]+\s*$").all():
        return _Kind("category")
    return _Kind("category") if kind.type == "text" else kind


def _repeats(table: Table, target: str, kind: _Kind) -> set[str]:
    """Finds the columns that give the answer away: each value stands beside one class, and back."""
    if kind.type == "number":
        return set()
    answers = table.texts(target)
    classes = answers.n_unique()
    found = set()
    for each in table.columns:
        texts = table.texts(each)
        if each == target or texts.null_count() or texts.n_unique() != classes:
            continue
        if texts.alias("a").to_frame().with_columns(answers.alias("b")).n_unique() == classes:
            found.add(each)
    return found


def _declared(kind: str, header: str, name: str, gaps: bool) -> ColumnSpec:
    said: dict[str, object] = {"type": kind}
    if name != header:
        said["column"] = header
    if gaps and kind == "number":
        said["missing"] = "median"
    elif gaps and kind == "text":
        said["missing"] = {"constant": "-"}
    elif gaps:
        # A gap of a binary column is a third class, so it becomes a category.
        said |= {"type": "category", "missing": {"constant": "missing"}}
    return ColumnSpec.model_validate(said)


def _names(headers: Sequence[str]) -> dict[str, str]:
    """Gives every header a name that a spec may use: itself where it can."""
    names: dict[str, str] = {}
    for header in headers:
        taken = {*names.values(), *RESERVED, FEATURES}
        names[header] = next(each for each in _candidates(header) if each not in taken and NAME.match(each))
    return names


def _candidates(header: str) -> Iterator[str]:
    yield header
    stem = re.sub(r"[^A-Za-z0-9]+", "_", header).strip("_")[:50]
    stem = stem if stem[:1].isalpha() else f"column_{stem}".rstrip("_")
    yield stem
    number = 2
    while True:
        yield f"{stem}_{number}"
        number += 1
