"""What came out of a run: how well a trained network does on rows that it knows, and on others."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nncli.columns.targets import TargetSpec
from nncli.objectives.objectives import Prediction
from nncli.training.evaluation import Evaluation, Judge, evaluate
from nncli.training.held import HeldPart
from nncli.training.prediction import row_batches


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a network does on a part.

    `error` is the share of wrong classes, or the mean square of what is off; `deviation` that of its mean,
    `blind` the error of one answer for all rows. `spread` is that of predictions to that of the truth,
    `largest` the share of the class that is predicted most and `true_share` how often that is right to say.
    `balanced` is the mean over classes of the share that is found.
    """

    loss: float
    error: float
    deviation: float
    blind: float
    spread: float | None = None
    largest: float | None = None
    true_share: float | None = None
    balanced: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A trained network on both parts; `score` is 0 for no better than a constant, 1 for no loss at all.

    `training_loss` is that of the rows of `train` as a step sees them: with dropout, and with the statistics
    of each batch.
    """

    train: Fit
    validation: Fit | None
    training_loss: float
    score: float

    @property
    def balanced(self) -> float | None:
        """The share of each class that is found, a mean over the classes."""
        return self.train.balanced


def outcome_of(
    module: nn.Module, train: HeldPart, validation: HeldPart | None, judge: Judge, constant: float | None
) -> Outcome:
    """Judges a trained network; module and random generators stay as they are."""
    fit = _fit(module, train, judge)
    other = _fit(module, validation, judge) if validation is not None and validation.rows else None
    score = 1 - fit.error / fit.blind if fit.blind else 0.0
    if constant and math.isfinite(fit.loss):
        score = 1 - fit.loss / constant
    return Outcome(fit, other, _loss_in_training(module, train, judge), score)


def _fit(module: nn.Module, part: HeldPart, judge: Judge) -> Fit:
    found = evaluate(module, part, judge, 256)
    loss = found.figures["loss"]
    name, target = next(iter(judge.objective.targets.items()))
    given = math.nan if loss is None else loss
    if target.type == "number":
        return _fit_of_numbers(given, found)
    return _fit_of_classes(given, found.predictions[name], found.truths[name], target)


def _fit_of_numbers(loss: float, found: Evaluation) -> Fit:
    pairs = [(found.predictions[name].value.double(), truth.double()) for name, truth in found.truths.items()]
    values = torch.cat([value.flatten() for value, _ in pairs])
    truths = torch.cat([truth.flatten() for _, truth in pairs])
    squares = (values - truths).square()
    blind = truths.var(correction=0).item()
    spread = (values.std(correction=0) / truths.std(correction=0).clamp(min=1e-30)).item()
    return Fit(loss, squares.mean().item(), _deviation(squares), blind, spread)


def _fit_of_classes(loss: float, prediction: Prediction, truth: Tensor, target: TargetSpec) -> Fit:
    values, truths = prediction.value.flatten(), truth.flatten().long()
    if target.type == "set":
        wrong = (prediction.value != truth).double().flatten()
        return Fit(loss, wrong.mean().item(), _deviation(wrong), min(truth.double().mean().item(), 0.5))
    wrong = (values != truths).double()
    classes = max(len(target.classes), 2)
    true, said = (torch.bincount(each, minlength=classes).double() for each in (truths, values.long()))
    hits = torch.bincount(truths[values == truths], minlength=classes).double()
    there = true > 0
    most = int(said.argmax())
    return Fit(
        loss,
        wrong.mean().item(),
        _deviation(wrong),
        1 - (true.max() / true.sum()).item(),
        largest=(said[most] / said.sum()).item(),
        true_share=(true[most] / true.sum()).item(),
        balanced=(hits[there] / true[there]).mean().item(),
    )


def _deviation(values: Tensor) -> float:
    return float(values.std(correction=0).item() / max(len(values), 1) ** 0.5)


def _loss_in_training(module: nn.Module, part: HeldPart, judge: Judge) -> float:
    trial = copy.deepcopy(module).train()
    losses, rows = 0.0, 0
    devices = [part.device] if part.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.manual_seed(0)
        for batch in row_batches(part, 256):
            if len(batch) > 1 or not rows:
                loss = judge.objective.mean_loss(trial(*part.inputs(batch)), part.truth(batch))
                losses, rows = losses + loss.item() * len(batch), rows + len(batch)
    return losses / max(rows, 1)
