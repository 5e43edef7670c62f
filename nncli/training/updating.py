"""One update: everything between a loss and new weights, and all of it that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, final

import torch
from torch import Tensor, nn

from nncli.messages.catalogue import failure, require_all
from nncli.spec.optimising import AverageSpec, RegulariseSpec
from nncli.spec.patterns import matches
from nncli.spec.schema import TrainingSpec
from nncli.training.averaging import AVERAGE, Average, Averaging
from nncli.training.gradients import GRADIENT, Gradients, Handling
from nncli.training.grouping import has_weights, refuse_silent_patterns
from nncli.training.kernels import Optimizer
from nncli.training.optimizer_state import load_state, state_scalars, state_tensors
from nncli.training.optimizers import build_optimizer, state_per_weight
from nncli.training.rows import Figures
from nncli.training.schedule_checks import begin_schedule, lay_out, updates_in
from nncli.training.schedules import Horizon, Schedule

_OWN: Final = (AVERAGE, GRADIENT)


@final
class Updater:
    """Changes the weights of a module by an optimiser; make it with `build_updater`.

    What it keeps has the names of the module's parameters: `<parameter>/exp_avg`.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: Optimizer,
        gradients: Gradients,
        schedule: Schedule | None = None,
        average: Average | None = None,
    ) -> None:
        self._module = module
        self._optimizer = optimizer
        self._gradients = gradients
        self._schedule = schedule
        self._average = average
        self._updates = 0
        self._looks_again = isinstance(optimizer, torch.optim.LBFGS)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; of several groups that of the first."""
        return float(self._optimizer.param_groups[0]["lr"])

    def scale_learning_rate(self, times: float) -> None:
        """Makes the learning rate of every group so many times as large, for a trial without a schedule."""
        for group in self._optimizer.param_groups:
            group["lr"] = group["lr"] * times

    @property
    def has_schedule(self) -> bool:
        """Tells whether the learning rate moves."""
        return self._schedule is not None

    @property
    def has_average(self) -> bool:
        """Tells whether other weights than the last ones are kept."""
        return self._average is not None

    def take(self, loss: Tensor, again: Callable[[], tuple[Tensor, ...]]) -> bool:
        """Makes the weights better by the gradients of a loss, once there are enough of them; tells whether
        they were changed.

        `again` works the losses out once more, the one that counts first: LBFGS looks at a batch several
        times in a step.
        """
        if not self._gradients.take(loss):
            return False
        if self._looks_again:
            self._search(loss, again)
            return True
        return self.step()

    def skip(self) -> None:
        """Leaves a batch out: it changes nothing, and others that were added up still count."""
        if self._gradients.skip():
            self.step()

    @property
    def has_dropped(self) -> bool:
        """Tells whether the gradients that came last were not finite, and are left out."""
        return self._gradients.dropped

    def count_left_out(self) -> int:
        """Counts the batches whose scaled gradients overflowed since this was asked last; waits for the
        device."""
        return self._gradients.count_left_out()

    def step(self) -> bool:
        """Changes the weights by the gradients that they have; tells whether there were any."""
        if self._looks_again:
            # A loss that stays as it is ends the search after one step along the gradients.
            self._search(torch.zeros(()), None)
            return True
        # What changes no weight moves no schedule either; of scaled gradients only the device knows it.
        if not self._gradients.change_weights():
            return False
        self._after_update()
        return True

    def _search(self, loss: Tensor, again: Callable[[], tuple[Tensor, ...]] | None) -> None:
        """Lets LBFGS look for the weights at which a batch has the smallest loss."""
        given = iter([loss])

        def closure() -> Tensor:
            value = next(given, None)
            if value is not None or again is None:
                return loss
            value = again()[0]
            self._gradients.take(value)
            self._gradients.prepare()
            return value

        self._gradients.prepare()
        optimizer: Any = self._optimizer
        optimizer.step(closure)
        self._after_update()

    def _after_update(self) -> None:
        self._updates += 1
        if self._schedule is not None:
            self._schedule.after_update()
        if self._average is not None:
            self._average.after_update(self._updates)

    def end_epoch(self, train: Figures, validation: Figures | None) -> None:
        """Takes note that an epoch is over, and of its figures."""
        if self._schedule is not None:
            self._schedule.after_epoch(train, validation)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Puts the average of the weights in their place, where one is taken, and them back afterwards."""
        if self._average is None:
            yield
            return
        with self._average.in_place():
            yield

    def tensors(self) -> dict[str, Tensor]:
        """Names the tensors that a checkpoint holds, uncopied."""
        average = self._average.tensors() if self._average is not None else {}
        return {**state_tensors(self._optimizer, self._module), **self._gradients.tensors(), **average}

    def settled_tensors(self) -> dict[str, Tensor]:
        """Names those of them that are finite: scaled gradients that wait may be left out yet."""
        waiting = self._gradients.tensors() if self._gradients.is_scaled else ()
        return {path: tensor for path, tensor in self.tensors().items() if path not in waiting}

    def scalars(self) -> dict[str, object]:
        """Lists what is no tensor, ready for JSON."""
        parts = {
            "accumulated": self._gradients.scalars(),
            "schedule": self._schedule.scalars() if self._schedule is not None else {},
            "average": self._average.scalars() if self._average is not None else {},
        }
        stated = {name: part for name, part in parts.items() if part}
        return {**state_scalars(self._optimizer, self._module), "updates": self._updates, **stated}

    def restore(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Puts copies of everything back as it was. Raises WeightsError: `checkpoint-differs`."""
        self._updates = int(scalars["updates"])
        self._gradients.restore(tensors, scalars.get("accumulated", {}))
        if self._average is not None:
            self._average.restore(tensors, scalars["average"])
        if self._schedule is not None:
            self._schedule.restore(scalars["schedule"])
        of_optimizer = {path: each for path, each in tensors.items() if path.rpartition("/")[2] not in _OWN}
        load_state(self._optimizer, self._module, of_optimizer, scalars)


def kept_per_weight(training: TrainingSpec) -> float:
    """Counts what an update keeps for every weight. Raises SpecError as `build_optimizer` does."""
    return state_per_weight(training.optimizer) + (1.0 if training.average else 0.0)


def build_updater(
    training: TrainingSpec, module: nn.Module, batches: Horizon, *, is_alone: bool = True
) -> Updater:
    """Makes the update of a module's parameters, beside others where it is not `is_alone`.

    `batches` is how long the run is in batches. Raises SpecError as `build_optimizer`, `lay_out` and
    `begin_schedule` do, `accumulate-unfit`, and `pattern-matches-nothing`.
    """
    groups = training.groups
    if is_alone:
        pulled = training.regularise.match if training.regularise else ()
        refuse_silent_patterns([module], pulled, "training.regularise.match")
    else:
        groups = tuple(each for each in groups if has_weights(module, each))
    horizon = batches.of_updates(training.accumulate)
    steps: list[Callable[[], Any]] = [
        partial(build_optimizer, training.optimizer, module, groups),
        partial(lay_out, training.schedule, horizon),
    ]
    optimizer, stages = require_all(steps)
    clip = training.clip_gradients
    handling = Handling(
        training.accumulate,
        training.regularise.l1 if training.regularise else 0.0,
        _pulled(training.regularise, module) if training.regularise else (),
        clip.value if clip else None,
        clip.norm if clip else None,
        is_alone,
        training.on_non_finite is not None and training.on_non_finite.policy == "skip",
        _kind_of_device(module) if training.precision == "fp16" else "",
    )
    if training.accumulate > 1:
        _refuse_accumulation(training, module)
    schedule = begin_schedule(stages, optimizer.param_groups)
    average = Average(module, _averaging(training.average, horizon)) if training.average else None
    gradients = Gradients(module, optimizer, handling, batches)
    return Updater(module, optimizer, gradients, schedule, average)


def _kind_of_device(module: nn.Module) -> str:
    return next((each.device.type for each in module.parameters() if each.device.type == "cuda"), "cpu")


def _refuse_accumulation(training: TrainingSpec, module: nn.Module) -> None:
    reason = ""
    if training.optimizer.name == "LBFGS":
        reason = "LBFGS looks at each batch several times"
    if any(getattr(part, "sparse", False) for part in module.modules()):
        reason = "an Embedding with `sparse: true` has sparse gradients"
    if reason:
        place = training.optimizer.place
        raise failure("accumulate-unfit", place, "training.accumulate", reason=reason)


def _pulled(spec: RegulariseSpec, module: nn.Module) -> list[Tensor]:
    """Finds the weights that are pulled to zero; those that learn, or those of some patterns."""
    return [
        parameter
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
        and (not spec.match or any(matches(each.pattern, name) for each in spec.match))
    ]


def _averaging(spec: AverageSpec, horizon: Horizon) -> Averaging:
    first = updates_in(spec.swa, horizon, "training.average.swa") if spec.swa else 1
    return Averaging(spec.ema, first, horizon.epoch)
