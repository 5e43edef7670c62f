"""Which call of a forward gave the first numbers that are not finite: a layer, an expression or a loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, fx


@dataclass(frozen=True, slots=True)
class Origin:
    """A node whose result is not finite though all that flowed into it is.

    `largest` is the largest number that flowed in, `result` what came out.
    """

    node: fx.Node
    largest: float
    result: Tensor


@final
class Watch(fx.Interpreter):
    """Runs a graph call by call, and notes which results are not finite, and how large what comes out is."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self._graph = module.graph
        self._spoilt: set[fx.Node] = set()
        self._origins: dict[fx.Node, Origin] = {}
        self.largest = 0.0

    def run_node(self, n: fx.Node) -> Any:
        """Runs one call."""
        result = super().run_node(n)
        if n.op == "output":
            self.largest = max(map(_largest, _tensors(result)), default=0.0)
        # What flows in is looked at where it is taken from, in the data and in the weights.
        if n.op in ("placeholder", "get_attr", "output"):
            return result
        wrong = next((each for each in _tensors(result) if not _is_finite(each)), None)
        if wrong is not None:
            self._spoilt.add(n)
            if not any(each in self._spoilt for each in n.all_input_nodes):
                given = [each for node in n.all_input_nodes for each in _tensors(self.env.get(node))]
                self._origins[n] = Origin(n, max(map(_largest, given), default=0.0), wrong.detach())
        return result

    @property
    def origin(self) -> Origin | None:
        """The first that what comes out depends on: a mask of infinities that ends in a softmax is none."""
        (output,) = self._graph.find_nodes(op="output")
        waiting, seen = [output], set[fx.Node]()
        while waiting:
            for each in waiting.pop().all_input_nodes:
                if each in self._spoilt and each not in seen:
                    seen.add(each)
                    waiting.append(each)
        return next((found for node, found in self._origins.items() if node in seen), None)


@contextmanager
def watched(modules: Iterable[object]) -> Iterator[list[Watch]]:
    """Watches the forward of graphs while the block runs; each call of one is a watch of its own."""
    watches: list[Watch] = []
    changed: list[tuple[fx.GraphModule, Any]] = []
    for module in modules:
        if isinstance(module, fx.GraphModule):

            def forward(*inputs: Any, module: fx.GraphModule = module) -> Any:
                watches.append(Watch(module))
                return watches[-1].run(*inputs)

            changed.append((module, module.__dict__.get("forward")))
            module.__dict__["forward"] = forward
    try:
        yield watches
    finally:
        for module, before in changed:
            del module.__dict__["forward"]
            if before is not None:
                module.__dict__["forward"] = before


def _tensors(value: object) -> Iterator[Tensor]:
    """Walks over the tensors with decimals in a result."""
    if isinstance(value, Tensor):
        if value.is_floating_point() and value.numel():
            yield value
    elif isinstance(value, Mapping):
        yield from (each for one in value.values() for each in _tensors(one))
    elif isinstance(value, (tuple, list)):
        yield from (each for one in value for each in _tensors(one))


def _is_finite(tensor: Tensor) -> bool:
    return bool(tensor.detach().isfinite().all())


def _largest(tensor: Tensor) -> float:
    """Gives the largest number of a tensor without its sign; those that are not finite are left out."""
    sizes = tensor.detach().abs()
    return float(torch.where(sizes.isfinite(), sizes, torch.zeros_like(sizes)).max())
