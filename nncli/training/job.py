"""A training job: the spec brought together with the networks and the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, fx, nn

from nncli.data.dataset import Data
from nncli.data.sampling import balanced_order, batch_bounds, bucketed_order, sample_order
from nncli.network.checkpointing import use_checkpoints
from nncli.network.compiled import CompiledNetwork, LayerCall
from nncli.network.graph.regions import has_checkpoints
from nncli.objectives.updates import CompiledUpdate
from nncli.spec.schema import TrainingSpec
from nncli.training.evaluation import Judge, computed_figures, evaluate, never
from nncli.training.held import HeldPart
from nncli.training.lengths import of_own_length, takes_any_length
from nncli.training.phases import Phase, Phases
from nncli.training.precision import refuse_precision
from nncli.training.rows import Figures, Reason
from nncli.training.schedule_checks import horizon_of
from nncli.training.schedules import Horizon
from nncli.training.state import TrainState
from nncli.training.stepping import (
    HALVES,
    Bounds,
    Moment,
    Update,
    batches_of_steps,
    computed,
    mixed,
    modules_together,
    supervised,
)
from nncli.training.update_metrics import measured
from nncli.training.updating import Updater, build_updater


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

    def figures(self, part: HeldPart, state: TrainState, halt: Callable[[], bool] = never) -> Figures:
        """Works out the losses of a part, and its metrics where outputs are compared with targets.

        Raises HaltedError where `halt` answers true on the way.
        """
        if self.judge is None:
            now = Moment(self.training.seed, state.step, state.epoch)
            return computed_figures(self.updates, state.networks, part, self.training.batch_size, now, halt)
        module, size = state.networks[self.network], self.training.batch_size
        return evaluate(module, part, self.judge, size, halt).figures

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
    def policy(self) -> Literal["stop", "skip", "rewind"]:
        """What is done where a loss or a gradient is not finite."""
        return self.training.on_non_finite.policy if self.training.on_non_finite else "stop"

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
    _use_checkpoints(modules.values())
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
            _use_checkpoints([each.module])
            if each.measured is not None:
                each.measured.module.to(device)
        own = (data.encoders.targets(), data.encoders.decode_number)
        updates = measured(computed(prepared.updates), prepared.updates, *own)
        inputs = [each for each in data.inputs if any(each in update.columns for update in prepared.updates)]
    refuse_precision(training, device)
    if training.precision in HALVES:
        updates = mixed(updates, device, training.precision)
    objective = judge.objective if judge else None
    held = {
        each: HeldPart(part, inputs, objective, device, with_targets=judge is None)
        for each, part in parts.items()
    }
    validation = held.get("validation")
    watch = watched_figure(training, has_validation=validation is not None)
    job = TrainJob(training, held["train"], validation, judge, networks, updates, watch)

    def updaters(training: TrainingSpec) -> dict[str, Updater]:
        horizon = horizon_of(training, job.batches())
        return {
            update.name: _updater(update, training, prepared.updates, modules, horizon) for update in updates
        }

    if not training.phases and not training.freeze:
        return job, TrainState(modules, updaters(training))
    phases = Phases(modules.values(), tuple(_phases(training, updaters)))
    return job, TrainState(modules, phases.begin(0), phases=phases)


def _use_checkpoints(modules: Iterable[nn.Module]) -> None:
    for module in modules:
        if isinstance(module, fx.GraphModule) and has_checkpoints(module):
            use_checkpoints(module)


def _phases(
    training: TrainingSpec, updaters: Callable[[TrainingSpec], Mapping[str, Updater]]
) -> Iterator[Phase]:
    first = 0
    for each in training.in_phases():
        yield Phase(first, each.freeze, partial(updaters, each))
        first += each.epochs or 0


def _updater(
    update: Update,
    training: TrainingSpec,
    compiled: Sequence[CompiledUpdate],
    modules: Mapping[str, nn.Module],
    horizon: Horizon,
) -> Updater:
    own = next((each.spec.optimizer for each in compiled if each.name == update.name), None)
    if own is not None:
        training = training.model_copy(update={"optimizer": own})
    module = modules_together({name: modules[name] for name in update.networks})
    whole = horizon.times(update.repeat)
    return build_updater(training, module, whole, is_alone=len(modules) == 1)


def watched_figure(training: TrainingSpec, *, has_validation: bool) -> str | None:
    """Names the figure that chooses the weights to keep; None keeps the last ones, as where several learn."""
    is_one = len(training.updates) < 2
    return training.keep_best or ("validation.loss" if has_validation and is_one else None)
