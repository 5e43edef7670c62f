"""The loss and the metrics of a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor, nn

from nncli.columns.stored import Taken
from nncli.columns.targets import TargetSpec
from nncli.objectives.objectives import Objective, Prediction
from nncli.training.gathering import Gathered
from nncli.training.held import HeldPart
from nncli.training.metrics import Metric, Unscale, compute_metrics
from nncli.training.prediction import evaluating, row_batches
from nncli.training.rows import Figures
from nncli.training.stepping import Moment, Update, seed_draws


@dataclass(frozen=True)
class Evaluation:
    """What a network reaches on a part; `figures` begins with `loss`, the mean per row.

    `predictions` and `truths` are by target, those that are there alone; classes along steps or pixels
    stand one behind the other, without scores.
    """

    figures: Figures
    predictions: Mapping[str, Prediction]
    truths: Mapping[str, Tensor]


@dataclass(frozen=True)
class Judge:
    """How a network is judged: its loss, its metrics, and the way back to a number's own unit."""

    objective: Objective
    metrics: tuple[Metric, ...]
    unscale: Unscale


class HaltedError(Exception):
    """An evaluation was asked to stop; nothing is changed by it."""


def never() -> bool:
    """Asks nobody to stop."""
    return False


def _until(halt: Callable[[], bool], batches: Iterable[Tensor]) -> Iterator[Tensor]:
    """Looks between batches whether to stop. Raises HaltedError."""
    for number, rows in enumerate(batches):
        if number and halt():
            raise HaltedError
        yield rows


def evaluate(
    module: nn.Module, part: HeldPart, judge: Judge, batch_size: int, halt: Callable[[], bool] = never
) -> Evaluation:
    """Runs a part through a module in eval mode and judges the outputs; random states stay as they are.

    Raises HaltedError where `halt` answers true between two batches.
    """
    objective = judge.objective
    batches = list(row_batches(part, batch_size))
    losses = [_Losses(len(batches)) for _ in objective.heads]
    found = {name: _Found(len(batches)) for name in objective.targets}
    with evaluating(module):
        for rows in _until(halt, batches):
            output, truth = module(*part.inputs(rows)), part.truth(rows)
            truths_of_heads = truth.parts or (truth,)
            for head, found_losses, one, part_truth in zip(
                objective.heads, losses, objective.outputs(output), truths_of_heads, strict=True
            ):
                found_losses.add(head.mean_loss(one, part_truth), head.weight(part_truth))
            targets = part.targets(rows)
            for name, prediction in objective.predictions(output).items():
                known, values = _known(prediction, targets[name], objective.targets[name])
                found[name].add(known, values)
    means = [each.mean() for each in losses]
    names = [".".join(head.targets) for head in objective.heads]
    of_heads = (
        {f"{name}.loss": mean for name, mean in zip(names, means, strict=True)} if len(names) > 1 else {}
    )
    predictions = {name: each.prediction() for name, each in found.items()}
    truths = {name: each.truths.whole() for name, each in found.items()}
    metrics = compute_metrics(judge.metrics, predictions, truths, judge.unscale)
    return Evaluation({"loss": sum(means), **of_heads, **metrics}, predictions, truths)


def _known(prediction: Prediction, target: Taken, spec: TargetSpec) -> tuple[Prediction, Tensor]:
    """Keeps what can be compared: rows, steps or pixels whose truth is known."""
    value, scores = prediction.value, prediction.scores
    truth = target.values
    if target.mask is not None:
        value, truth = value[target.mask], truth[target.mask]
        scores = scores[target.mask] if scores is not None and target.mask.ndim == 1 else None
    # What numbers mean depends on where they stand: those of a vector have a scale each.
    if value.ndim > 1 and spec.type not in ("set", "number"):
        value, truth, scores = value.flatten(), truth.flatten(), None
    return Prediction(value, scores, prediction.are_probabilities), truth


@final
class _Losses:
    """The losses of one output, batch by batch, and what each of them is over."""

    def __init__(self, batches: int) -> None:
        self._losses = Gathered(batches)
        self._counted: list[Tensor | int] = []

    def add(self, loss: Tensor, weight: Tensor | int) -> None:
        """Adds a batch."""
        self._losses.add(loss.reshape(1))
        self._counted.append(weight)

    def mean(self) -> float:
        """Gives the mean of all rows."""
        weights = [float(each) for each in self._counted]
        pairs = zip(self._losses.whole().tolist(), weights, strict=True)
        total: float = sum(loss * weight for loss, weight in pairs)
        return total / (sum(weights) or 1.0)


@final
class _Found:
    """What is said of one target, and what is true, batch by batch."""

    def __init__(self, batches: int) -> None:
        self._values, self._scores, self.truths = (Gathered(batches) for _ in range(3))
        self._has_scores = self._are_probabilities = False

    def add(self, known: Prediction, truths: Tensor) -> None:
        """Adds a batch."""
        self._values.add(known.value)
        self.truths.add(truths)
        if known.scores is not None:
            self._scores.add(known.scores)
        self._has_scores, self._are_probabilities = known.scores is not None, known.are_probabilities

    def prediction(self) -> Prediction:
        """Gives what is said of all rows."""
        scores = self._scores.whole() if self._has_scores else None
        return Prediction(self._values.whole(), scores, self._are_probabilities)


def computed_figures(
    updates: Sequence[Update],
    networks: Mapping[str, nn.Module],
    part: HeldPart,
    size: int,
    now: Moment,
    halt: Callable[[], bool] = never,
) -> Figures:
    """Works out the losses of updates over a part in eval mode, as means over rows, and their metrics.

    `size` is that of a batch. `now` is what expressions read as step and epoch; what they draw is the same
    at all times. Random states stay as they are. Raises HaltedError as `evaluate` does.
    """
    sums = {name: 0.0 for update in updates for name in update.figures}
    measured: dict[str, list[tuple[Tensor, ...]]] = {each.name: [] for each in updates if each.measures}
    start = replace(now, step=0, epoch=0)
    devices = [part.device] if part.device.type == "cuda" else []
    with ExitStack() as held:
        held.enter_context(torch.random.fork_rng(devices=devices))
        for module in networks.values():
            held.enter_context(evaluating(module))
        for place, rows in enumerate(_until(halt, row_batches(part, size))):
            for number, update in enumerate(updates):
                seed_draws(start, place * len(updates) + number, part.device)
                # A loss may hold gradients: `grad(y, x)`.
                with torch.set_grad_enabled(update.has_gradients):
                    losses = update.losses(part, rows, None, now)
                for name, loss in zip(update.figures, losses, strict=True):
                    sums[name] += loss.item() * len(rows)
                if update.measures is not None:
                    seed_draws(start, place * len(updates) + number, part.device)
                    measured[update.name].append(update.measures.values(part, rows, now))
    found: dict[str, float | None] = {name: total / max(part.rows, 1) for name, total in sums.items()}
    for update in updates:
        if update.measures is not None:
            found.update(update.measures.figures(measured[update.name]))
    return found
