"""What is known about a value that flows through the network while it is compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import fx

from nncli.errors import Place
from nncli.spec.network_spec import InputSpec

Shape: TypeAlias = tuple[int, ...]

# Two rows: one row fails in batch normalisation, and two tell rows from a width of one.
ROWS: Final = 2
# Larger inputs are followed by their shape alone.
MOST_VALUES: Final = 2**25


@dataclass(frozen=True, eq=False)
class Value:
    """The record of one value: its sizes, axes, mask and where it comes from.

    Shapes: `shape` has the rows first. `channels` and `time` are the axes that layers read as such,
    None where nobody knows. `mask` is bool (rows, steps) over the time axis, true where a step is
    valid; None where all are. `vocabulary` counts the values of an index, `rate` the steps of time in a
    second. `sample` has `shape` and holds two rows that ran through the network. Where `is_arranged`, the
    author has put the axes in this order, so that no layer is told that it works on the wrong one.
    """

    node: fx.Node
    sample: torch.Tensor
    origin: str
    place: Place | None
    channels: int | None = None
    time: int | None = None
    mask: Value | None = None
    vocabulary: int | None = None
    is_arranged: bool = False
    rate: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape with two rows first."""
        return tuple(self.sample.shape)

    @property
    def wider(self) -> Shape | None:
        """The shape with three rows; None where nobody knows."""
        return self.node.meta.get("wider")

    @property
    def sizes(self) -> str:
        """Writes its shape for people: `[batch, 32]`."""
        return shown_sizes(self.node)

    @property
    def mask_steps(self) -> int | None:
        """How many steps the mask speaks of."""
        return self.mask.shape[1] if self.mask is not None else None

    def rate_in(self, made: Value) -> int | None:
        """Tells the rate of a result: that of this value, where it has as many steps."""
        if self.time is None or made.time is None or self.shape[self.time] != made.shape[made.time]:
            return None
        return self.rate

    @property
    def is_index(self) -> bool:
        """Tells whether its numbers are whole: indices, or truths."""
        return not (self.sample.dtype.is_floating_point or self.sample.dtype.is_complex)


@dataclass(frozen=True, eq=False)
class Count:
    """A whole number that only a batch knows, such as its rows.

    `number` is that of two rows, `wider` that of three, None where nobody knows; `of` is what was counted.
    """

    node: fx.Node
    number: int
    wider: int | None
    of: Value


def values_in(value: object) -> Iterator[Value]:
    """Walks the Values inside arguments."""
    if isinstance(value, Value):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from values_in(each)
    elif isinstance(value, dict):
        yield from values_in(list(value.values()))


@dataclass(frozen=True, eq=False)
class DeviceOf:
    """The device of a value, which only a batch knows: where new tensors are made."""

    node: fx.Node


def shown(shape: tuple[int, ...]) -> str:
    """Writes a shape for people, rows as `batch`: `[batch, 32, 8, 8]`."""
    first = ["batch"] if shape[:1] == (ROWS,) else [str(size) for size in shape[:1]]
    return "[" + ", ".join([*first, *(str(size) for size in shape[1:])]) + "]"


def shown_sizes(node: fx.Node) -> str:
    """Writes the shape of what a node gives; every axis that grows with the rows is `batch`."""
    return f"[{', '.join(axis_texts(node))}]"


def axis_texts(node: fx.Node) -> list[str]:
    """Writes the size of every axis of what a node gives; of those that grow with the rows `batch`."""
    shape, wider = node.meta["shape"], node.meta.get("wider")
    if wider is None:
        return ["batch" if at == 0 and size == ROWS else str(size) for at, size in enumerate(shape)]
    return list(map(_shown_size, shape, wider))


def _shown_size(size: int, wider: int) -> str:
    if size == wider:
        return str(size)
    if size * (ROWS + 1) != wider * ROWS:
        return "…"
    return "batch" if size == ROWS else f"{size // ROWS} * batch"


def axes_counted(count: int) -> str:
    """Writes how many axes there are: `1 axis`, `3 axes`."""
    return "1 axis" if count == 1 else f"{count} axes"


def describe(inputs: Mapping[str, InputSpec]) -> list[str]:
    """Writes inputs for people: `image [1, 8, 8]`."""
    return [f"{name} {list(spec.shape)}" for name, spec in inputs.items()]
