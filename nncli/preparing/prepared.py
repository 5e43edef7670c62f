"""A spec to everything that training needs, with every problem of it in one answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from nncli.columns.targets import TargetSpec, class_targets
from nncli.data.dataset import Data
from nncli.data.declarations import Expected
from nncli.data.opening import open_data, stand_in
from nncli.data.sampling import batch_bounds
from nncli.device import set_precision
from nncli.errors import Problem
from nncli.messages.catalogue import failures
from nncli.network.compiled import CompiledNetwork
from nncli.network.compiling import Surroundings, compile_networks
from nncli.network.functions.constants import work_out_constants
from nncli.objectives.class_weights import balanced_weights
from nncli.objectives.heads import objective_of
from nncli.objectives.objective_checks import check_losses, doubtful_layers
from nncli.objectives.objectives import Objective
from nncli.objectives.updates import CompiledUpdate, compile_updates, refuse_metrics
from nncli.objectives.walks import Batch
from nncli.preparing.collected import Collected
from nncli.preparing.network_warnings import (
    repeated_networks,
    uncompiled_networks,
    untrained_networks,
    unused_inputs,
)
from nncli.preparing.own_code import NO_CODE, OwnCode
from nncli.preparing.recipe_columns import recipe_columns
from nncli.spec.items import Call
from nncli.spec.nodes import MOST_PROBLEMS
from nncli.spec.spec import Spec
from nncli.spec.writing import with_inputs
from nncli.training.evaluation import Judge
from nncli.training.grouping import refuse_silent_patterns
from nncli.training.job import Trainable, TrainJob, make_job, watched_figure
from nncli.training.job_checks import check_targets, check_training
from nncli.training.metrics import Metric, build_metrics
from nncli.training.mixing_checks import check_mixing, refuse_mixing
from nncli.training.phases import schedule_problems, trial_updates
from nncli.training.schedule_checks import horizon_of
from nncli.training.schedules import Horizon
from nncli.training.state import TrainState
from nncli.training.update_metrics import with_checked_metrics

if TYPE_CHECKING:
    from nncli.pretrained.foreign import ForeignWeights

# Steps of an epoch where no data tell how many it has.
STAND_IN_BATCHES: Final = 1000


@dataclass(frozen=True)
class Prepared:
    """A spec that can train: checked, with data read, network compiled, sizes known.

    `spec` is the resolved one, in which every default of data and training is stated. `data` is None
    where it was not read, `judge` also where the spec has no training, or one that says its `updates`.
    `warnings` are problems that stop nothing. `foreign` tells what became of the files that `weights:`
    names. `code` holds the files of `--code`. `recipes` tells which columns each recipe reads.
    """

    spec: Spec
    networks: Mapping[str, CompiledNetwork]
    data: Data | None
    judge: Judge | None
    warnings: tuple[Problem, ...]
    foreign: tuple[ForeignWeights, ...] = ()
    code: OwnCode = NO_CODE
    updates: tuple[CompiledUpdate, ...] = ()
    recipes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def network(self) -> CompiledNetwork:
        """The network that is trained: the only one, or the first."""
        return next(iter(self.networks.values()))

    def job(self, device: torch.device) -> tuple[TrainJob, TrainState]:
        """Puts network and data on a device, with the optimiser: all that `train` needs."""
        training = self.spec.training
        assert training is not None and self.data is not None
        set_precision(training.precision, device)
        return make_job(Trainable(training, self.networks, self.judge, self.updates), self.data, device)


def prepare(
    spec: Spec,
    problems: Sequence[Problem] = (),
    *,
    with_data: bool = True,
    with_weights: bool = True,
    code: OwnCode = NO_CODE,
) -> Prepared:
    """Opens the data of a spec, compiles its network and binds its loss.

    Initial weights are drawn from torch's generator, seeded with `training.seed`. `problems` are
    those that reading found already; they come out with the rest. Where the data cannot be read,
    the network is checked with stand-in sizes. `code` brings in layers of people's own.
    Raises the problems of all three, as one error.
    """
    found = Collected(list(problems))
    data = found.tried(lambda: open_data(spec)) if with_data and spec.data else None
    spec = _with_class_weights(spec, data)
    expected = _declarations(spec, data, found)
    inputs, targets, declared = expected.inputs, expected.targets, expected.counts
    torch.manual_seed(spec.training.seed if spec.training else 0)
    constants = work_out_constants(spec.constants, declared, found.problems)
    around = Surroundings(declared, constants, code.layers)
    networks = found.tried(lambda: compile_networks(spec.networks, inputs, around, weights=with_weights))
    reports = found.tried(lambda: _foreign(networks, spec, with_weights)) if networks else None
    first, network = next(iter(networks.items())) if networks else ("", None)
    horizon = _horizon(spec, data)
    objective, metrics = _bound(spec, networks, targets, horizon, found)
    if network is not None and objective is not None:
        found.tried(lambda: check_training(spec, {first: network}, metrics, data))
        found.tried(lambda: check_mixing(spec, network, targets))
        found.tried(lambda: check_targets(spec, objective, data))
    training = spec.training if data else None
    lengths = (found.tried(lambda: schedule_problems(training, horizon)) if training else None) or []
    found.problems.extend(each for each in lengths if each.severity == "error")
    batch = Batch(inputs, targets, declared, code.layers)
    updates = _updates(spec, networks, batch, constants, found)
    if updates and networks:
        found.tried(lambda: check_training(spec, networks, metrics, data))
    reads = recipe_columns(spec, networks, (batch, constants), data, found)
    if networks is None or found.problems:
        raise failures(found.problems[:MOST_PROBLEMS])
    resolved = _resolved(spec, networks, data, metrics or ())
    judge = Judge(objective, metrics or (), data.encoders.decode_number) if data and objective else None
    foreign = reports or ()
    warnings = (
        *spec.warnings,
        *unused_inputs(spec, networks),
        *untrained_networks(spec, networks),
        *repeated_networks(spec),
        *uncompiled_networks(spec, networks),
        *(doubtful_layers(spec, network) if objective and network else ()),
        *(data.warnings if data else ()),
        *lengths,
        *(each for one in foreign for each in one.warnings),
    )
    return Prepared(resolved, networks, data, judge, warnings, foreign, code, updates or (), reads)


def _foreign(
    networks: Mapping[str, CompiledNetwork], spec: Spec, with_weights: bool
) -> tuple[ForeignWeights, ...]:
    """Loads the files that `weights:` names, where it names any."""
    if not any(network.weights for network in networks.values()):
        return ()
    from nncli.pretrained.foreign import load_foreign

    return load_foreign(networks, spec, copied=with_weights)


def _updates(
    spec: Spec,
    networks: Mapping[str, CompiledNetwork] | None,
    batch: Batch,
    constants: Mapping[str, Tensor | None],
    found: Collected,
) -> tuple[CompiledUpdate, ...] | None:
    """Compiles the updates of a training that says its own; None where it says none, or they are wrong."""
    specs = spec.training.updates if spec.training else ()
    if networks is None or not specs:
        return None
    found.tried(lambda: refuse_metrics(spec))
    found.tried(lambda: refuse_mixing(spec))
    if len(networks) > 1 and spec.training is not None:
        modules = [each.module for each in networks.values()]
        patterns = [each for group in spec.training.groups for each in group.match]
        found.tried(lambda: refuse_silent_patterns(modules, patterns, "training.groups"))
    return found.tried(lambda: with_checked_metrics(compile_updates(specs, networks, batch, constants)))


def _with_class_weights(spec: Spec, data: Data | None) -> Spec:
    """States the weights that balance the classes of the training rows."""
    training = spec.training
    if data is None or training is None or training.class_weights != "balanced":
        return spec
    names = class_targets(data.targets)
    if len(names) != 1:
        return spec  # The objective says why this does not go.
    part = data.parts["train"]
    taken = part.columns.targets[names[0]].take(part.index)
    known = taken.values if taken.mask is None else taken.values[taken.mask]
    weights = balanced_weights(data.targets[names[0]].classes, known)
    return replace(spec, training=training.model_copy(update={"class_weights": weights}))


def missing_sections(spec: Spec) -> list[Problem]:
    """Names the sections that training needs and a spec does not have."""
    sections = {"data": spec.data, "training": spec.training}
    place = spec.place()
    # A section that is there and wrong was named already.
    missing = [key for key, section in sections.items() if section is None and key not in spec.places]
    return [Problem("key-missing", place, key, {"key": key}) for key in missing]


def _resolved(
    spec: Spec, networks: Mapping[str, CompiledNetwork], data: Data | None, metrics: tuple[Metric, ...]
) -> Spec:
    """States what the spec left to defaults that depend on the data."""
    training = spec.training
    if training is not None and data is not None:
        watch = watched_figure(training, has_validation="validation" in data.parts)
        names = dict.fromkeys(metric.name.rpartition(".")[2] for metric in metrics)
        stated = training.metrics or tuple(Call(name, spec.place("training")) for name in names)
        training = training.model_copy(update={"keep_best": watch, "metrics": stated})
    declared = data.resolved if data else spec.data
    inputs = {name: network.stated_inputs() for name, network in networks.items()}
    return with_inputs(replace(spec, data=declared, training=training), inputs)


def _horizon(spec: Spec, data: Data | None) -> Horizon:
    """Counts the batches of a run; without data an epoch has some number of them."""
    batches = STAND_IN_BATCHES
    if spec.training is None:
        return Horizon(batches, None)
    if data is not None:
        batches = len(batch_bounds(data.parts["train"].rows, spec.training.batch_size))
        # A step takes as many batches as the update that runs most often in it.
        batches = math.ceil(batches / max([1, *(each.repeat for each in spec.training.updates)]))
    return horizon_of(spec.training, batches)


def _declarations(spec: Spec, data: Data | None, found: Collected) -> Expected:
    if data is not None:
        return Expected(data.inputs, data.targets, data.encoders.counts())
    expected = found.tried(lambda: stand_in(spec)) if spec.data else None
    if expected is None:
        found.expect_without(spec.places)
    return expected or Expected({}, {}, {})


def _bound(
    spec: Spec,
    networks: Mapping[str, CompiledNetwork] | None,
    targets: Mapping[str, TargetSpec],
    horizon: Horizon,
    found: Collected,
) -> tuple[Objective | None, tuple[Metric, ...] | None]:
    training = spec.training
    if training is None:
        return None, ()
    network = next(iter(networks.values())) if networks else None
    for build in trial_updates(training, networks, horizon):
        found.tried(build)
    metrics = found.tried(lambda: build_metrics(training.metrics, targets))
    if network is None or not targets or not training.loss:
        found.tried(lambda: check_losses(spec, targets))
        return None, ()
    objective = found.tried(lambda: objective_of(spec, targets, network))
    return objective, metrics
