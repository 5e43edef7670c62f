"""Which values a place in the file can see, and how paths lead to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from nncli.errors import NncliError
from nncli.messages.catalogue import failure, nearest
from nncli.network.graph.values import Value
from nncli.spec.expressions import NUMBERS_ELSEWHERE
from nncli.spec.items import Item, Source

# What a path leads to: one value, several, or None where an earlier problem hides it.
Found: TypeAlias = "Value | tuple[Value, ...] | None"
EVERY: Final = "*"


@dataclass
class Named:
    """What stands behind a name: the value that flows on, and what lies inside.

    `parts` are results by name (`state` of an LSTM), repetitions by number, or names of a block.
    `results` are what several names unpack. `module` is the name of its weights' scope, dotted, empty
    where it has none, and `kind` what people call its operation. Where `is_broken`, a problem was found
    inside, so that a part that is not there is no mistake of its own.
    """

    value: Found = None
    parts: dict[str, Named] = field(default_factory=dict)
    results: list[Named] = field(default_factory=list)
    module: str = ""
    is_broken: bool = False
    kind: str = ""


@dataclass
class Names:
    """The names that one scope gives; a path is looked up here, then in the scope around it.

    `unnamed` maps automatic names to their items: such a name follows the position of its item, so
    that nothing may refer to it. `later` are names that items further down will give, `absent` those of
    items that are not there, by their `when:`.
    """

    around: Names | None = None
    own: dict[str, Named] = field(default_factory=dict)
    unnamed: dict[str, Item] = field(default_factory=dict)
    later: dict[str, Item] = field(default_factory=dict)
    absent: dict[str, Item] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def find(self, name: str) -> Named | None:
        """Finds a name here or around, and notes that it was used."""
        scope: Names | None = self
        while scope is not None:
            if name in scope.own:
                scope.used.add(name)
                return scope.own[name]
            scope = scope.around
        return None

    def outermost(self) -> Names:
        """Finds the scope that every block sees too: that of the constants."""
        return self if self.around is None else self.around.outermost()

    def visible(self) -> list[str]:
        """Lists the names that can be referred to."""
        return list(dict.fromkeys([*self.own, *(self.around.visible() if self.around else ())]))

    def missing(self, name: str, source: Source, path: str) -> NncliError:
        """Says that a name is not there: automatic, of an absent item, further down, or misspelt."""
        scope: Names | None = self
        while scope is not None:
            reasons = {
                "value-unnamed": scope.unnamed,
                "value-absent": scope.absent,
                "value-later": scope.later,
            }
            for code, items in reasons.items():
                if name in items:
                    return failure(code, source.place, path, name=name, line=items[name].place.line)
            scope = scope.around
        known = self.visible()
        facts: dict[str, object] = {"name": name, "nearest": nearest(name, known), "known": known}
        if path.endswith(".outputs"):
            facts["known"] = [*known, "x"]
        facts["number"] = NUMBERS_ELSEWHERE.get(source.path, "")
        if path.startswith("blocks."):
            facts["block"] = path.split(".")[1]
        return failure("value-unknown", source.place, path, **facts)


Companion: TypeAlias = Callable[[Value, str], Value]


def resolve(names: Names, source: Source, path: str, companion: Companion) -> Found:
    """Finds what a path such as `lstm.state`, `layers.*.skip` or `tokens.mask` leads to.

    `companion` makes what travels beside a value: its mask or length.
    Raises SpecError `value-unknown`, `value-unnamed`, `value-later`, `part-unknown`, `mask-missing`.
    """
    first, *rest = source.path.split(".")
    named = names.find(first)
    if named is None:
        raise names.missing(first, source, path)
    found = [named]
    for depth, part in enumerate(rest):
        if part in ("mask", "length") and depth == len(rest) - 1:
            return _companions(found, part, companion, (source, path))
        found = [inner for each in found for inner in _inward(each, part, source, path)]
    values = [each.value for each in found]
    if EVERY not in rest:
        return values[0] if values else None
    return _flattened(values)


def _flattened(values: Iterable[Found]) -> tuple[Value, ...] | None:
    flat: list[Value] = []
    for value in values:
        if value is None:
            return None
        flat.extend(value if isinstance(value, tuple) else (value,))
    return tuple(flat)


def _companions(found: list[Named], part: str, companion: Companion, wanted: tuple[Source, str]) -> Found:
    values = _flattened(each.value for each in found)
    if values is None:
        return None
    if any(value.mask is None for value in values):
        source, path = wanted
        value = source.path.rpartition(".")[0]
        raise failure("mask-missing", source.place, path, value=value, part=part)
    made = tuple(companion(value, part) for value in values)
    return made[0] if len(made) == 1 else made


def _inward(named: Named, part: str, source: Source, path: str) -> list[Named]:
    if part == EVERY and (named.parts or not named.is_broken):
        return [inner for key, inner in named.parts.items() if key.isdigit()]
    if part in named.parts:
        return [named.parts[part]]
    if named.is_broken:
        return [Named(is_broken=True)]
    known = list(named.parts)
    facts = {"value": source.path, "part": part, "nearest": nearest(part, known), "known": known}
    raise failure("part-unknown", source.place, path, **facts)
