"""A first reading of a table: what each column is, and which one is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from nncli.data.builtin_sets import BUILTIN, builtin_name
from nncli.data.column_guesses import ColumnGuess, guess_column, with_masks
from nncli.data.column_names import names_of
from nncli.data.declarations import TEXT_SUFFIX
from nncli.data.forecast_guess import forecast_of
from nncli.data.guessed_reading import read_by_trying
from nncli.data.long_texts import STEPS
from nncli.messages.catalogue import failure, failures, nearest
from nncli.sources.folders import FolderFiles
from nncli.sources.several import FILE, SeveralTexts
from nncli.sources.tables import Column, Table
from nncli.sources.text_files import TEXT
from nncli.spec.schema import ColumnSpec, DataSpec

Task: TypeAlias = Literal[
    "regression",
    "binary classification",
    "classification",
    "classification with several answers",
    "language model",
    "forecast",
    "segmentation",
]

TARGET_NAMES: Final = ("target", "label", "y", "survived", "species", "outcome", "diagnosis", "class")
MOST_NUMBERED_CLASSES: Final = 20
"""A target of more whole numbers is taken for a quantity."""
_PREDICTED: Final = ("number", "category", "binary", "set")
_NOT_BESIDE: Final = {
    "text": "`{kept}` is a text; a network can take both by their names",
    "image": "`{kept}` is an image; a network can take both by their names",
    "audio": "`{kept}` is a sound; a network can take both by their names",
}


@dataclass(frozen=True)
class Guess:
    """What a spec could say about a file.

    `left_out` maps headers to the reason why they are no input. `delimiter`, `encoding` and `nulls` are what
    the file needs; `time`, `season` and `group` what rows in time need. `chosen` says how the target was
    found.
    """

    train: str
    inputs: Mapping[str, ColumnSpec]
    targets: Mapping[str, ColumnSpec]
    left_out: Mapping[str, str]
    task: Task
    chosen: str
    delimiter: str | None = None
    nulls: tuple[str, ...] = ("",)
    time: str | None = None
    season: int | None = None
    group: str | None = None
    encoding: str = "utf-8"


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
    table = read_by_trying(Path(source))
    kinds = with_masks(table, {each: guess_column(table, each) for each in table.columns})
    header, chosen = _target(table, target, kinds)
    predicted = _as_target(table, header, kinds[header])
    repeats = _repeats(table, header, predicted, kinds)
    names = names_of(table.columns)
    if isinstance(table.source.text, FolderFiles):
        names[FILE] = kinds[FILE].type
    left_out: dict[str, str] = {}
    inputs: dict[str, ColumnSpec] = {}
    for each, kind in kinds.items():
        reason = f"it repeats `{header}`" if each in repeats else kind.reason
        if each == FILE and isinstance(table.source.text, SeveralTexts):
            reason = "it names the file of a row: `split: {group: file}` keeps the rows of each together"
        if each == header:
            continue
        if kind.type == "mask":
            reason = "it has a class at each pixel, and can only be predicted"
        if reason:
            left_out[each] = reason
        else:
            inputs[names[each]] = _declared(kind, each, names[each], _has_gaps(table, each))
    inputs = _alone(table, inputs, left_out)
    targets = {names[header]: _declared(predicted, header, names[header], False)}
    reading = table.reading
    guess = Guess(
        str(source),
        inputs,
        targets,
        left_out,
        _task(predicted.type),
        chosen,
        reading.delimiter,
        reading.nulls,
        encoding=reading.encoding,
    )
    found = forecast_of(table, guess, header)
    if found is not None:
        return found
    if not inputs:
        raise failure("guess-inputs", table.header_place(), target=header)
    return guess


def _builtin(name: str, source: str, target: str | None) -> Guess:
    if name not in BUILTIN:
        raise failure("source-unknown", name=name, nearest=nearest(name, BUILTIN), known=list(BUILTIN))
    own = BUILTIN[name]
    (header,) = own.targets
    if target not in (None, header):
        raise failure("target-unknown", name=target, file=source, nearest=header, known=[header])
    task: Task = "forecast" if own.time is not None else _task(own.targets[header].type)
    found = Guess(source, own.inputs, own.targets, {}, task, f"the target of {source}")
    return replace(found, time=own.time, group=own.group, season=own.season)


def _long_text(source: str, target: str | None) -> Guess:
    """Reads a text file as what it is used for: each character is predicted from those before it."""
    inputs = {TEXT: {"type": "text", "tokenizer": "characters", "length": STEPS}}
    targets = {"next": {"type": "text", "column": TEXT, "shift": -1}}
    if target not in (None, *targets):
        raise failure("target-unknown", name=target, file=source, nearest="next", known=list(targets))
    declared = DataSpec.model_validate({"train": source, "inputs": inputs, "targets": targets})
    return Guess(source, declared.inputs, declared.targets, {}, "language model", "what comes next in a text")


def _alone(table: Table, inputs: dict[str, ColumnSpec], left_out: dict[str, str]) -> dict[str, ColumnSpec]:
    """Keeps one text, image or sound where there is one: with others it takes a network of several inputs."""
    media = {name: each for name, each in inputs.items() if each.type in _NOT_BESIDE}
    if not media:
        return inputs
    sizes = {
        name: int(table.texts(each.column or name).str.len_chars().sum() or 0)
        if each.type == "text"
        else 10**18
        for name, each in media.items()
    }
    kept = max(sizes, key=lambda name: sizes[name])
    for name, each in inputs.items():
        if name != kept:
            left_out[each.column or name] = _NOT_BESIDE[inputs[kept].type].format(kept=kept)
    return {kept: inputs[kept]}


def _task(kind: str) -> Task:
    tasks: dict[str, Task] = {"number": "regression", "binary": "binary classification"}
    tasks |= {"text": "language model", "set": "classification with several answers"}
    tasks |= {"mask": "segmentation"}
    return tasks.get(kind, "classification")


def _has_gaps(table: Table, header: str) -> bool:
    kind = table.cells.schema[header]
    cells = table.series(header) if kind.is_nested() else table.texts(header)
    return cells.null_count() > 0


def _target(table: Table, wanted: str | None, kinds: Mapping[str, ColumnGuess]) -> tuple[str, str]:
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
    masks = [each for each in table.columns if kinds[each].type == "mask"]
    if masks:
        return masks[0], "it has a class at each pixel"
    kind_of = {each: kind for each, kind in kinds.items() if kind.type in _PREDICTED and each != FILE}
    # What is no input, such as an id or a column that never changes, is rarely what is asked for.
    possible = [each for each, kind in kind_of.items() if not kind.reason] or list(kind_of)
    header = (possible or list(table.columns))[-1]
    return header, "it is the last column" if header == table.columns[
        -1
    ] else "it is the last that can be one"


def _as_target(table: Table, header: str, kind: ColumnGuess) -> ColumnGuess:
    """Reads a column as target: few whole numbers are classes. Raises what no target may be."""
    if kind.type in ("vector", "image", "audio", "date"):
        raise failure("target-kind", table.header_place(), column=header, type=kind.type)
    texts = table.texts(header)
    if texts.null_count():
        empty = np.flatnonzero(texts.is_null().to_numpy())
        raise failures([table.cells_problem("target-empty", Column(header, header, "target"), empty)])
    distinct = texts.n_unique()
    if kind.type == "mask":
        return kind
    if distinct < 2:
        raise failure("target-constant", table.header_place(), column=header, file=table.source.file)
    few = distinct <= MOST_NUMBERED_CLASSES and distinct * 5 <= len(texts)
    if kind.type == "number" and few and texts.str.contains(r"^\s*[+-]?[0-9]+\s*$").all():
        return ColumnGuess("category")
    return ColumnGuess("category") if kind.type == "text" else kind


def _repeats(table: Table, target: str, kind: ColumnGuess, kinds: Mapping[str, ColumnGuess]) -> set[str]:
    """Finds the columns that give the answer away: each value stands beside one class, and back."""
    if kind.type in ("number", "mask"):
        return set()
    answers = table.texts(target)
    classes = answers.n_unique()
    found = set()
    for each in table.columns:
        if (
            each == target
            or kinds[each].type in ("vector", "image", "mask", "audio")
            or table.cells.schema[each].is_nested()
        ):
            continue
        texts = table.texts(each)
        if texts.null_count() or texts.n_unique() != classes:
            continue
        if texts.alias("a").to_frame().with_columns(answers.alias("b")).n_unique() == classes:
            found.add(each)
    return found


def _declared(kind: ColumnGuess, header: str, name: str, gaps: bool) -> ColumnSpec:
    said: dict[str, object] = {"type": kind.type, **kind.words}
    if name != header:
        said["column"] = header
    if gaps and kind.type in ("number", "date"):
        said["missing"] = "median"
    elif gaps and kind.type == "text":
        said["missing"] = {"constant": "-"}
    elif gaps and kind.type in ("category", "binary"):
        # A gap of a binary column is a third class, so it becomes a category.
        said |= {"type": "category", "missing": {"constant": "missing"}}
    return ColumnSpec.model_validate(said)
