"""UpdateSpecs to CompiledUpdates: one module for each, whose forward is straight-line code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

import torch
from torch import Tensor, fx, nn

from nncli.columns.targets import TargetSpec
from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure, failures
from nncli.network.calls.signatures import layer_classes
from nncli.network.compiled import CompiledNetwork
from nncli.network.functions.expressions import Hidden, compute
from nncli.network.graph.tape import NOWHERE, Spot, Tape
from nncli.network.graph.values import Value
from nncli.network.graph.visible_values import Found, Named, Names
from nncli.network.items.frames import Build, Frame
from nncli.network.items.inputs import input_values
from nncli.network.items.layer_names import Namer
from nncli.objectives.environment import UpdateEnvironment
from nncli.objectives.recording import record_term
from nncli.spec.expressions import FunctionCall, walked
from nncli.spec.functions import names_in
from nncli.spec.items import Assignment, Constant
from nncli.spec.network_spec import InputSpec, NetworkSpec
from nncli.spec.spec import Spec
from nncli.spec.tensor_parsing import TRAINING_FUNCTIONS
from nncli.spec.updates import EPOCH, STEP, UpdateSpec

_RANDOM: Final = frozenset(names_in("Random"))
NUMBERS: Final = (STEP, EPOCH)


@dataclass(frozen=True)
class CompiledUpdate:
    """One change of weights within a step, ready to run.

    `module` takes the values that `feeds` names, in order: columns of the batch, `NAME.mask`, `step` and
    `epoch` as numbers without axes. It returns the loss, and behind it those `terms` that have a name, as
    they count in it.
    Only `networks` get gradients. `draws` tells that an expression draws random numbers, `has_gradients`
    that one holds a gradient.
    """

    spec: UpdateSpec
    module: fx.GraphModule
    feeds: tuple[str, ...]
    terms: tuple[str, ...]
    draws: bool
    has_gradients: bool

    @property
    def name(self) -> str:
        """What it is called in figures and checkpoints."""
        return self.spec.name

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the batch that it takes."""
        return frozenset(name.removesuffix(".mask") for name in self.feeds) - frozenset(NUMBERS)

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks whose weights it changes."""
        return tuple(each.text for each in self.spec.networks)


@dataclass(frozen=True)
class Batch:
    """What a batch offers to updates: inputs and targets of the data, as they are declared."""

    inputs: Mapping[str, InputSpec]
    targets: Mapping[str, TargetSpec]
    declared: Mapping[str, Constant]
    own_layers: Mapping[str, type[nn.Module]] = field(default_factory=dict)


def compile_updates(
    specs: Iterable[UpdateSpec],
    networks: Mapping[str, CompiledNetwork],
    batch: Batch,
    constants: Mapping[str, Tensor | None],
) -> tuple[CompiledUpdate, ...]:
    """Compiles the updates of a training over networks that are compiled.

    Raises SpecError with every problem found: `update-unmoved`, `term-shape`, `term-form-number`,
    `network-argument`, `gradient-form`, what losses raise, and what expressions raise.
    """
    problems: list[Problem] = []
    found = []
    for spec in specs:
        try:
            found.append(_Compiler(spec, networks, batch, constants).run())
        except NncliError as error:
            problems.extend(each for each in error.problems if each not in problems)
    if problems:
        raise failures(problems)
    return tuple(found)


def refuse_metrics(spec: Spec) -> None:
    """Refuses `metrics:` beside updates, which say no outputs. Raises SpecError: `metrics-updates`."""
    if spec.training is not None and spec.training.metrics:
        raise failure("metrics-updates", spec.training.metrics[0].place, "training.metrics")


@final
class _Compiler:
    """Compiles one update."""

    def __init__(
        self,
        spec: UpdateSpec,
        networks: Mapping[str, CompiledNetwork],
        batch: Batch,
        constants: Mapping[str, Tensor | None],
    ) -> None:
        others: dict[str, tuple[NetworkSpec, CompiledNetwork | None]] = {
            name: (network.spec, network) for name, network in networks.items()
        }
        self._spec = spec
        self._networks = networks
        kinds = {**layer_classes(), **batch.own_layers}
        self._build = Build(Tape(), batch.declared, kinds, others)
        self._targets = batch.targets
        self._names = self._values(batch, constants)
        self._frame = Frame(Namer("", ()), self._names, None)
        first = self._columns[0] if self._columns else None
        self._environment = UpdateEnvironment(self._build, self._frame, first)

    def run(self) -> CompiledUpdate:
        """Walks the update from top to bottom."""
        if self._spec.is_applied:
            self._apply(self._spec.networks[0].text)
        for assignment in self._spec.compute:
            self._assign(assignment)
        tape, values = self._build.tape, []
        named: dict[str, Value] = {}
        for term in self._spec.terms:
            try:
                values.append(record_term(term, self._build, self._environment, self._targets))
                named |= {term.name: values[-1]} if term.name else {}
            except Hidden:
                continue
            except NncliError as error:
                self._build.report(error.problems)
        if self._build.problems or len(values) < len(self._spec.terms):
            raise failures(self._build.problems)
        total = values[0]
        for value in values[1:]:
            spot = Spot(self._spec.place, self._spec.path, "+")
            total = tape.call(torch.add, (total, value), {}, spot)
        tape.graph.output((total.node, *(value.node for value in named.values())))
        self._refuse_unmoved(total)
        return self._finished(tuple(named))

    def _values(self, batch: Batch, constants: Mapping[str, Tensor | None]) -> Names:
        """Records what can flow in, and what is the same in every step."""
        tape = self._build.tape
        targets = {name: _described(spec) for name, spec in batch.targets.items()}
        # The inputs come first: the rows and the device of the batch are theirs.
        others = {name: given for name, given in targets.items() if name not in batch.inputs}
        columns = input_values(tape, {**batch.inputs, **others})
        self._columns = list(columns.values())
        own = {name: Named(value) for name, value in columns.items()}
        for name in NUMBERS:
            node = tape.graph.placeholder(name)
            own[name] = Named(tape.recorded(node, torch.zeros(()), Spot(NOWHERE, "", name), ()))
        fixed = {}
        for name, tensor in constants.items():
            if tensor is None:
                fixed[name] = Named(is_broken=True)
                continue
            self._build.root.register_buffer(name, tensor, persistent=False)
            fixed[name] = Named(tape.attribute(name, tensor, Spot(NOWHERE, f"constants.{name}", name)))
        return Names(Names(None, fixed), own)

    def _apply(self, name: str) -> None:
        """Applies a network to the batch; its outputs have their names."""
        network = self._networks[name]
        given = [self._names.own[each].value for each in self._build.inputs_of(name)]
        self._environment.path = self._spec.path
        self._environment.call(name, tuple(given), {}, Spot(self._spec.place, self._spec.path, name))
        called = self._environment.called
        assert called is not None
        for each in network.outputs:
            self._names.own[each] = called.parts.get(each) or Named(called.value)

    def _assign(self, assignment: Assignment) -> None:
        environment = self._environment
        environment.path, environment.called = f"{self._spec.path}.compute", None
        try:
            result: Found = compute(assignment.computation, environment)
            values = result if isinstance(result, tuple) else (result,)
            if len(assignment.names) > 1 and result is not None and len(values) != len(assignment.names):
                facts: dict[str, object] = {"names": list(assignment.names), "count": len(values)}
                raise failure("unpack-count", assignment.place, environment.path, **facts)
        except NncliError as error:
            self._build.report(error.problems)
            result = None
        for position, name in enumerate(assignment.names):
            one = result if len(assignment.names) == 1 else values[position] if result is not None else None
            is_call = isinstance(assignment.computation.expression, FunctionCall)
            named = environment.called if is_call and len(assignment.names) == 1 else None
            if named is None or named.value is not one:
                named = Named(one, is_broken=one is None)
            self._names.own[name] = named

    def _refuse_unmoved(self, total: Value) -> None:
        """Refuses an update whose loss does not depend on what it updates. Raises `update-unmoved`."""
        behind: set[fx.Node] = set()
        waiting = [total.node]
        while waiting:
            node = waiting.pop()
            if node not in behind:
                behind.add(node)
                waiting.extend(node.all_input_nodes)
        reached = {str(node.target) for node in behind if node.op in ("call_module", "get_attr")}
        for each in self._spec.networks:
            if not any(target.startswith(f"{each.text}.") for target in reached):
                raise failure("update-unmoved", each.place, f"{self._spec.path}.update", network=each.text)

    def _finished(self, terms: tuple[str, ...]) -> CompiledUpdate:
        graph, feeds = self._build.tape.graph, []
        offered: dict[str, fx.Node] = {}
        for name, named in self._names.own.items():
            value = named.value
            if isinstance(value, Value) and value.node.op == "placeholder":
                offered[name] = value.node
                if value.mask is not None and value.mask.node.op == "placeholder":
                    offered[f"{name}.mask"] = value.mask.node
        graph.eliminate_dead_code(is_impure_node=lambda node: node.op in ("placeholder", "output"))
        order = {node: position for position, node in enumerate(graph.nodes)}
        for name, node in sorted(offered.items(), key=lambda each: order[each[1]]):
            if node.users:
                feeds.append(name)
            else:
                graph.erase_node(node)
        module = fx.GraphModule(self._build.root, graph, class_name="Update")
        called = _called(self._spec)
        draws, has_gradients = bool(called & _RANDOM), bool(called & set(TRAINING_FUNCTIONS))
        return CompiledUpdate(self._spec, module, tuple(feeds), terms, draws, has_gradients)


def _described(spec: TargetSpec) -> InputSpec:
    """Describes a target as the data holds it, as something that flows in."""
    if spec.type in ("category", "binary"):
        return InputSpec(spec.shape, "index", len(spec.classes) or None, spec.has_mask)
    return InputSpec(spec.shape, "number", None, spec.has_mask)


def _called(spec: UpdateSpec) -> set[str]:
    """Names what the expressions of an update call."""
    found = [assignment.computation for assignment in spec.compute]
    for term in spec.terms:
        found.extend(each for each in (term.computation, term.weight, term.where) if each is not None)
    parts = (part for each in found for part in walked(each.expression))
    return {part.name for part in parts if isinstance(part, FunctionCall)}
