"""What is known about a value that flows through the network while it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

import torch
from torch import fx

from nncli.errors import Place
from nncli.spec.items import InputSpec

# Two rows: one row fails in batch normalisation, and two tell rows from a width of one.
ROWS: Final = 2
# Larger inputs are followed by their shape alone.
MOST_VALUES: Final = 2**25


@dataclass(frozen=True)
class Value:
    """The record of one value: its sizes, axes and where it comes from.

    Shapes: `shape` has the rows first. `channels` is the axis that layers read as channels, None
    where nobody knows. `vocabulary` counts the values of an index. `sample` has `shape` and holds
    two rows that ran through the network.
    """

    node: fx.Node
    sample: torch.Tensor
    origin: str
    place: Place | None
    channels: int | None
    vocabulary: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape with two rows first."""
        return tuple(self.sample.shape)


def shown(shape: tuple[int, ...]) -> str:
    """Writes a shape for people, rows as `batch`: `[batch, 32, 8, 8]`."""
    return "[" + ", ".join(["batch", *(str(size) for size in shape[1:])]) + "]"


def input_value(node: fx.Node, name: str, spec: InputSpec, place: Place | None) -> Value:
    """Starts the record of a network's input with two rows of zeros."""
    index = spec.type in ("index", "category")
    shape, kind = (ROWS, *spec.shape), torch.int64 if index else torch.float32
    sample = torch.zeros(shape, dtype=kind, device="meta" if prod(shape) > MOST_VALUES else "cpu")
    channels = None if index else 1 if spec.type == "image" or len(spec.shape) == 1 else None
    return Value(node, sample, name, place, channels, spec.vocabulary)


def describe(inputs: Mapping[str, InputSpec]) -> list[str]:
    """Writes inputs for people: `image [1, 8, 8]`."""
    return [f"{name} {list(spec.shape)}" for name, spec in inputs.items()]
