"""Names of layers: those in the file, and automatic ones, as they stand in the weights file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from torch import fx, nn

from nncli.messages.catalogue import failure
from nncli.spec.items import (
    BlockCall,
    Function,
    GivenName,
    Item,
    Layer,
    Loop,
    NetworkCall,
    Operation,
    Parallel,
    ParameterTensor,
    Rearrangement,
    Residual,
    Sequential,
)

# fx writes names into code that it runs. spec/ lets only letters, digits and _ pass; this keeps
# them from hiding what a module already has.
TAKEN: Final = frozenset(dir(nn.Module())) | frozenset(dir(fx.GraphModule)) | {"graph", "code", "self"}

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Namer:
    """Gives the items of one scope their names, and refuses names that are taken.

    `prefix` stands before every name, with a dot; empty for the network itself. `others` maps names that
    something else has to what that is: `an input`.
    """

    def __init__(self, prefix: str, items: Iterable[Item] = (), others: Mapping[str, str] = NOTHING) -> None:
        self.prefix = prefix
        self._others = others
        self._given = frozenset(given_names(items))
        self._counts: Counter[str] = Counter()
        self._named: dict[str, GivenName] = {}

    def full(self, name: str) -> str:
        """Puts the scope before a name: `layers.0.linear`."""
        return f"{self.prefix}.{name}" if self.prefix else name

    def claim(self, name: GivenName, path: str, *, is_attribute: bool = True) -> str:
        """Gives a name of the file to one item, or to a line of `compute:`, which is no attribute.

        Raises SpecError `name-taken` for an attribute of torch's modules, `name-of-input` for what an
        input, a constant or a network is called, `name-repeated` for a name that another item of the
        scope has.
        """
        text = name.text
        if is_attribute and text in TAKEN:
            raise failure("name-taken", name.place, path, name=text)
        if text in self._others:
            raise failure("name-of-input", name.place, path, name=text, what=self._others[text])
        if text in self._named:
            line = self._named[text].place.line
            raise failure("name-repeated", name.place, path, name=text, line=line)
        self._named[text] = name
        return text

    def automatic(self, kind: str) -> str:
        """Names an item after its operation in lower case, counted per kind."""
        kind = kind.lower()
        while True:
            self._counts[kind] += 1
            count = self._counts[kind]
            name = kind if count == 1 else f"{kind}_{count}"
            if name not in self._given and name not in self._others and name not in TAKEN:
                return name


def given_names(items: Iterable[Item]) -> dict[str, Item]:
    """Maps what the items of one scope are called in the file, through structures that have no name."""
    found: dict[str, Item] = {}
    for item in items:
        found.update((name.text, item) for name in item.names)
        if item.names:
            continue
        operation = item.operation
        if isinstance(operation, (Sequential, Residual)):
            found.update(given_names(operation.items))
        elif isinstance(operation, Parallel):
            found.update(dict.fromkeys(operation.branches, item))
    return found


def kind_of(operation: Operation) -> str:
    """Names an operation as people do: `Linear`, `conv_bn`, `residual`."""
    if isinstance(operation, (Layer, Function)):
        return operation.call.name
    if isinstance(operation, BlockCall):
        return operation.block
    if isinstance(operation, Loop):
        return operation.kind
    if isinstance(operation, Rearrangement):
        return operation.verb
    if isinstance(operation, NetworkCall):
        return operation.network
    if isinstance(operation, (Sequential, ParameterTensor)):
        return "Parameter" if isinstance(operation, ParameterTensor) else "Sequential"
    return type(operation).__name__.lower()
