"""A training job: the spec brought together with the network and the data, checked before step 1."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from nncli.columns.stored import Ragged
from nncli.data.dataset import Data
from nncli.data.sampling import balanced_order, batch_bounds, bucketed_order, sample_order
from nncli.messages.catalogue import failure, nearest, require_all
from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.objectives.updates import CompiledUpdate
from nncli.spec.schema import TrainingSpec
from nncli.spec.spec import Spec
from nncli.training.evaluation import Judge, computed_figures, evaluate
from nncli.training.held import HeldPart
from nncli.training.lengths import of_own_length, takes_any_length
from nncli.training.metrics import FALLING, Metric
from nncli.training.rows import Figures, Reason
from nncli.training.schedule_checks import horizon_of
from nncli.training.schedules import Horizon
from nncli.training.state import TrainState
from nncli.training.stepping import (
    Bounds,
    Moment,
    Update,
    batches_of_steps,
    computed,
    supervised,
    updated_module,
)
from nncli.training.updating import Updater, build_updater

# `features` comes last among the inputs of a table, and is what is meant most often.
_SHOWN_INPUTS: Final = 5
_RECURRENT: Final = ("RNN", "LSTM", "GRU")
_BATCH_NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class Trainable:
    """What a spec says of training, compiled: one network with its judge, or several with their updates."""

    training: TrainingSpec
    networks: Mapping[str, CompiledNetwork]
    judge: Judge | None
    updates: tuple[CompiledUpdate, ...] = ()


@dataclass(frozen=True)
class TrainJob:
    """What a run needs beside its state, and does not change.

    `watch` is the figure that chooses the weights to keep, None where the last are kept.
    """

    training: TrainingSpec
    train: HeldPart
    validation: HeldPart | None
    judge: Judge | None
    networks: Mapping[str, CompiledNetwork]
    updates: tuple[Update, ...]
    watch: str | None

    @property
    def network(self) -> str:
        """The network that is compared with the targets: the only one, or the first."""
        return next(iter(self.networks))

    @property
    def calls(self) -> tuple[LayerCall, ...]:
        """The layers of that network."""
        return self.networks[self.network].layers

    def figures(self, part: HeldPart, state: TrainState) -> Figures:
        """Works out the losses of a part, and its metrics where outputs are compared with targets."""
        if self.judge is None:
            now = Moment(self.training.seed, state.step, state.epoch)
            return computed_figures(self.updates, state.networks, part, self.training.batch_size, now)
        return evaluate(state.networks[self.network], part, self.judge, self.training.batch_size).figures

    def steps_of_epoch(self) -> list[tuple[Bounds, ...]]:
        """Lists the batches of every step of an epoch."""
        return batches_of_steps(batch_bounds(self.train.rows, self.training.batch_size), self.updates)

    def order(self, epoch: int) -> Tensor:
        """Gives the order in which an epoch visits the training rows, int64 (rows,) on the device.

        A pure function of the seed and the epoch. Rows of different lengths stand beside those of similar
        length.
        """
        seed = self.training.seed
        if self.training.sampling == "balanced":
            order = balanced_order(self.train.classes(), seed, epoch)
        else:
            order = sample_order(self.train.rows, seed, epoch)
        if self.train.lengths is not None:
            order = bucketed_order(order, self.train.lengths, self.training.batch_size, seed, epoch)
        return order.to(self.device)

    @property
    def device(self) -> torch.device:
        """The device that the parts lie on."""
        return self.train.device

    def batches(self) -> int:
        """Counts the steps of one epoch."""
        return len(self.steps_of_epoch())

    @property
    def horizon(self) -> Horizon:
        """How long the run is, for schedules."""
        return horizon_of(self.training, self.batches())

    def total_steps(self) -> int | None:
        """Counts the steps of the whole run, if nothing stops it early; None where the clock ends it."""
        if self.training.epochs is not None:
            return self.training.epochs * self.batches()
        return self.training.steps

    def total_epochs(self) -> int | None:
        """Counts the epochs of the whole run, the last one perhaps in part; None where the clock ends it."""
        steps = self.total_steps()
        return None if steps is None else math.ceil(steps / self.batches())

    def is_over(self, state: TrainState) -> bool:
        """Tells whether an epoch ends before its last batch, since the run does."""
        minutes = self.training.minutes
        return state.step == self.training.steps or (minutes is not None and state.seconds >= 60 * minutes)

    def reason_to_end(self, state: TrainState) -> Reason | None:
        """Tells why training is over; nothing but the state decides, so that resume agrees."""
        if state.batch:
            return None
        early = self.training.stop_early
        if early and state.epoch - state.watched_epoch >= early.patience:
            return "stop_early"
        if self.training.steps is not None:
            return "steps" if state.step >= self.training.steps else None
        if self.training.minutes is not None:
            return "minutes" if self.is_over(state) else None
        return "epochs" if state.epoch >= (self.training.epochs or 0) else None


def make_job(prepared: Trainable, data: Data, device: torch.device) -> tuple[TrainJob, TrainState]:
    """Puts networks and data on the device and makes the updaters; nothing is trained yet.

    `check_training` has passed. The networks have their initial weights, and torch's generator is where
    they left it. Raises SpecError and DataError as `build_updater` and `HeldPart` do.
    """
    training, judge = prepared.training, prepared.judge
    name, network = next(iter(prepared.networks.items()))
    networks = {name: network} if judge else prepared.networks
    modules = {each: compiled.module.to(device) for each, compiled in networks.items()}
    parts = {name: part for name, part in data.parts.items() if name != "test"}
    if judge is not None:
        judge.objective.to(device)
        inputs = list(network.inputs)
        if takes_any_length(modules[name], inputs, parts["train"], judge.objective, device):
            parts["train"] = of_own_length(parts["train"])
        updates = supervised(name, modules[name], judge.objective)
    else:
        for each in prepared.updates:
            each.module.to(device)
        updates = computed(prepared.updates)
        inputs = [each for each in data.inputs if any(each in update.columns for update in prepared.updates)]
    objective = judge.objective if judge else None
    held = {
        each: HeldPart(part, inputs, objective, device, with_targets=judge is None)
        for each, part in parts.items()
    }
    validation = held.get("validation")
    watch = watched_figure(training, has_validation=validation is not None)
    job = TrainJob(training, held["train"], validation, judge, networks, updates, watch)
    updaters = {update.name: _updater(update, prepared, modules, job.horizon) for update in updates}
    return job, TrainState(modules, updaters)


def _updater(
    update: Update, prepared: Trainable, modules: Mapping[str, nn.Module], horizon: Horizon
) -> Updater:
    training = prepared.training
    own = next((each.spec.optimizer for each in prepared.updates if each.name == update.name), None)
    if own is not None:
        training = training.model_copy(update={"optimizer": own})
    whole = horizon.times(update.repeat)
    return build_updater(training, updated_module(update, modules), whole, is_alone=len(modules) == 1)


def watched_figure(training: TrainingSpec, *, has_validation: bool) -> str | None:
    """Names the figure that chooses the weights to keep; None keeps the last ones, as where several learn."""
    is_one = len(training.updates) < 2
    return training.keep_best or ("validation.loss" if has_validation and is_one else None)


def check_training(
    spec: Spec,
    networks: Mapping[str, CompiledNetwork],
    metrics: Sequence[Metric] | None,
    data: Data | None,
) -> None:
    """Checks what depends on networks, data and training together; needs no weights.

    Without `data`, nothing is said that its rows would have to prove; without `metrics`, nothing of figures.
    Raises SpecError: `batch-of-one`, `figure-unknown`, `figure-without-rows`, `input-not-in-data`,
    `padding-before`.
    """
    training = spec.training
    assert training is not None
    steps = []
    for network in networks.values():
        steps.append(partial(_refuse_batches_of_one, spec, training, network, data))
        if data is not None:
            # What updates give to networks is looked at where they are compiled.
            steps.extend([] if training.updates else [partial(_check_inputs, spec, network, data)])
            steps.append(partial(_refuse_padding_before, spec, network, data))
    if metrics is not None:
        steps.append(partial(_check_figures, spec, training, metrics, data))
    require_all(steps)


def _check_figures(spec: Spec, training: TrainingSpec, metrics: Sequence[Metric], data: Data | None) -> None:
    """Refuses figures to watch that nobody works out."""
    several = len(training.updates) > 1
    losses = [f"{each.name}.loss" for each in training.updates] if several else ["loss"]
    known = [f"train.{loss}" for loss in losses]
    if data is None or "validation" in data.parts:
        known += [f"validation.{name}" for name in (*losses, *(metric.name for metric in metrics))]
    watched = {"training.keep_best": training.keep_best}
    if training.stop_early:
        watched["training.stop_early.watch"] = training.stop_early.watch
    for number, stage in enumerate(training.schedule):
        path = f"training.schedule.{number}" if len(training.schedule) > 1 else "training.schedule"
        watched[f"{path}.watch"] = str(stage.watch.value) if stage.watch else None
    require_all(
        partial(_check_figure, spec, path, figure, known) for path, figure in watched.items() if figure
    )


def _check_inputs(spec: Spec, network: CompiledNetwork, data: Data) -> None:
    """Refuses inputs that the network states for itself and that the data does not give."""
    offered = data.inputs
    for name in network.not_given(offered):
        path = f"network.inputs.{name}"
        given = [f"`{each}` {list(offered[each].shape)}" for each in [*offered][-_SHOWN_INPUTS:]]
        more = ["…"] if len(offered) > _SHOWN_INPUTS else []
        facts = {"name": name, "shape": str(list(network.inputs[name].shape)), "given": [*more, *given]}
        raise failure("input-not-in-data", spec.place(*path.split(".")), path, **facts)


def _refuse_padding_before(spec: Spec, network: CompiledNetwork, data: Data) -> None:
    """Refuses rows padded at the start where a recurrent layer would read the padding first."""
    recurrent = next((call for call in network.layers if call.type in _RECURRENT), None)
    for name, column in data.parts["train"].columns.inputs.items():
        is_before = isinstance(column, Ragged) and column.is_padded_before
        if recurrent is not None and is_before and f"{name}.mask" in network.inputs:
            path = f"data.inputs.{name}.pad"
            facts = {"name": name, "layer": recurrent.type}
            raise failure("padding-before", spec.place(*path.split(".")), path, **facts)


def _refuse_batches_of_one(
    spec: Spec, training: TrainingSpec, network: CompiledNetwork, data: Data | None
) -> None:
    if training.batch_size == 1:
        path, why = "training.batch_size", {"why": "batch_size is 1", "size": 2}
    elif data is not None and data.parts["train"].rows == 1:
        path, why = "data.train", {"why": "there is 1 row to train on"}
    else:
        return
    for call in network.layers:
        if isinstance(network.module.get_submodule(call.name), _BATCH_NORMS):
            place = spec.place(*path.split("."))
            raise failure("batch-of-one", place, path, layer=call.name, type=call.type, **why)


def _check_figure(spec: Spec, path: str, figure: str, known: list[str]) -> None:
    if figure in known:
        return
    place = spec.place(*path.split("."))
    if figure.startswith("validation.") and not any(each.startswith("validation.") for each in known):
        raise failure("figure-without-rows", place, path, figure=figure)
    guess = nearest(figure, known)
    raise failure("figure-unknown", place, path, figure=figure, nearest=guess, known=known)


def is_better(figure: str, value: float | None, best: float | None) -> bool:
    """Tells whether a figure improved: losses and errors fall, all others rise."""
    if value is None:
        return False
    if best is None:
        return True
    return value < best if figure.rpartition(".")[2] in FALLING else value > best
