"""Names of layers: those in the file, and automatic ones, as they stand in the weights file."""

from __future__ import annotations

from collections import Counter
from typing import Final

from torch import fx, nn

from nncli.messages.catalogue import failure
from nncli.spec.items import Item

# fx writes names into code that it runs. spec/ lets only letters, digits and _ pass; this keeps
# them from hiding what a module already has.
TAKEN: Final = frozenset(dir(nn.Module())) | frozenset(dir(fx.GraphModule)) | {"graph", "code"}


class Namer:
    """Gives every item of one scope its name, and refuses names that are taken."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._places: dict[str, Item] = {}

    def name(self, item: Item, operation: str) -> str:
        """Names an item: its own name, or its operation in lower case, counted per kind.

        Raises SpecError `name-taken` for an attribute of torch's modules, `name-repeated` for a
        name that another item has.
        """
        name = item.name or self._automatic(operation)
        if item.name in TAKEN:
            raise failure("name-taken", item.name_place, f"{item.path}.name", name=name)
        earlier = self._places.get(name)
        if earlier:
            raise failure(
                "name-repeated", item.name_place or item.place, item.path, name=name, line=earlier.place.line
            )
        self._places[name] = item
        return name

    def _automatic(self, operation: str) -> str:
        kind = operation.lower()
        self._counts[kind] += 1
        count = self._counts[kind]
        return kind if count == 1 else f"{kind}_{count}"

    def names(self) -> list[str]:
        """Lists the names given so far."""
        return list(self._places)
