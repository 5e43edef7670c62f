"""Columns that share something: cells that are read twice, and vocabularies that are fitted together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from nncli.columns.reach import WITHIN_CELLS
from nncli.errors import Problem
from nncli.sources.tables import Column
from nncli.spec.schema import ColumnSpec, DataSpec
from nncli.spec.spec import Spec

_OWN: Final = ("tokenizer", "classes", "vocabulary")
_TAKEN: Final = ("length", "truncate", "pad", "lowercase", "begin", "end", "separator")


@dataclass(frozen=True, slots=True)
class Shared:
    """A column as declared, and the column whose vocabulary it takes; None where it has its own."""

    column: Column
    declared: ColumnSpec
    owner: Column | None = None


def with_taken_words(data: DataSpec) -> DataSpec:
    """States what a column takes from the one whose cells it reads again, such as its tokenizer.

    That one is the first of the cells without a `shift`, else the first of them at all.
    """
    first = _firsts(data)

    def stated(name: str, declared: ColumnSpec) -> ColumnSpec:
        if declared.type == "mask":
            return _like_image(declared, data)
        other_name, other = first.get((declared.type, declared.column or name), (name, declared))
        own = any(getattr(declared, word) is not None for word in _OWN)
        if other is declared or own:
            return declared
        fields = ColumnSpec.model_fields
        changes: dict[str, object] = {
            word: getattr(other, word)
            for word in _TAKEN
            if getattr(declared, word) == fields[word].default != getattr(other, word)
        }
        return declared.model_copy(update={"vocabulary": other.vocabulary or other_name, **changes})

    return data.model_copy(
        update={
            "inputs": {name: stated(name, each) for name, each in data.inputs.items()},
            "targets": {name: stated(name, each) for name, each in data.targets.items()},
        }
    )


def _like_image(declared: ColumnSpec, data: DataSpec) -> ColumnSpec:
    """States what a mask takes from its image: the one that it names, or the only one that there is."""
    images = {name: each for name, each in data.inputs.items() if each.type == "image"}
    name = declared.image or (next(iter(images)) if len(images) == 1 else "")
    if name not in images:
        return declared
    image = images[name]
    changes: dict[str, object] = {"image": (image.views or (name,))[0], "augment": image.augment}
    changes |= {"size": image.size} if declared.size is None else {}
    changes |= {"resize": image.resize} if declared.resize == "stretch" else {}
    return declared.model_copy(update=changes)


def mask_problems(spec: Spec, data: DataSpec) -> Iterator[Problem]:
    """Finds masks that move with no image, or not as it does. Problems: `mask-image`, `mask-size`."""
    views = {view for each in data.inputs.values() if each.type == "image" for view in each.views or ()}
    known = [name for name, each in data.inputs.items() if each.type == "image"]
    for column, declared in columns_of(data):
        if declared.type != "mask" or column.role == "input":
            continue
        facts = {"name": column.name, "known": known}
        if (declared.image is None and len(known) > 1) or declared.image not in (None, *known, *views):
            place = spec.place(*column.path.split("."), "image")
            yield Problem("mask-image", place, column.path, facts | {"received": declared.image or ""})


def _firsts(data: DataSpec) -> dict[tuple[str, str], tuple[str, ColumnSpec]]:
    """Finds the column that says how cells are read, by type and header."""
    found: dict[tuple[str, str], tuple[str, ColumnSpec]] = {}
    for name, declared in (*data.inputs.items(), *data.targets.items()):
        key = (declared.type, declared.column or name)
        if declared.type in WITHIN_CELLS and (
            key not in found or (found[key][1].shift and not declared.shift)
        ):
            found[key] = (name, declared)
    return found


def columns_of(data: DataSpec) -> Iterator[tuple[Column, ColumnSpec]]:
    """Walks over the declared columns, inputs first; views of one are columns of their own."""
    for name, declared in data.inputs.items():
        header = declared.column or name
        for view in declared.views or ():
            yield Column(view, header, "input", name), declared
        if declared.views is None:
            yield Column(name, header, "input"), declared
    for name, declared in data.targets.items():
        yield Column(name, declared.column or name, "target"), declared


def shared_columns(data: DataSpec) -> list[Shared]:
    """Lists the declared columns, inputs first, each with the owner of its vocabulary."""
    owners = _owners(data)
    return [
        Shared(column, declared, owners.get(declared.vocabulary or ""))
        for column, declared in columns_of(data)
    ]


def sharing_problems(spec: Spec, data: DataSpec) -> Iterator[Problem]:
    """Finds vocabularies that are nobody's. Problem: `vocabulary-unknown`."""
    owners = _owners(data)
    for column, declared in columns_of(data):
        if declared.vocabulary is None or declared.type not in WITHIN_CELLS:
            continue
        owner = owners.get(declared.vocabulary)
        kinds = {each: other.type for each, other in columns_of(data)}
        if owner is None or kinds[owner] != declared.type or owner == column:
            known = [each.name for each in owners.values() if kinds[each] == declared.type and each != column]
            facts = {
                "name": column.name,
                "received": declared.vocabulary,
                "type": declared.type,
                "known": known,
            }
            place = spec.place(*column.path.split("."), "vocabulary")
            yield Problem("vocabulary-unknown", place, f"{column.path}.vocabulary", facts)


def _owners(data: DataSpec) -> Mapping[str, Column]:
    """Finds the columns that have a vocabulary of their own, by name; an input goes before a target."""
    found: dict[str, Column] = {}
    for column, declared in columns_of(data):
        if declared.type in WITHIN_CELLS and declared.vocabulary is None:
            found.setdefault(column.name, column)
    return found
