"""What trained weights answer on a part: by classes, as numbers, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor

from nncli.columns.targets import TargetSpec
from nncli.data.dataset import Part
from nncli.models.model import Model
from nncli.objectives.objectives import Prediction
from nncli.reports.facts import Bin, ClassAnswers, Measured, NumberAnswers
from nncli.reports.worst import MOST_LOOKED, Cells, worst_samples
from nncli.training.evaluation import Evaluation, evaluate
from nncli.training.held import HeldPart
from nncli.training.metrics import confusion

MOST_CLASSES: Final = 60
"""Of more classes no table can be read."""
MOST_PAIRS: Final = 3000
_BINS: Final = 10


def measure_answers(model: Model, part: Part, cells: Cells) -> Measured:
    """Evaluates a part, and finds the rows on which the network does worst. `cells` shows raw rows."""
    held = HeldPart(part, list(model.network.inputs), model.judge.objective, model.device)
    found = evaluate(model.module, held, model.judge, model.training.batch_size)
    targets = model.judge.objective.targets
    return Measured(
        part=part.name,
        rows=part.rows,
        figures=found.figures,
        classes=tuple(
            _of_classes(found, targets[name]) for name in found.predictions if _has_table(targets[name])
        ),
        numbers=tuple(_of_numbers(found, model)),
        samples=worst_samples(model, part, cells),
        looked=min(part.rows, MOST_LOOKED),
    )


def _has_table(target: TargetSpec) -> bool:
    return target.type in ("category", "binary") and 2 <= len(target.classes) <= MOST_CLASSES


def _of_classes(found: Evaluation, target: TargetSpec) -> ClassAnswers:
    prediction, truth = found.predictions[target.name], found.truths[target.name].cpu().long().reshape(-1)
    counts = confusion(truth, prediction.value.cpu().long().reshape(-1), len(target.classes))
    bins = tuple(_bins(prediction, truth))
    return ClassAnswers(target.name, target.classes, tuple(map(tuple, counts.tolist())), bins)


def _bins(prediction: Prediction, truth: Tensor) -> Iterator[Bin]:
    """Groups rows by the probability of what was said; nothing where scores are no probabilities."""
    scores = prediction.scores
    if scores is None or not prediction.are_probabilities or scores.ndim != 2 or not len(truth):
        return
    said = prediction.value.cpu().long().reshape(-1)
    sure = scores.double().cpu().gather(1, said[:, None]).squeeze(1)
    right = (said == truth).double()
    place = (sure * _BINS).nan_to_num(0).clamp(0, _BINS - 1).long()
    for number in range(_BINS):
        chosen = place == number
        if rows := int(chosen.sum()):
            yield Bin(rows, float(sure[chosen].mean()), float(right[chosen].mean()))


def _of_numbers(found: Evaluation, model: Model) -> Iterator[NumberAnswers]:
    targets = model.judge.objective.targets
    for name, prediction in found.predictions.items():
        target = targets[name]
        if target.type != "number":
            continue
        said = model.encoders.decode_number(name, prediction.value.double().cpu()).reshape(-1)
        true = found.truths[name].double().cpu().reshape(prediction.value.shape)
        true = model.encoders.decode_number(name, true).reshape(-1)
        there = torch.isfinite(said) & torch.isfinite(true)
        step = max(1, len(said) // MOST_PAIRS)
        pairs = zip(true[there][::step].tolist(), said[there][::step].tolist(), strict=True)
        yield NumberAnswers(name, target.unit, tuple(pairs))
