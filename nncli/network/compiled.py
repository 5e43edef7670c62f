"""The result of compiling: a plain module, and the record of every call in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from torch import Tensor, fx, nn

from nncli.errors import Place
from nncli.spec.network_spec import InputSpec, NetworkSpec
from nncli.spec.weights import WeightsSpec


@dataclass(frozen=True)
class LayerCall:
    """One call of the compiled network, in the order in which it runs.

    Shapes: `input_shapes` and `output_shape` have two rows first. `name` is that of its weights, or
    for a function an automatic one; `is_layer` tells whether a module stands behind it. `parameters`
    counts numbers; a shared weight counts where it is first used, and elsewhere `has_shared` tells of it.
    `node` names the node in the graph
    that carries its result, `nodes` all that belong to it: what fills padding, the parts of an expression.
    `mask` names the padding mask beside the result. `visit` numbers the calls of other networks, 0 outside.
    """

    name: str
    type: str
    place: Place
    path: str
    input_shapes: tuple[tuple[int, ...], ...]
    output_shape: tuple[int, ...]
    parameters: int
    is_layer: bool = True
    node: str = ""
    mask: str = ""
    nodes: frozenset[str] = frozenset()
    visit: int = 0
    has_shared: bool = False


class Norm(NamedTuple):
    """A function of torch.nn.utils.parametrizations with its arguments, for a layer or a `part` inside it."""

    function: str
    arguments: Mapping[str, object]
    part: str = ""


class Construction(NamedTuple):
    """A layer of the module: its class, all its arguments as they are bound, and the norms of its weights."""

    kind: type[nn.Module]
    arguments: Mapping[str, object]
    norms: tuple[Norm, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightsWish:
    """Weights from elsewhere for the part of a network below `prefix`; empty for the whole."""

    prefix: str
    weights: WeightsSpec


@dataclass(frozen=True)
class CompiledNetwork:
    """A network ready to run.

    `module` takes the tensors of `inputs` in order, each mask behind its input, and returns one
    tensor, or a tuple of several in the order of `outputs`; its forward is straight-line code.
    Shapes in `outputs` leave the rows out. `constructions` says how each layer is made, `ties` which
    parameters are another's, `frozen` which modules stay in eval mode. `weights` is still to be
    loaded.
    """

    module: fx.GraphModule
    inputs: Mapping[str, InputSpec]
    calls: tuple[LayerCall, ...]
    outputs: Mapping[str, tuple[int, ...]]
    spec: NetworkSpec
    constructions: Mapping[str, Construction] = field(default_factory=dict)
    ties: Mapping[str, str] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()
    weights: tuple[WeightsWish, ...] = ()

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the only output, or of the first; leaves the rows out."""
        return next(iter(self.outputs.values()))

    @cached_property
    def layers(self) -> tuple[LayerCall, ...]:
        """The calls of modules, each module once."""
        first: dict[str, LayerCall] = {}
        for call in self.calls:
            if call.is_layer:
                first.setdefault(call.name, call)
        return tuple(first.values())

    def stated_inputs(self) -> dict[str, InputSpec]:
        """The inputs as a spec states them: a mask is a word of what it belongs to."""
        return {
            name: replace(given, has_mask=f"{name}.mask" in self.inputs)
            for name, given in self.inputs.items()
            if given.type != "mask"
        }

    def not_given(self, offered: Mapping[str, InputSpec]) -> list[str]:
        """Lists the inputs that are not offered as the network takes them; a mask comes with its input."""
        found = []
        for name, wanted in self.inputs.items():
            given = offered.get(name.removesuffix(".mask") if wanted.type == "mask" else name)
            if given is None or (wanted.type != "mask" and not wanted.takes(given)):
                found.append(name)
        return found

    def parameters(self) -> int:
        """Counts the numbers in the network's weights; a shared weight counts once."""
        return sum(weight.numel() for weight in self.module.parameters())


def together(networks: Mapping[str, CompiledNetwork]) -> nn.Module:
    """Makes one module whose tensors are named as in a weights file: below its name for each of several."""
    if len(networks) == 1:
        return next(iter(networks.values())).module
    whole = nn.Module()
    for name, network in networks.items():
        whole.add_module(name, network.module)
    return whole


def stored_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Names what a weights file holds: parameters and persistent buffers, each under its owner only."""
    seen: set[int] = set()
    stored = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            stored[name] = tensor
    return stored
