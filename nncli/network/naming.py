"""Names of layers: those in the file, and automatic ones, as they stand in the weights file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from torch import fx, nn

from nncli.messages.catalogue import failure
from nncli.spec.items import Item

# fx writes names into code that it runs. spec/ lets only letters, digits and _ pass; this keeps
# them from hiding what a module already has.
TAKEN: Final = frozenset(dir(nn.Module())) | frozenset(dir(fx.GraphModule)) | {"graph", "code", "self"}


class Namer:
    """Gives every item of one scope its name, and refuses names that are taken.

    `unnamed` maps automatic names to their items: such a name follows the position of an item,
    so that nothing may refer to it.
    """

    def __init__(self, items: Iterable[Item], inputs: Collection[str]) -> None:
        self.unnamed: dict[str, Item] = {}
        self._inputs = inputs
        self._given = {item.name for item in items if item.name}
        self._counts: Counter[str] = Counter()
        self._named: dict[str, Item] = {}

    def name(self, item: Item, operation: str) -> str:
        """Names an item: its own name, or its operation in lower case, counted per kind.

        Raises SpecError `name-taken` for an attribute of torch's modules, `name-of-input` for an
        input's, `name-repeated` for a name that another item has.
        """
        name = item.name
        if name is None:
            return self._automatic(item, operation.lower())
        place, path = item.name_place, f"{item.path}.name"
        if name in TAKEN:
            raise failure("name-taken", place, path, name=name)
        if name in self._inputs:
            raise failure("name-of-input", place, path, name=name)
        if name in self._named:
            raise failure("name-repeated", place, path, name=name, line=self._named[name].place.line)
        self._named[name] = item
        return name

    def _automatic(self, item: Item, kind: str) -> str:
        while True:
            self._counts[kind] += 1
            count = self._counts[kind]
            name = kind if count == 1 else f"{kind}_{count}"
            if name not in self._given and name not in self._inputs:
                self.unnamed[name] = item
                return name
