"""A YAML document as a tree of frozen nodes, each of which knows where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from nncli.errors import Place

if TYPE_CHECKING:
    from nncli.spec.items import Constant

# One answer says no more than this; finding the nearest name for 100,000 mistakes takes minutes.
MOST_PROBLEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; `text` as written, `plain` where it is not quoted.

    Of what came for `$name`, `given` is where that was written. `is_name` marks a plain word that is also the
    name of a constant, so that a forgotten `$` can be told.
    """

    value: Constant
    text: str
    plain: bool
    place: Place
    given: Place | None = None
    is_name: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order of the file; no key stands twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place

    def get(self, key: str) -> Node | None:
        """Finds the value of a key."""
        return next((node for name, node in self.entries if name.text == key), None)

    def keys(self) -> list[str]:
        """Lists the keys as written."""
        return [name.text for name, _ in self.entries]


Node: TypeAlias = "Scalar | Sequence | Mapping"


def is_null(node: Node) -> bool:
    """Tells whether a value is left out, or `~`; not what `$name` became."""
    return isinstance(node, Scalar) and node.value is None and node.plain and "$" not in node.text


def stated(node: Node | None) -> Node | None:
    """Gives the value of a key; None where the key is left out, or has nothing behind it."""
    return None if isinstance(node, Scalar) and node.value is None else node


def scalars_in(nodes: Iterable[Node]) -> Iterator[Scalar]:
    """Walks every key and value of trees, without recursion: a file may be deep."""
    left = list(nodes)
    while left:
        node = left.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, Sequence):
            left.extend(node.items)
        else:
            for key, value in node.entries:
                yield key
                left.append(value)


def plain(node: Node) -> Constant:
    """Turns nodes into tuples, dicts keyed by text, and values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return tuple(plain(item) for item in node.items)
    return {name.text: plain(value) for name, value in node.entries}


def node_of(value: Constant, place: Place) -> Node:
    """Makes the node that reads as a value; a dollar is doubled, since it is read once more."""
    if isinstance(value, tuple):
        return Sequence(tuple(node_of(item, place) for item in value), place)
    if isinstance(value, MappingType):
        entries = ((Scalar(key, key, True, place), node_of(item, place)) for key, item in value.items())
        return Mapping(tuple(entries), place)
    text = value.replace("$", "$$") if isinstance(value, str) else "" if value is None else str(value)
    return Scalar(text if isinstance(value, str) else value, text, True, place)


def walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Walks a tree with the YAML path of every node, such as `network.2.Conv2d`."""
    yield path, node
    start = f"{path}." if path else ""
    if isinstance(node, Sequence):
        for position, item in enumerate(node.items):
            yield from walk(item, f"{start}{position}")
    elif isinstance(node, Mapping):
        for name, value in node.entries:
            yield from walk(value, f"{start}{name.text}")
