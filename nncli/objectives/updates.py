"""UpdateSpecs to CompiledUpdates: one module for each, whose forward is straight-line code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, fx

from nncli.columns.targets import TargetSpec
from nncli.errors import NncliError, Problem, SpecError
from nncli.messages.catalogue import failure, failures
from nncli.network.compiled import CompiledNetwork
from nncli.network.functions.expressions import Hidden
from nncli.network.graph.tape import Spot
from nncli.network.graph.values import Value, shown
from nncli.objectives.recording import found_value, record_term
from nncli.objectives.walks import RANDOM, ROWS, Batch, Walk, calls_in
from nncli.spec.spec import Spec
from nncli.spec.tensor_expressions import Computation
from nncli.spec.tensor_parsing import TRAINING_FUNCTIONS
from nncli.spec.updates import EPOCH, STEP, MeasureSpec, UpdateSpec

NUMBERS: Final = (STEP, EPOCH)


@dataclass(frozen=True)
class Measured:
    """What the metrics of an update compare: a module that gives what is said and what is true, in turn.

    `targets` describe what is true in each metric: a target of the data, or numbers of any other value.
    """

    module: fx.GraphModule
    feeds: tuple[str, ...]
    metrics: tuple[MeasureSpec, ...]
    targets: tuple[TargetSpec, ...]


@dataclass(frozen=True)
class CompiledUpdate:
    """One change of weights within a step, ready to run.

    `module` takes the values that `feeds` names, in order: columns of the batch, `NAME.mask`, `step` and
    `epoch` as numbers without axes. It returns the loss, and behind it those `terms` that have a name, as
    they count in it.
    Only `networks` get gradients. `draws` tells that an expression draws random numbers, `has_gradients`
    that one holds a gradient. `measured` has what its metrics compare.
    """

    spec: UpdateSpec
    module: fx.GraphModule
    feeds: tuple[str, ...]
    terms: tuple[str, ...]
    draws: bool
    has_gradients: bool
    measured: Measured | None = None

    @property
    def name(self) -> str:
        """What it is called in figures and checkpoints."""
        return self.spec.name

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the batch that it takes."""
        feeds = (*self.feeds, *(self.measured.feeds if self.measured else ()))
        return frozenset(name.removesuffix(".mask") for name in feeds) - {*NUMBERS, ROWS}

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks whose weights it changes."""
        return tuple(each.text for each in self.spec.networks)


def compile_updates(
    specs: Sequence[UpdateSpec],
    networks: Mapping[str, CompiledNetwork],
    batch: Batch,
    constants: Mapping[str, Tensor | None],
) -> tuple[CompiledUpdate, ...]:
    """Compiles the updates of a training over networks that are compiled.

    Raises SpecError with every problem found: `update-unmoved`, `unpack-count`, and what `record_term` and
    expressions raise; one without problems where what hides a value was told where it stands.
    """
    problems: list[Problem] = []
    found = []
    for spec in specs:
        try:
            found.append(_compiled(spec, networks, batch, constants))
        except NncliError as error:
            problems.extend(each for each in error.problems if each not in problems)
    if problems:
        raise failures(problems)
    if len(found) < len(specs):
        raise SpecError
    return tuple(found)


def refuse_metrics(spec: Spec) -> None:
    """Refuses `metrics:` beside updates, which say no outputs. Raises SpecError: `metrics-updates`."""
    if spec.training is not None and spec.training.metrics:
        raise failure("metrics-updates", spec.training.metrics[0].place, "training.metrics")


def _compiled(
    spec: UpdateSpec,
    networks: Mapping[str, CompiledNetwork],
    batch: Batch,
    constants: Mapping[str, Tensor | None],
) -> CompiledUpdate:
    """Walks one update from top to bottom."""
    walk = _begun(spec, networks, batch, constants)
    values: list[Value] = []
    named: dict[str, Value] = {}
    for term in spec.terms:
        try:
            values.append(record_term(term, walk.build, walk.environment, batch.targets))
            named |= {term.name: values[-1]} if term.name else {}
        except Hidden:
            continue
        except NncliError as error:
            walk.build.report(error.problems)
    if walk.build.problems:
        raise failures(walk.build.problems)
    if not values or len(values) < len(spec.terms):
        # What hides a value was told where it stands.
        raise SpecError
    total = values[0]
    for value in values[1:]:
        total = walk.build.tape.call(torch.add, (total, value), {}, Spot(spec.place, spec.path, "+"))
    _refuse_unmoved(spec, total)
    module, feeds = walk.finish([total, *named.values()], "Update")
    called = calls_in(_expressions(spec))
    draws, has_gradients = bool(called & RANDOM), bool(called & set(TRAINING_FUNCTIONS))
    measured = _measured(spec, _begun(spec, networks, batch, constants), batch) if spec.metrics else None
    return CompiledUpdate(spec, module, feeds, tuple(named), draws, has_gradients, measured)


def _begun(
    spec: UpdateSpec,
    networks: Mapping[str, CompiledNetwork],
    batch: Batch,
    constants: Mapping[str, Tensor | None],
) -> Walk:
    """Walks what an update computes."""
    walk = Walk(networks, batch, constants, dict.fromkeys(NUMBERS, torch.zeros(())))
    if spec.is_applied:
        name = spec.networks[0].text
        walk.apply(name, Spot(spec.place, spec.path, name))
    for assignment in spec.compute:
        walk.assign(assignment, f"{spec.path}.compute")
    return walk


def _measured(spec: UpdateSpec, walk: Walk, batch: Batch) -> Measured:
    """Records what metrics compare. Raises SpecError `measure-shape`."""
    values: list[Value] = []
    targets: list[TargetSpec] = []
    for metric in spec.metrics:
        walk.environment.path = metric.path
        said, true = (found_value(source, walk.environment) for source in metric.from_)
        target = batch.targets.get(metric.from_[1].path)
        if target is None or target.type not in ("category", "number", "binary"):
            target = TargetSpec(metric.from_[1].path, "number")
        is_scored = target.type == "category" and said.sample.is_floating_point()
        axes = said.shape[:1] + said.shape[2:] if is_scored and len(said.shape) > 1 else said.shape
        is_class = target.type == "number" or is_scored or not said.sample.is_floating_point()
        if axes != true.shape or true.mask is not None or not is_class:
            facts = {"said": shown(said.shape), "true": shown(true.shape), "metric": metric.call.name}
            raise failure("measure-shape", metric.place, metric.path, **facts)
        values += [said, true]
        targets.append(target)
    module, feeds = walk.finish(values, "Measures")
    return Measured(module, feeds, spec.metrics, tuple(targets))


def _refuse_unmoved(spec: UpdateSpec, total: Value) -> None:
    """Refuses an update whose loss does not depend on what it updates. Raises `update-unmoved`."""
    behind: set[fx.Node] = set()
    waiting = [total.node]
    while waiting:
        node = waiting.pop()
        if node not in behind:
            behind.add(node)
            waiting.extend(node.all_input_nodes)
    reached = {str(node.target) for node in behind if node.op in ("call_module", "get_attr")}
    for each in spec.networks:
        if not any(target.startswith(f"{each.text}.") for target in reached):
            raise failure("update-unmoved", each.place, f"{spec.path}.update", network=each.text)


def _expressions(spec: UpdateSpec) -> list[Computation]:
    found = [assignment.computation for assignment in spec.compute]
    for term in spec.terms:
        found.extend(each for each in (term.computation, term.weight, term.where) if each is not None)
    return found
