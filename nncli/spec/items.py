"""What a network is made of, as written: items, calls and where values flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from nncli.errors import Place
    from nncli.spec.arithmetic import Formula

Constant: TypeAlias = (
    "None | bool | int | float | str | Formula | tuple[Constant, ...] | Mapping[str, Constant]"
)
# All numbers of a table side by side, then binaries and categories.
FEATURES: Final = "features"
InputType: TypeAlias = Literal["number", "index", "binary", "category", "image", "features"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; `overriding` when `--set` put it there, in place of a position.

    `key_place` is where the name of a keyword stands.
    """

    value: Constant
    place: Place
    overriding: bool = False
    key_place: Place | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A Python call as YAML writes it: `Conv2d: [64, 3, stride: 2]`."""

    name: str
    place: Place
    positions: tuple[Argument, ...] = ()
    keywords: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """One value that flows into an item: the path of a value, such as `x` or `lstm.state`."""

    path: str
    place: Place


@dataclass(frozen=True, slots=True)
class Layer:
    """The operation of an item that is one `torch.nn` class."""

    call: Call


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands where an item could not be read, so that what follows is still checked."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a network's list: an operation and the words beside it.

    `from_` is None where the item above flows in. `path` is the YAML path of the item.
    """

    operation: Layer | Broken
    place: Place
    path: str
    name: str | None = None
    name_place: Place | None = None
    from_: tuple[Source, ...] | None = None


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What flows into a network under one name.

    Shapes: `shape` leaves the batch out; () is one index or one number per row.
    `vocabulary` counts the values that an index can have; `width` of features is `shape[0]`.
    """

    shape: tuple[int, ...]
    type: InputType = "number"
    vocabulary: int | None = None

    def takes(self, given: InputSpec) -> bool:
        """Tells whether values that another description is true of can flow in here."""
        indices = ("index", "category")
        same_kind = (self.type in indices) == (given.type in indices)
        return same_kind and self.shape == given.shape and (self.vocabulary or 0) >= (given.vocabulary or 0)


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One network: its inputs where the file states them, and its items from input to output."""

    layers: tuple[Item, ...]
    place: Place
    inputs: Mapping[str, InputSpec] | None = None
