"""The result of compiling: a plain module, and the record of every call in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from nncli.errors import Place
from nncli.spec.items import InputSpec, NetworkSpec


@dataclass(frozen=True)
class LayerCall:
    """One layer of the compiled network, in the order in which it runs.

    Shapes: `input_shapes` and `output_shape` have two rows first. `parameters` counts numbers; a
    shared weight counts where it is first used.
    """

    name: str
    type: str
    place: Place
    path: str
    input_shapes: tuple[tuple[int, ...], ...]
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class CompiledNetwork:
    """A network ready to run.

    `module` takes the tensors of `inputs` in order and returns one tensor; its forward is
    straight-line code. `output_shape` leaves the rows out. `resolved` is the network as a spec
    in which every argument, size and input is stated.
    """

    module: nn.Module
    inputs: Mapping[str, InputSpec]
    calls: tuple[LayerCall, ...]
    output_shape: tuple[int, ...]
    resolved: NetworkSpec

    def parameters(self) -> int:
        """Counts the numbers in the network's weights; a shared weight counts once."""
        return sum(weight.numel() for weight in self.module.parameters())
