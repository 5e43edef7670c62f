"""One update: everything between a loss and new weights, and all of it that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from torch import Tensor, nn

from nncli.spec.schema import TrainingSpec
from nncli.training.kernels import Optimizer
from nncli.training.optimizer_state import load_state, state_scalars, state_tensors
from nncli.training.optimizers import build_optimizer


@final
class Updater:
    """Changes the weights of a module by an optimiser; make it with `build_updater`.

    What it keeps has the names of the module's parameters: `<parameter>/exp_avg`.
    """

    def __init__(self, module: nn.Module, optimizer: Optimizer, largest_norm: float | None) -> None:
        self._module = module
        self._parameters = list(module.parameters())
        self._optimizer = optimizer
        self._largest_norm = largest_norm

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._optimizer.param_groups[0]["lr"])

    def take(self, loss: Tensor) -> None:
        """Makes the weights better by the gradients of a loss."""
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.step()

    def step(self) -> None:
        """Changes the weights by the gradients that they have."""
        if self._largest_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._largest_norm)
        self._optimizer.step()

    def tensors(self) -> dict[str, Tensor]:
        """Names the tensors that a checkpoint holds, uncopied."""
        return state_tensors(self._optimizer, self._module)

    def scalars(self) -> dict[str, object]:
        """Lists what is no tensor, ready for JSON."""
        return state_scalars(self._optimizer, self._module)

    def restore(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Puts copies of everything back as it was. Raises WeightsError: `checkpoint-differs`."""
        load_state(self._optimizer, self._module, tensors, scalars)


def build_updater(training: TrainingSpec, module: nn.Module) -> Updater:
    """Makes the update of a module's parameters. Raises SpecError as `build_optimizer` does."""
    optimizer = build_optimizer(training.optimizer, module, training.groups)
    return Updater(module, optimizer, training.clip_gradients)
