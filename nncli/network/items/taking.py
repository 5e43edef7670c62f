"""Which of several results of an item flows on: `take: last`, `take: weights`, `take: 0`."""

from __future__ import annotations

from dataclasses import replace

from nncli.messages.catalogue import failure, nearest
from nncli.network.beyond_torch.masked_functions import last_valid
from nncli.network.graph.tape import Spot
from nncli.network.graph.values import Value
from nncli.network.graph.visible_values import Named
from nncli.network.items.frames import Build
from nncli.network.items.function_items import record
from nncli.network.items.layer_names import kind_of
from nncli.spec.items import Compute, Function, Item, Layer


def take(build: Build, item: Item, named: Named, name: str) -> Named:
    """Picks a result of an item that is called `name`, and notes what flows on for summaries.

    Raises SpecError `take-unknown`.
    """
    taken = _taken(build, item, named)
    first = taken.value[0] if isinstance(taken.value, tuple) and taken.value else taken.value
    if isinstance(item.operation, (Layer, Function, Compute)) and isinstance(first, Value):
        build.hand_on(first)
    elif item.take and item.take.text not in named.parts:
        scope = name.rpartition(".")[0]
        record(build, item, (f"{scope}.last" if scope else "last", "last"), (named.value,), first, "take")
    return taken


def _taken(build: Build, item: Item, named: Named) -> Named:
    """Picks one of several results: `take: last`, `take: weights`, `take: 0`.

    Raises SpecError `take-unknown`.
    """
    assert item.take is not None
    word = item.take.text
    if named.is_broken or named.value is None:
        return replace(named, value=None)
    value = named.value
    if word in named.parts:
        taken = named.parts[word].value
        results = [Named(each) for each in taken] if isinstance(taken, tuple) else []
        return replace(named, value=taken, results=results)
    if word == "last" and isinstance(value, Value) and value.time == 1:
        spot = Spot(item.place, item.path, "take: last")
        mask = () if value.mask is None else (value.mask,)
        made: Value = build.tape.call(last_valid, (value, *mask), {}, spot)
        return replace(named, value=replace(made, channels=1))
    known = [part for part in named.parts if not part.isdigit()] or list(named.parts)
    facts = {"layer": kind_of(item.operation), "take": word, "nearest": nearest(word, known), "known": known}
    raise failure("take-unknown", item.take.place, f"{item.path}.take", **facts)
