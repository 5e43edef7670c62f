"""What is made small: the loss, the form in which a target reaches it, and what outputs mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from nncli.columns.targets import TargetSpec
from nncli.data.dataset import PartName
from nncli.messages.catalogue import failure
from nncli.training.losses import Form, Probabilities, form_of, probabilities_of, target_range


@dataclass(frozen=True, slots=True)
class Term:
    """One loss with its weight; `sums` where it adds the rows up instead of taking their mean."""

    name: str
    function: nn.Module
    weight: float
    sums: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the outputs of the network say about one target.

    Shapes (N rows): `value` is float32 (N,), as scaled, for a number, else the class index int64
    (N,). `scores` is (N, classes), larger for a likelier class; None for a number. They are
    probabilities where `are_probabilities`.
    """

    value: Tensor
    scores: Tensor | None = None
    are_probabilities: bool = False


@final
@dataclass(frozen=True)
class Objective:
    """The loss of one output, bound to its targets; make it with `objective_checks.build_objective`."""

    terms: tuple[Term, ...]
    targets: Mapping[str, TargetSpec]

    @property
    def form(self) -> Form:
        """Tells how the target is compared; it is the same for every term."""
        return form_of(self.terms[0].name)

    def prepare(
        self, targets: Mapping[str, Tensor], device: torch.device, part: PartName = "train"
    ) -> Tensor:
        """Brings the targets of a part into the form that the loss compares with, on the device.

        Shapes (N rows): a class index int64 (N,), or float32 (N, width), several side by side.
        Raises DataError: `target-outside`, before any step.
        """
        columns = [self._prepared(spec, targets[name], part) for name, spec in self.targets.items()]
        joined = columns[0] if len(columns) == 1 else torch.cat(columns, dim=1)
        return on_device(joined, device)

    def _prepared(self, spec: TargetSpec, values: Tensor, part: PartName) -> Tensor:
        if spec.type != "number":
            self._refuse_outside(spec, values, (0, len(spec.classes) - 1), part)
        if self.form == "index":
            return values
        if spec.type == "category":
            return nn.functional.one_hot(values, len(spec.classes)).float()
        column = values.float().reshape(-1, 1)
        if self.form == "sign":
            return 2 * column - 1
        for term in self.terms:
            self._refuse_outside(spec, column, target_range(term.name), part)
        return column

    def _refuse_outside(
        self, spec: TargetSpec, values: Tensor, allowed: tuple[float, float], part: PartName
    ) -> None:
        if not values.numel():
            return
        lowest, highest = values.min().item(), values.max().item()
        if allowed[0] <= lowest and highest <= allowed[1]:
            return
        needed = f"{allowed[0]:g} to {allowed[1]:g}" if allowed[1] < float("inf") else "0 or more"
        fix = "write `scale: none` where the numbers are meant to reach the loss as they are"
        raise failure(
            "target-outside",
            column=spec.name,
            part=part,
            loss=self.terms[0].name,
            lowest=f"{lowest:g}",
            highest=f"{highest:g}",
            needed=needed,
            fix=fix if spec.type == "number" else "",
        )

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Computes what a step makes small: the mean over the batch, times the weights of the terms."""
        first = self.terms[0]
        if len(self.terms) == 1 and first.weight == 1.0:
            value: Tensor = first.function(output, target)
            return value
        return torch.stack([term.weight * term.function(output, target) for term in self.terms]).sum()

    def mean_loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Computes the loss per row of a whole part, also where the loss itself adds rows up."""
        rows = output.shape[0]
        terms = [
            term.weight * term.function(output, target) / (rows if term.sums else 1) for term in self.terms
        ]
        return torch.stack(terms).sum()

    def probabilities(self, output: Tensor) -> Tensor | None:
        """Turns outputs into probabilities as the loss means them; None where it means none."""
        kind: Probabilities | None = probabilities_of(self.terms[0].name)
        if kind is None or any(spec.type == "number" for spec in self.targets.values()):
            return None
        if kind == "softmax":
            return output.softmax(dim=1)
        if kind == "sigmoid":
            return output.sigmoid()
        return output.exp() if kind == "exp" else output

    def predictions(self, output: Tensor) -> dict[str, Prediction]:
        """Reads the outputs of N rows: one prediction for each target."""
        probabilities = self.probabilities(output)
        scores = output if probabilities is None else probabilities
        if self.form == "index" or any(spec.type == "category" for spec in self.targets.values()):
            name = next(iter(self.targets))
            return {name: Prediction(scores.argmax(dim=1), scores, probabilities is not None)}
        found = {}
        for position, (name, spec) in enumerate(self.targets.items()):
            column = scores[:, position]
            if spec.type == "number":
                found[name] = Prediction(output[:, position])
                continue
            # Without a probability the loss tells which number stands between the two classes.
            middle = 0.0 if self.form == "sign" and probabilities is None else 0.5
            both = torch.stack([1 - column, column], dim=1)
            found[name] = Prediction((column > middle).long(), both, probabilities is not None)
        return found


def on_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copies a tensor of a part to the device, through pinned memory where that is quicker."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
