"""The metrics of updates, between values of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from nncli.columns.targets import TargetSpec
from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failures
from nncli.objectives.objectives import Prediction
from nncli.objectives.updates import CompiledUpdate, Measured
from nncli.spec.updates import UpdateSpec
from nncli.training.held import HeldPart
from nncli.training.metrics import Metric, Unscale, build_metrics, compute_metrics
from nncli.training.rows import Figures
from nncli.training.stepping import Feeds, Moment, Update


@final
class ComputedMeasures:
    """The metrics of a compiled update; `names` are those of their figures."""

    def __init__(
        self, measured: Measured, names: tuple[str, ...], targets: Mapping[str, TargetSpec], unscale: Unscale
    ) -> None:
        self.names = names
        self._module = measured.module
        self._feeds = Feeds(measured.feeds)
        self._metrics = bound(measured)
        self._targets = targets
        self._unscale = unscale

    def values(self, part: HeldPart, rows: Tensor, moment: Moment) -> tuple[Tensor, ...]:
        """Works out what the metrics compare in a batch: what is said and what is true, in turn."""
        values: tuple[Tensor, ...] = self._module(*self._feeds.take(part, rows, None, moment))
        return values

    def figures(self, gathered: Sequence[tuple[Tensor, ...]]) -> Figures:
        """Works out the metrics of all batches, in a number's own unit."""
        wholes = [torch.cat(each) for each in zip(*gathered, strict=True)]
        pairs = zip(wholes[::2], wholes[1::2], strict=True)
        found: dict[str, float | None] = {}
        for name, metric, (said, true) in zip(self.names, self._metrics, pairs, strict=True):
            target = metric.target
            prediction, true = _compared(target, said, true)
            unscale = self._unscale if target == self._targets.get(target.name) else _as_it_is
            figures = compute_metrics((metric,), {target.name: prediction}, {target.name: true}, unscale)
            found[name] = next(iter(figures.values()))
        return found


def bound(measured: Measured) -> tuple[Metric, ...]:
    """Binds the metrics of an update. Raises SpecError as `build_metrics`, with all problems."""
    found: list[Metric] = []
    problems: list[Problem] = []
    for each, target in zip(measured.metrics, measured.targets, strict=True):
        try:
            found += build_metrics([each.call], {target.name: target}, each.path)
        except NncliError as error:
            problems.extend(error.problems)
    if problems:
        raise failures(problems)
    return tuple(found)


def with_checked_metrics(updates: tuple[CompiledUpdate, ...]) -> tuple[CompiledUpdate, ...]:
    """Gives updates back, whose metrics can be bound. Raises SpecError as `bound`."""
    for each in updates:
        if each.measured is not None:
            bound(each.measured)
    return updates


def measure_names(updates: Sequence[UpdateSpec]) -> dict[str, tuple[str, ...]]:
    """Names the metrics of each update; of several updates they have its name before them."""
    found = {}
    for each in updates:
        start = f"{each.name}." if len(updates) > 1 else ""
        names: list[str] = []
        for metric in each.metrics:
            # The same metric of another value has the name of what is true in it.
            name = f"{start}{metric.call.name}"
            names.append(f"{start}{metric.from_[1].path}.{metric.call.name}" if name in names else name)
        found[each.name] = tuple(names)
    return found


def measured(
    updates: Sequence[Update],
    compiled: Sequence[CompiledUpdate],
    targets: Mapping[str, TargetSpec],
    unscale: Unscale,
) -> tuple[Update, ...]:
    """Gives updates their metrics; numbers of the data's targets come back in their own unit."""
    names = measure_names([each.spec for each in compiled])
    return tuple(
        replace(update, measures=ComputedMeasures(each.measured, names[each.name], targets, unscale))
        if each.measured
        else update
        for update, each in zip(updates, compiled, strict=True)
    )


def _compared(target: TargetSpec, said: Tensor, true: Tensor) -> tuple[Prediction, Tensor]:
    """Reads what an update says of a target as an output is read."""
    if target.type == "number":
        return Prediction(said), true
    if said.is_floating_point():
        scores = said.movedim(1, -1)
        return Prediction(scores.argmax(-1).flatten(), scores.flatten(0, -2)), true.flatten().long()
    return Prediction(said.flatten().long()), true.flatten().long()


def _as_it_is(_: str, values: Tensor) -> Tensor:
    return values
