"""The loss and the metrics of a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nncli.data.dataset import Part
from nncli.training.metrics import Metric, Unscale, compute_metrics
from nncli.training.objectives import Objective, Prediction, on_device
from nncli.training.prediction import evaluating, predict
from nncli.training.rows import Figures


@dataclass(frozen=True)
class HeldPart:
    """A part on the device: the inputs in the network's order, and the target as the loss needs it."""

    rows: int
    inputs: tuple[Tensor, ...]
    target: Tensor
    truths: Mapping[str, Tensor]


@dataclass(frozen=True)
class Evaluation:
    """What a network reaches on a part; `figures` begins with `loss`, the mean per row."""

    figures: Figures
    predictions: Mapping[str, Prediction]


def hold(part: Part, inputs: Sequence[str], objective: Objective, device: torch.device) -> HeldPart:
    """Copies a part to the device once; `inputs` are the names that the network takes, in order.

    Raises DataError: `target-outside`.
    """
    target = objective.prepare(part.targets, device, part.name)
    truths = {name: on_device(values, device) for name, values in part.targets.items()}
    return HeldPart(part.rows, tuple(on_device(part.inputs[n], device) for n in inputs), target, truths)


@dataclass(frozen=True)
class Judge:
    """How a network is judged: its loss, its metrics, and the way back to a number's own unit."""

    objective: Objective
    metrics: tuple[Metric, ...]
    unscale: Unscale


def evaluate(module: nn.Module, part: HeldPart, judge: Judge, batch_size: int) -> Evaluation:
    """Runs a part through a module in eval mode and judges the outputs; random states stay as they are."""
    output = predict(module, part.inputs, batch_size)
    with evaluating(module):
        loss = judge.objective.mean_loss(output, part.target).item()
        predictions = judge.objective.predictions(output)
    metrics = compute_metrics(judge.metrics, predictions, part.truths, judge.unscale)
    return Evaluation({"loss": loss, **metrics}, predictions)
