"""Which values fit a parameter by its annotation, and both in words."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Final, Literal

from nncli.spec.scalars import word_of

NAMES: Final[Mapping[object, str]] = {
    int: "a whole number", float: "a number", bool: "true or false", str: "a word", type(None): "none"
}  # fmt: skip


def takes_sequence(annotation: object) -> bool:
    """Tells whether a parameter takes a list."""
    if annotation is object:
        return True
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(takes_sequence(option) for option in typing.get_args(annotation))
    origin = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, (tuple, list))


def fits(value: object, annotation: object) -> bool:
    """Tells whether a value can stand for an annotation; what it does not know it lets pass."""
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, option) for option in options)
    if origin is Literal:
        return value in options
    if origin is tuple:
        return _fits_tuple(value, options)
    if origin is list:
        return isinstance(value, tuple) and all(fits(item, options[0]) for item in value)
    simple: dict[object, tuple[type, ...]] = {
        int: (int,), float: (int, float), bool: (bool,), str: (str,), type(None): (type(None),)
    }  # fmt: skip
    if annotation not in simple:
        # A type that YAML cannot write (a tensor, a function) fits nothing that stands in a file.
        return annotation in (object, typing.Any) or not isinstance(annotation, type)
    if isinstance(value, bool) and annotation is not bool:
        return False
    return isinstance(value, simple[annotation])


def _fits_tuple(value: object, options: tuple[object, ...]) -> bool:
    if not isinstance(value, tuple):
        return False
    if len(options) == 2 and options[1] is Ellipsis:
        return all(fits(item, options[0]) for item in value)
    return len(value) == len(options) and all(fits(v, o) for v, o in zip(value, options, strict=True))


def expected(annotation: object) -> str:
    """Says in words what fits an annotation; nothing where nobody knows."""
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        shown = [expected(option) for option in options if expected(option)]
        return " or ".join(dict.fromkeys(shown))
    if origin is Literal:
        return " or ".join(str(option) for option in options)
    if origin in (tuple, list):
        if origin is tuple and Ellipsis not in options:
            return f"a list of {len(options)}"
        if options[:1] == (int,):
            return "a list of whole numbers"
        return "a list"
    return NAMES.get(annotation, "")


def shown_argument(value: object) -> str:
    """Writes an argument as a file writes it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(shown_argument(item) for item in value) + "]"
    if isinstance(value, bool) or value is None:
        return word_of(value)
    return f"`{value}`" if isinstance(value, str) else str(value)
