"""How many rows a recipe makes at a time: as many as fit, whatever machine it runs on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from torch import fx

from nncli.network.graph.values import ROWS

MOST_ROWS: Final = 256
MOST_BYTES: Final = 512 * 2**20
_NUMBER_BYTES: Final = 4


def rows_at_once(modules: Iterable[fx.GraphModule]) -> int:
    """Chooses a power of two, at most 256, so that what is alive at once stays below 512 MiB.

    Recorded shapes tell: what is drawn depends on how many rows are drawn together, so that a machine with
    more memory must not take more.
    """
    each = max((row_bytes(module) for module in modules), default=0)
    rows = MOST_ROWS
    while rows > 1 and rows * each > MOST_BYTES:
        rows //= 2
    return rows


def row_bytes(module: fx.GraphModule) -> int:
    """Counts the most bytes that one row has alive at once, with each value kept until its last use."""
    nodes = list(module.graph.nodes)
    last = {used: place for place, node in enumerate(nodes) for used in node.all_input_nodes}
    gone: dict[int, list[fx.Node]] = {}
    for node, place in last.items():
        gone.setdefault(place, []).append(node)
    alive = most = 0
    for place, node in enumerate(nodes):
        alive += _bytes(node)
        most = max(most, alive)
        alive -= sum(_bytes(each) for each in gone.get(place, ()))
    return most


def _bytes(node: fx.Node) -> int:
    """Counts the bytes of a row in what a node gives: a part of two rows, of which shapes are recorded."""
    shape = node.meta.get("shape")
    return _NUMBER_BYTES * math.prod(shape) // ROWS if shape else 0
