"""The entries of `augment:` read as Python calls: `{RandomCrop: {padding: 4}}` is RandomCrop(padding=4)."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nncli.columns.kind import Mistake
from nncli.messages.catalogue import nearest
from nncli.spec.argument_types import expected, fits, shown_argument

Value: TypeAlias = None | bool | int | float | str | tuple[int | float, ...]
Known: TypeAlias = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of `augment:` as it travels in a weights file: its name, and arguments by name."""

    name: str
    arguments: tuple[tuple[str, Value], ...] = ()

    def made(self, known: Known) -> Any:
        """Makes the transform. Raises ValueError where an argument makes no sense."""
        return known[self.name](**dict(self.arguments))


def read_changes(augment: Sequence[str | Mapping[str, Any]], known: Known) -> list[Change | list[Mistake]]:
    """Reads every entry, or what is wrong with it; `known` names what there is.

    Mistakes: `augment-unknown`, `augment-value`, `argument-unknown`, `argument-missing`, `argument-type`,
    `argument-repeated`, `argument-order`, `too-many-arguments`, `call-expected`, `call-two-names`.
    """
    found: list[Change | list[Mistake]] = []
    for number, entry in enumerate(augment):
        key = f"augment.{number}"
        mistakes: list[Mistake] = []
        name, given = _named(entry, key, known, mistakes)
        if not mistakes:
            bound = _bound(
                name, given, f"{key}.{name}" if isinstance(entry, Mapping) else key, known, mistakes
            )
        found.append(mistakes if mistakes else Change(name, tuple(bound.items())))
    return found


def _named(
    entry: str | Mapping[str, Any], key: str, known: Known, mistakes: list[Mistake]
) -> tuple[str, object]:
    names = list(entry) if isinstance(entry, Mapping) else [entry]
    if len(names) > 1:
        facts = {"names": names, "named": names[0], "argument": ""}
        mistakes.append(Mistake("call-two-names", f"{key}.{names[1]}", facts))
    elif not names:
        mistakes.append(
            Mistake("call-expected", key, {"wanted": "a transform, such as RandomHorizontalFlip"})
        )
    elif names[0] not in known:
        facts = {"transform": names[0], "nearest": nearest(names[0], known), "known": list(known)}
        mistakes.append(Mistake("augment-unknown", key, facts))
    return (names[0], entry[names[0]] if isinstance(entry, Mapping) else None) if names else ("", None)


def _bound(name: str, given: object, key: str, known: Known, mistakes: list[Mistake]) -> dict[str, Value]:
    target = known[name]
    parameters, hints = inspect.signature(target).parameters, typing.get_type_hints(target)
    facts = {"call": name, "signature": signature_text(target)}
    bound: dict[str, Any] = {}
    for parameter, value, place in _arguments(given, list(parameters), hints, key, facts, mistakes):
        if parameter not in parameters:
            near = nearest(parameter, parameters)
            mistakes.append(
                Mistake("argument-unknown", place, facts | {"argument": parameter, "nearest": near})
            )
        elif parameter in bound:
            mistakes.append(Mistake("argument-repeated", place, facts | {"argument": parameter}))
        elif not fits(value, hints[parameter]):
            said = {"argument": parameter, "received": shown_argument(value)}
            said |= {"expected": expected(hints[parameter])}
            mistakes.append(Mistake("argument-type", place, facts | said))
        bound[parameter] = value
    missing = [
        each for each, found in parameters.items() if found.default is found.empty and each not in bound
    ]
    if missing and not mistakes:
        added = ", ".join(f"{each}: …" for each in missing)
        mistakes.append(Mistake("argument-missing", key, facts | {"missing": missing, "added": added}))
    if not mistakes:
        try:
            target(**bound)
        except ValueError as error:
            mistakes.append(Mistake("augment-value", key, {"transform": name, "reason": str(error)}))
    return bound


def _arguments(
    given: object,
    names: Sequence[str],
    hints: Mapping[str, Any],
    key: str,
    facts: Mapping[str, object],
    mistakes: list[Mistake],
) -> Iterator[tuple[str, Any, str]]:
    """Walks over arguments with their names and places: a mapping, a list of positions, or one value."""
    given = _frozen(given)
    if isinstance(given, Mapping):
        yield from ((str(name), value, f"{key}.{name}") for name, value in given.items())
        return
    items = () if given is None else given if isinstance(given, tuple) else (given,)
    positions = [each for each in items if not isinstance(each, Mapping)]
    if names and not _fit(positions, names, hints) and fits(tuple(items), hints[names[0]]):
        yield names[0], tuple(items), key
        return
    if len(positions) > len(names):
        mistakes.append(
            Mistake("too-many-arguments", key, {**facts, "given": len(positions), "most": len(names)})
        )
    is_named = False
    for number, item in enumerate(items):
        place = f"{key}.{number}" if isinstance(given, tuple) else key
        if isinstance(item, Mapping):
            is_named = True
            yield from ((str(name), value, f"{place}.{name}") for name, value in item.items())
        elif is_named:
            mistakes.append(Mistake("argument-order", place, facts))
        elif number < len(names):
            yield names[number], item, place


def _fit(positions: Sequence[object], names: Sequence[str], hints: Mapping[str, Any]) -> bool:
    return len(positions) <= len(names) and all(
        fits(value, hints[name]) for value, name in zip(positions, names, strict=False)
    )


def signature_text(target: Callable[..., Any]) -> str:
    """Writes what a transform takes: `RandomCrop(size=None, padding=None, …)`."""
    shown = [
        name if found.default is found.empty else f"{name}={found.default!r}"
        for name, found in inspect.signature(target).parameters.items()
    ]
    return f"{getattr(target, '__name__', '')}({', '.join(shown)})"


def _frozen(value: object) -> Any:
    """Makes tuples of lists, which come out of JSON."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
