"""What is known of the training rows before anything runs: sizes of inputs and targets, and their counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from nncli.data.dataset import Data, Part
from nncli.objectives.losses import form_of
from nncli.objectives.objectives import Objective, Truth
from nncli.spec.schema import DataSpec
from nncli.training.held import HeldPart

LOOKED_AT: Final = 1000
"""Rows that are looked at, evenly over the part."""
_CONSTANT: Final = 1e-12


@dataclass(frozen=True, slots=True)
class InputFacts:
    """One column that flows in, as the network sees it.

    `largest` and `smallest` are the root mean squares of its features, those that never change left out.
    """

    name: str
    is_scaled: bool
    largest: float
    smallest: float
    constant: int
    is_finite: bool


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """One column that is predicted, as the loss sees it.

    `values` are some of its numbers, in order; none of classes. `counts` tells how often each class is there,
    where there is one for each row.
    """

    name: str
    is_scaled: bool
    rms: float
    deviation: float
    values: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Tells whether all rows that were looked at have the same value."""
        if self.counts:
            return sum(count > 0 for count in self.counts) == 1
        return bool(self.values) and self.deviation <= _CONSTANT * max(1.0, self.rms)

    @property
    def perplexity_share(self) -> float:
        """How even the classes are: 1 where all are as frequent, 1/classes where one is all there is."""
        total = sum(self.counts)
        shares = [count / total for count in self.counts if count]
        return math.exp(-sum(share * math.log(share) for share in shares)) / len(self.counts)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What is known of the training rows."""

    rows: int
    inputs: tuple[InputFacts, ...]
    targets: tuple[TargetFacts, ...]


def facts_of(data: Data, names: Sequence[str]) -> DataFacts:
    """Looks at the training rows; `names` are the inputs that the network takes."""
    part, declared = data.parts["train"], data.resolved
    rows = _sample(part)
    wanted = {name.removesuffix(".mask") for name in names}
    inputs = []
    for encoder in data.encoders.input_encoders:
        name = encoder.column.name
        if (name in wanted or "features" in wanted) and name in part.columns.inputs:
            values = _input(part, name, rows)
            if values.is_floating_point() and values.ndim > 1:
                inputs.append(_input_facts(name, values, _is_scaled(declared, "inputs", name)))
    return DataFacts(part.rows, tuple(inputs), tuple(_target_facts(data, part, rows)))


def _sample(part: Part) -> Tensor:
    step = max(1, part.rows // LOOKED_AT)
    return part.index[::step][:LOOKED_AT]


def _input(part: Part, name: str, rows: Tensor) -> Tensor:
    values = part.columns.inputs[name].take(rows).values
    finish = part.columns.finishes.get(name)
    return values if finish is None else finish(values, None)


def _input_facts(name: str, values: Tensor, is_scaled: bool) -> InputFacts:
    # Of an image or a series each channel is a feature: pixels at a border may never change.
    flat = values.double().flatten(1) if values.ndim == 2 else values.double().transpose(0, 1).flatten(1).T
    finite = bool(flat.isfinite().all())
    rms, deviation = flat.square().mean(0).sqrt(), flat.std(0, correction=0)
    moving = rms[deviation > _CONSTANT]
    largest = moving.max().item() if len(moving) else 0.0
    smallest = moving.min().item() if len(moving) else 0.0
    return InputFacts(name, is_scaled, largest, smallest, len(rms) - len(moving), finite)


def _is_scaled(declared: DataSpec, role: str, name: str) -> bool:
    columns = declared.inputs if role == "inputs" else declared.targets
    return name not in columns or columns[name].scale != "none"


def _target_facts(data: Data, part: Part, rows: Tensor) -> list[TargetFacts]:
    found = []
    for name, described in data.targets.items():
        taken = part.columns.targets[name].take(rows)
        values = taken.values if taken.mask is None else taken.values[taken.mask]
        numbers = values.double()
        if not numbers.numel():
            continue
        counts: tuple[int, ...] = ()
        if described.type in ("category", "binary") and described.shape == ():
            sizes = torch.bincount(values.flatten().long(), minlength=len(described.classes))
            counts = tuple(sizes.tolist())
        found.append(
            TargetFacts(
                name,
                _is_scaled(data.resolved, "targets", name),
                numbers.square().mean().sqrt().item(),
                numbers.std(correction=0).item(),
                tuple(numbers.flatten()[:LOOKED_AT].sort().values.tolist())
                if described.type == "number"
                else (),
                counts,
                described.classes,
            )
        )
    return found


def constant_loss(objective: Objective, part: HeldPart) -> float | None:
    """Works out what the best prediction that is the same for all rows loses; None where that is unknown."""
    rows = torch.arange(0, part.rows, max(1, part.rows // LOOKED_AT), device=part.device)
    truth = part.truth(rows)
    output = _constant_output(objective, truth)
    if output is None:
        return None
    loss = objective.loss(output, truth).item()
    return loss if math.isfinite(loss) and loss > 0 else None


def _constant_output(objective: Objective, truth: Truth) -> Tensor | None:
    if truth.parts:
        return None
    values, name = truth.values, objective.terms[0].name
    known = values if truth.mask is None else values[truth.mask]
    if form_of(name) == "index":
        if name not in ("CrossEntropyLoss", "NLLLoss", "FocalLoss"):
            return None
        classes = len(next(iter(objective.targets.values())).classes)
        counts = torch.bincount(known.flatten(), minlength=classes).float()
        weights = getattr(objective.terms[0].function, "weight", None)
        counts = counts * weights if isinstance(weights, Tensor) else counts
        scores = (counts / counts.sum()).clamp(min=1e-9).log()
        axes = (*values.shape, classes) if objective.classes_last else None
        if axes is not None:
            return scores.expand(axes)
        return scores.reshape(1, classes, *[1] * (values.ndim - 1)).expand(
            len(values), classes, *values.shape[1:]
        )
    mean = _masked_mean(values, truth.mask)
    if name in ("MSELoss", "SmoothL1Loss", "HuberLoss", "BCELoss"):
        return mean.expand_as(values)
    if name == "L1Loss":
        return values.median(dim=0, keepdim=True).values.expand_as(values)
    if name in ("BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"):
        return torch.logit(mean.clamp(1e-6, 1 - 1e-6)).expand_as(values)
    if name == "PoissonNLLLoss":
        is_log = getattr(objective.terms[0].function, "log_input", True)
        return (mean.clamp(min=1e-9).log() if is_log else mean).expand_as(values)
    return None


def _masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return values.mean(dim=0, keepdim=True)
    wide = mask.reshape(*mask.shape, *[1] * (values.ndim - mask.ndim)).expand_as(values)
    return nn.functional.relu(wide.float()).mul(values).sum(0, keepdim=True) / wide.sum(
        0, keepdim=True
    ).clamp(min=1)
