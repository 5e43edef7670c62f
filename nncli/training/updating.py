"""One update: everything between a loss and new weights, and all of it that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from nncli.spec.schema import TrainingSpec
from nncli.training.kernels import Optimizer
from nncli.training.optimizer_state import load_state, state_scalars, state_tensors
from nncli.training.optimizers import build_optimizer
from nncli.training.rows import Figures
from nncli.training.schedule_checks import build_schedule
from nncli.training.schedules import Horizon, Schedule


@final
class Updater:
    """Changes the weights of a module by an optimiser; make it with `build_updater`.

    What it keeps has the names of the module's parameters: `<parameter>/exp_avg`.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: Optimizer,
        largest_norm: float | None,
        schedule: Schedule | None = None,
        *,
        is_alone: bool = True,
    ) -> None:
        self._module = module
        self._parameters = list(module.parameters())
        self._optimizer = optimizer
        self._largest_norm = largest_norm
        self._schedule = schedule
        self._looks_again = isinstance(optimizer, torch.optim.LBFGS)
        # Beside others, gradients are worked out for its own weights alone.
        self._inputs = None if is_alone else [p for p in self._parameters if p.requires_grad]

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; of several groups that of the first."""
        return float(self._optimizer.param_groups[0]["lr"])

    @property
    def has_schedule(self) -> bool:
        """Tells whether the learning rate moves."""
        return self._schedule is not None

    def take(self, loss: Tensor, again: Callable[[], tuple[Tensor, ...]]) -> None:
        """Makes the weights better by the gradients of a loss.

        `again` works the losses out once more, the one that counts first: LBFGS looks at a batch several
        times in a step.
        """
        self._optimizer.zero_grad()
        loss.backward(inputs=self._inputs)  # type: ignore[no-untyped-call]
        if self._looks_again:
            self._search(loss, again)
        else:
            self.step()

    def step(self) -> None:
        """Changes the weights by the gradients that they have."""
        if self._looks_again:
            # A loss that stays as it is ends the search after one step along the gradients.
            self._search(torch.zeros(()), None)
            return
        self._clip()
        self._optimizer.step()
        self._after_update()

    def _search(self, loss: Tensor, again: Callable[[], tuple[Tensor, ...]] | None) -> None:
        """Lets LBFGS look for the weights at which a batch has the smallest loss."""
        given = iter([loss])

        def closure() -> Tensor:
            value = next(given, None)
            if value is not None or again is None:
                return loss
            self._optimizer.zero_grad()
            value = again()[0]
            value.backward(inputs=self._inputs)  # type: ignore[no-untyped-call]
            self._clip()
            return value

        self._clip()
        optimizer: Any = self._optimizer
        optimizer.step(closure)
        self._after_update()

    def _clip(self) -> None:
        if self._largest_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._largest_norm)

    def _after_update(self) -> None:
        if self._schedule is not None:
            self._schedule.after_update()

    def end_epoch(self, train: Figures, validation: Figures | None) -> None:
        """Takes note that an epoch is over, and of its figures."""
        if self._schedule is not None:
            self._schedule.after_epoch(train, validation)

    def tensors(self) -> dict[str, Tensor]:
        """Names the tensors that a checkpoint holds, uncopied."""
        return state_tensors(self._optimizer, self._module)

    def scalars(self) -> dict[str, object]:
        """Lists what is no tensor, ready for JSON."""
        own = state_scalars(self._optimizer, self._module)
        return {**own, "schedule": self._schedule.scalars()} if self._schedule is not None else own

    def restore(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Puts copies of everything back as it was. Raises WeightsError: `checkpoint-differs`."""
        if self._schedule is not None:
            self._schedule.restore(scalars["schedule"])
        load_state(self._optimizer, self._module, tensors, scalars)


def build_updater(
    training: TrainingSpec, module: nn.Module, horizon: Horizon, *, is_alone: bool = True
) -> Updater:
    """Makes the update of a module's parameters, beside others where it is not `is_alone`.

    `horizon` is how long the run is. Raises SpecError as `build_optimizer` and `build_schedule` do.
    """
    optimizer = build_optimizer(training.optimizer, module, training.groups)
    schedule = build_schedule(training.schedule, optimizer.param_groups, horizon)
    return Updater(module, optimizer, training.clip_gradients, schedule, is_alone=is_alone)
