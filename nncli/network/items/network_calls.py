"""Networks that are layers of others: the order in which they are compiled, and how large they become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nncli.errors import SpecError
from nncli.messages.catalogue import failure
from nncli.spec.budget import MOST_ITEMS
from nncli.spec.items import BlockCall, Item, Loop, NetworkCall, Operation, Parallel, Residual, Sequential
from nncli.spec.network_spec import NetworkSpec


def in_order(specs: Mapping[str, NetworkSpec]) -> dict[str, frozenset[str]]:
    """Orders networks so that each comes behind those that are layers of it, with all that are inside it.

    Raises SpecError without problems for a circle, which the reader of the spec has told, and
    `spec-too-large` where networks inside networks become too many items.
    """
    calls = {name: [*_calls(spec.layers)] for name, spec in specs.items()}
    within: dict[str, frozenset[str]] = {}
    items: dict[str, int] = {}
    while len(within) < len(specs):
        waiting = {name: frozenset(filter(None, calls[name])) for name in specs if name not in within}
        ready = {name: called for name, called in waiting.items() if called <= within.keys()}
        if not ready:
            raise SpecError
        for name, called in ready.items():
            within[name] = called.union(*(within[each] for each in called))
            items[name] = sum(items[each] if each else 1 for each in calls[name])
            if sum(items.values()) > MOST_ITEMS:
                raise failure(
                    "spec-too-large", specs[name].place, f"networks.{name}", limit=f"{MOST_ITEMS:,} items"
                )
    return within


def _calls(items: Iterable[Item]) -> Iterator[str]:
    """Names the network that each item calls, nothing for all other items, those inside others too."""
    for item in items:
        yield item.operation.network if isinstance(item.operation, NetworkCall) else ""
        for inner in _inside(item.operation):
            yield from _calls(inner)


def _inside(operation: Operation) -> Iterable[Iterable[Item]]:
    if isinstance(operation, (Sequential, BlockCall)):
        yield operation.items
    elif isinstance(operation, Residual):
        yield operation.items
        yield operation.shortcut if isinstance(operation.shortcut, tuple) else ()
    elif isinstance(operation, Parallel):
        yield from operation.branches.values()
    elif isinstance(operation, Loop):
        yield (copy.item for copy in operation.copies)
