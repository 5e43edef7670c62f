"""How a value came to be: the shapes on its way, told where something does not fit"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from torch import fx

from nncli.errors import Place
from nncli.network.graph.values import Value, shown_sizes

STEPS: Final = 4
# More ways than these are noise: the first differ from the rest, or all are alike.
MOST_WAYS: Final = 3


def ways_to(values: Iterable[Value], label: str, place: Place) -> list[str]:
    """Writes how each value came to a spot, at most four steps back along the first inputs.

    `label` is what stands at the spot: `image [batch, 3, 32, 32] → Conv2d [batch, 8, 30, 30] (line 5)
    → Linear (line 6)`.
    """
    end = f"{label} ({_line(place, place)})"
    ways = [" → ".join([*_way(value.node, place), end]) for value in values]
    return list(dict.fromkeys(ways))[:MOST_WAYS]


def _way(node: fx.Node, place: Place) -> list[str]:
    steps: list[str] = []
    before: fx.Node | None = node
    last: fx.Node | None = None
    while before is not None and len(steps) < STEPS:
        if "shape" in before.meta and not (last is not None and _is_one_item(last, before)):
            steps.append(_step(before, place))
            last = before
        before = _first_input(before)
    if before is not None:
        steps.append("…")
    return steps[::-1]


def _is_one_item(node: fx.Node, before: fx.Node) -> bool:
    """Tells whether two calls stand in one expression, or are parts of one result."""
    calls = node.op == before.op == "call_function"
    return calls and node.meta.get("path") == before.meta.get("path")


def _first_input(node: fx.Node) -> fx.Node | None:
    """Finds what flowed in first; a learned tensor or a constant only where nothing else did."""
    # How many rows there are is no value on its way.
    inputs = [each for each in node.all_input_nodes if each.target != "size"]
    flowing = [each for each in inputs if each.op != "get_attr"]
    return next(iter(flowing or inputs), None)


def _step(node: fx.Node, place: Place) -> str:
    label = str(node.meta.get("label", node.name))
    if not label[:1].isalpha():
        # An operator stands for the expression around it.
        label = "compute"
    text = f"{label} {shown_sizes(node)}"
    where = node.meta.get("place")
    return f"{text} ({_line(where, place)})" if where is not None and where.file else text


def _line(where: Place, place: Place) -> str:
    of = "" if where.file == place.file else f" of {where.file}"
    return f"line {where.line}{of}"
