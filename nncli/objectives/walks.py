"""A walk over expressions that call networks: values recorded on one graph, which becomes a module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, final

import torch
from torch import Tensor, fx, nn

from nncli.columns.targets import TargetSpec
from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.network.calls.signatures import layer_classes
from nncli.network.compiled import CompiledNetwork
from nncli.network.functions.expressions import compute
from nncli.network.graph.tape import NOWHERE, Spot, Tape
from nncli.network.graph.values import Value
from nncli.network.graph.visible_values import Found, Named, Names
from nncli.network.items.frames import Build, Frame
from nncli.network.items.inputs import input_values
from nncli.network.items.layer_names import Namer
from nncli.objectives.environment import UpdateEnvironment
from nncli.spec.expressions import FunctionCall, walked
from nncli.spec.functions import names_in
from nncli.spec.items import Assignment, Constant
from nncli.spec.network_spec import InputSpec, NetworkSpec
from nncli.spec.tensor_expressions import Computation

RANDOM: Final = frozenset(names_in("Random"))
ROWS: Final = "batch"
"""What a module takes to know how many rows a batch has, and where it lies: zeros (B,)."""


@dataclass(frozen=True)
class Batch:
    """What a batch offers to expressions: inputs and targets of the data, as they are declared."""

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    declared: Mapping[str, Constant]
    own_layers: Mapping[str, type[nn.Module]] = field(default_factory=dict)


@final
class Walk:
    """Records expressions in order; each sees the names of those before it.

    `numbers` are values without axes that a caller gives, such as `step`. `carried` are values of another
    walk, which a caller gives too. Problems are collected in `build`.
    """

    def __init__(
        self,
        networks: Mapping[str, CompiledNetwork],
        batch: Batch,
        constants: Mapping[str, Tensor | None],
        numbers: Mapping[str, Tensor],
        carried: Mapping[str, Value] | None = None,
    ) -> None:
        others: dict[str, tuple[NetworkSpec, CompiledNetwork | None]] = {
            name: (network.spec, network) for name, network in networks.items()
        }
        self._networks = networks
        self.build = Build(Tape(), batch.declared, {**layer_classes(), **batch.own_layers}, others)
        self.names, first = self._values(batch, constants, numbers, carried or {})
        self.environment = UpdateEnvironment(self.build, Frame(Namer("", ()), self.names, None), first)

    def _values(
        self,
        batch: Batch,
        constants: Mapping[str, Tensor | None],
        numbers: Mapping[str, Tensor],
        carried: Mapping[str, Value],
    ) -> tuple[Names, Value]:
        """Records what can flow in, and what is always the same; the rows are those of the second."""
        tape = self.build.tape
        rows = tape.graph.placeholder(ROWS)
        # As many zeros as the batch has rows: it knows their number and where the batch lies.
        first: Value = tape.recorded(rows, torch.zeros(2), Spot(NOWHERE, "", ROWS), (3,))
        targets = {name: _described(spec) for name, spec in batch.targets.items()}
        columns = input_values(tape, {**targets, **batch.inputs})
        own = {name: Named(value) for name, value in columns.items()}
        for name, sample in numbers.items():
            node = tape.graph.placeholder(name)
            own[name] = Named(tape.recorded(node, sample, Spot(NOWHERE, "", name), ()))
        for name, value in carried.items():
            node = tape.graph.placeholder(name)
            node.meta.update(value.node.meta)
            own[name] = Named(replace(value, node=node))
        fixed = {}
        for name, tensor in constants.items():
            if tensor is None:
                fixed[name] = Named(is_broken=True)
                continue
            self.build.root.register_buffer(name, tensor, persistent=False)
            fixed[name] = Named(tape.attribute(name, tensor, Spot(NOWHERE, f"constants.{name}", name)))
        self._offered = {**own, ROWS: Named(first)}
        return Names(Names(None, fixed), own), first

    def apply(self, name: str, spot: Spot) -> None:
        """Applies a network to the batch; its outputs have their names."""
        given = [self.names.own[each].value for each in self.build.inputs_of(name)]
        self.environment.path = spot.path
        self.environment.call(name, tuple(given), {}, spot)
        called = self.environment.called
        assert called is not None
        for each in self._networks[name].outputs:
            self.names.own[each] = called.parts.get(each) or Named(called.value)

    def assign(self, assignment: Assignment, path: str) -> None:
        """Records one line of `compute:`."""
        environment = self.environment
        environment.path, environment.called = path, None
        try:
            result: Found = compute(assignment.computation, environment)
            values = result if isinstance(result, tuple) else (result,)
            if len(assignment.names) > 1 and result is not None and len(values) != len(assignment.names):
                facts: dict[str, object] = {"names": list(assignment.names), "count": len(values)}
                raise failure("unpack-count", assignment.place, path, **facts)
        except NncliError as error:
            self.build.report(error.problems)
            result = None
        for position, name in enumerate(assignment.names):
            one = result if len(assignment.names) == 1 else values[position] if result is not None else None
            is_call = isinstance(assignment.computation.expression, FunctionCall)
            named = environment.called if is_call and len(assignment.names) == 1 else None
            if named is None or named.value is not one:
                named = Named(one, is_broken=one is None)
            self.names.own[name] = named

    def finish(self, values: Sequence[Value], class_name: str) -> tuple[fx.GraphModule, tuple[str, ...]]:
        """Makes a module that gives some values, and names what it takes, in order."""
        graph, feeds = self.build.tape.graph, []
        graph.output(tuple(value.node for value in values))
        offered: dict[fx.Node, str] = {}
        for name, named in self._offered.items():
            assert isinstance(named.value, Value)
            offered[named.value.node] = name
            mask = named.value.mask
            if mask is not None and mask.node.op == "placeholder":
                offered[mask.node] = f"{name}.mask"
        graph.eliminate_dead_code(is_impure_node=lambda node: node.op in ("placeholder", "output"))
        for node in list(graph.nodes):
            if node.op == "placeholder" and node.users:
                feeds.append(offered[node])
            elif node.op == "placeholder":
                graph.erase_node(node)
        return fx.GraphModule(self.build.root, graph, class_name=class_name), tuple(feeds)


def _described(spec: TargetSpec) -> InputSpec:
    """Describes a target as the data holds it, as something that flows in."""
    if spec.type in ("category", "binary"):
        return InputSpec(spec.shape, "index", len(spec.classes) or None, spec.has_mask)
    return InputSpec(spec.shape, "number", None, spec.has_mask)


def calls_in(computations: Iterable[Computation]) -> set[str]:
    """Names what expressions call."""
    parts = (part for each in computations for part in walked(each.expression))
    return {part.name for part in parts if isinstance(part, FunctionCall)}
