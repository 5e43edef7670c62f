"""Calls of a list of layers, one after the other, folded into one: a Sequential, or the body of a loop"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from torch import fx, nn

from nncli.printing.cutting import AGAIN, PART, Part
from nncli.printing.layout import is_list

# In the meta of a call of a list: which argument is passed along from layer to layer.
LOOP: Final = "loop"


def fold_lists(part: Part, module: nn.Module, built: Mapping[str, Any]) -> frozenset[str]:
    """Replaces the calls of whole lists by calls of the lists; names those that are a Sequential now.

    `module` is what the part calls, `built` its layers by their names in it.
    """
    graph = part.graph
    called = {str(node.target) for node in graph.nodes if node.op == "call_module"}
    found: set[str] = set()
    for name in _lists(module, "", called | built.keys()):
        if any(name.startswith(f"{each}.") for each in found):
            continue
        start = f"{name}."
        calls = [
            node for node in graph.nodes if node.op == "call_module" and str(node.target).startswith(start)
        ]
        if [str(node.target) for node in calls] != list(_leaves(module.get_submodule(name), name, called)):
            continue
        passed = _passed_along(part, calls)
        again = {bool(node.meta.get(AGAIN)) for node in calls}
        is_row = len(calls[0].args) == 1 and not calls[0].kwargs and again == {False}
        is_flat = len(calls) == len(module.get_submodule(name)._modules)
        if passed is None or len(again) > 1 or not (is_row or is_flat):
            continue
        folded = _replaced(part, name, calls)
        if is_row:
            found.add(name)
        else:
            folded.meta[LOOP] = passed
    return frozenset(found)


def _lists(module: nn.Module, prefix: str, leaves: set[str]) -> Iterator[str]:
    """Walks the lists of layers in a module, outer ones first."""
    for key, child in module.named_children():
        name = f"{prefix}{key}"
        if name not in leaves:
            if is_list(child) and child._modules:
                yield name
            yield from _lists(child, f"{name}.", leaves)


def _leaves(module: nn.Module, name: str, called: set[str]) -> Iterator[str]:
    """Walks what a list holds, lists inside it taken apart."""
    for key, child in module.named_children():
        own = f"{name}.{key}"
        if own not in called and is_list(child):
            yield from _leaves(child, own, called)
        else:
            yield own


def _passed_along(part: Part, calls: list[fx.Node]) -> int | None:
    """Finds the argument by which each call takes the result of the one before, all others being the same.

    None where the calls are no such row.
    """
    first = calls[0]
    positions = {node: position for position, node in enumerate(part.graph.nodes)}
    if [positions[node] - positions[first] for node in calls] != list(range(len(calls))):
        return None
    if len(calls) == 1:
        return 0 if len(first.args) == 1 and not first.kwargs else None
    taken = [at for at, value in enumerate(calls[1].args) if value is first]
    if len(taken) != 1:
        return None
    for before, call in pairwise(calls):
        expected = (*first.args[: taken[0]], before, *first.args[taken[0] + 1 :])
        if call.args != expected or call.kwargs != first.kwargs or list(before.users) != [call]:
            return None
        if before in part.used:
            return None
    return taken[0]


def _replaced(part: Part, name: str, calls: list[fx.Node]) -> fx.Node:
    first, last = calls[0], calls[-1]
    with part.graph.inserting_before(first):
        folded = part.graph.call_module(name, first.args, first.kwargs)
    folded.meta.update({key: value for key, value in last.meta.items() if key != PART})
    last.replace_all_uses_with(folded)
    part.origins[folded] = part.origins[last]
    if last in part.used:
        part.used.add(folded)
    for call in reversed(calls):
        part.used.discard(call)
        del part.origins[call]
        part.graph.erase_node(call)
    return folded
