"""Python's annotations in words, and as JSON Schema."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Mapping
from collections.abc import Sequence as SequenceType
from typing import Any, Final, Literal, TypeAlias

from nncli.spec.items import Call

Schema: TypeAlias = dict[str, Any]

# `$name` and `$(…)` stand for any constant.
DOLLAR: Final[Schema] = {"$ref": "#/definitions/dollar"}
_WORDS: Final[Mapping[object, str]] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a word",
    type(None): "none",
    Call: "a name, or a name with arguments",
}
_TYPES: Final[Mapping[object, str]] = {
    int: "integer", float: "number", bool: "boolean", str: "string", type(None): "null"
}  # fmt: skip
# The bounds that pydantic keeps beside an annotation, in words and as JSON Schema names them.
_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "ge": ("{} or more", "minimum"),
    "gt": ("more than {}", "exclusiveMinimum"),
    "le": ("{} or less", "maximum"),
    "lt": ("less than {}", "exclusiveMaximum"),
    "min_length": ("", "minLength"),
    "max_length": ("", "maxLength"),
}


def in_words(annotation: object, metadata: SequenceType[object] = ()) -> str:
    """Says what an annotation takes: `a whole number, 1 or more`; empty where it tells nothing."""
    *others, last = dict.fromkeys(word for word in _options(annotation) if word) or ("",)
    said = f"{', '.join(others)} or {last}" if others else last
    bounds = [words.format(value) for words, _, value in _bounds(metadata) if words]
    return ", ".join(part for part in (said, " and ".join(bounds)) if part)


def _options(annotation: object) -> list[str]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        # None is how a default says that there is none; nobody writes it.
        return [word for each in inner if each is not type(None) for word in _options(each)]
    if origin is typing.Annotated:
        return _options(inner[0])
    if origin is Literal:
        return [str(option) for option in inner]
    if annotation in (tuple, list) or origin in (tuple, list):
        return [f"a list of {len(inner)}" if origin is tuple and Ellipsis not in inner else "a list"]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return ["a mapping"]
    return [_WORDS.get(annotation, "")]


def as_schema(annotation: object, metadata: SequenceType[object] = ()) -> Schema:
    """Writes what an annotation takes as JSON Schema; {} where it tells nothing."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any_of([as_schema(option, metadata) for option in inner if _can_be_written(option)])
    if origin is typing.Annotated:
        return as_schema(inner[0], metadata)
    if origin is Literal:
        return any_of([{"enum": list(inner)}, DOLLAR])
    if origin in (tuple, list):
        return any_of([_list_schema(inner, is_open=origin is list or Ellipsis in inner), DOLLAR])
    if annotation is str:
        return {"type": "string", **_limits(metadata, ("minLength", "maxLength"))}
    if annotation is type(None):
        # Files write none; YAML's own null is read as it too.
        return {"enum": ["none", None]}
    if annotation in _TYPES:
        return any_of([{"type": _TYPES[annotation], **_limits(metadata, _NUMERIC)}, DOLLAR])
    return {}


def _can_be_written(annotation: object) -> bool:
    """Tells whether a file can hold a value of a type: a tensor or a function it cannot."""
    if not isinstance(annotation, type) or annotation in (object, Any, *_TYPES):
        return True
    return issubclass(annotation, (tuple, list, dict))


_NUMERIC: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def _list_schema(inner: tuple[object, ...], *, is_open: bool) -> Schema:
    kinds = [option for option in inner if option is not Ellipsis]
    schema: Schema = {"type": "array"}
    items = any_of([as_schema(kind) for kind in kinds]) if kinds else {}
    if items:
        schema["items"] = items
    if not is_open:
        schema |= {"minItems": len(kinds), "maxItems": len(kinds)}
    return schema


def _limits(metadata: SequenceType[object], names: Collection[str]) -> Schema:
    return {name: value for _, name, value in _bounds(metadata) if name in names}


def _bounds(metadata: SequenceType[object]) -> list[tuple[str, str, Any]]:
    return [
        (words, name, getattr(each, bound))
        for each in metadata
        for bound, (words, name) in _BOUNDS.items()
        if getattr(each, bound, None) is not None
    ]


def any_of(options: SequenceType[Schema]) -> Schema:
    """Joins schemas, flat and without repetition; one that takes everything makes the others needless."""
    flat: list[Schema] = []
    for option in options:
        nested = option["anyOf"] if set(option) == {"anyOf"} else [option]
        flat.extend(each for each in nested if each not in flat)
    if {} in flat:
        return {}
    if not flat:
        return {}
    return flat[0] if len(flat) == 1 else {"anyOf": flat}
