"""How a run went: its epochs, and the statistics of its steps, as its folder has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from nncli.training.statistics import MOST_RECENT, Health

_WORDS: Final = ("what", "layer", "type", "path", "direction", "rows", "advice")


@dataclass(frozen=True, slots=True)
class Epoch:
    """The figures of an epoch; None where one is undefined or not finite."""

    epoch: int
    step: int
    loss: float | None
    validation: Mapping[str, float | None]
    train: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Steps:
    """Statistics of one step, by layer: the norm of gradients, and of changes to that of weights.

    `loss` is the mean of the steps since the statistics before. `activations` tell by layer how it answers,
    at the steps at which that was looked at.
    """

    step: int
    loss: float | None
    gradients: Mapping[str, float | None]
    updates: Mapping[str, float | None]
    activations: Mapping[str, Health] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first number that was not finite: in which step, what it was, where it stands, and what may help.

    `losses` are the last ones that were finite, by step; `rows` names the rows of the batch, `direction` is
    `forward` or `backward`.
    """

    step: int
    what: str
    layer: str
    type: str
    path: str
    direction: str
    rows: str
    advice: str
    losses: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class LastStep:
    """What is kept of a step: its loss, the norm of its gradient, the largest change of a layer to its
    weights."""

    step: int
    loss: float | None
    gradient: float | None = None
    update: float | None = None


@dataclass(frozen=True)
class History:
    """A run so far; `state` is that of run.json, `diverged` where a number stopped being finite.

    `divergence` tells of that number, where the run noted it.
    """

    epochs: tuple[Epoch, ...]
    steps: tuple[Steps, ...]
    state: str
    diverged: bool = False
    divergence: Divergence | None = None

    def last_steps(self) -> tuple[LastStep, ...]:
        """Lists the last steps before the one that was not finite, with what is kept of each."""
        if self.divergence is None:
            return ()
        losses = self.divergence.losses
        found = {step: LastStep(step, loss) for step, loss in losses.items()}
        for each in self.steps:
            squares = [value**2 for value in each.gradients.values() if value is not None]
            moved = [value for value in each.updates.values() if value is not None]
            norm = sum(squares) ** 0.5 if squares else None
            loss = losses.get(each.step, each.loss)
            found[each.step] = LastStep(each.step, loss, norm, max(moved, default=None))
        return tuple(found[step] for step in sorted(found))[-MOST_RECENT:]

    def of_network(self, name: str) -> History:
        """Takes what is told of one of several networks, whose layers then have their own names."""
        start = f"{name}."

        def own(values: Mapping[str, Any]) -> dict[str, Any]:
            return {key.removeprefix(start): each for key, each in values.items() if key.startswith(start)}

        steps = tuple(
            Steps(each.step, each.loss, own(each.gradients), own(each.updates), own(each.activations))
            for each in self.steps
        )
        return replace(self, steps=steps)

    def dead_shares(self, layer: str) -> list[tuple[int, float]]:
        """Lists the steps at which a layer was looked at while it learned, each with the share of dead
        units."""
        looked = [
            (each.step, each.activations[layer].dead) for each in self.steps if layer in each.activations
        ]
        return [(step, share) for step, share in looked if share is not None]


def history_of(
    epochs: Iterable[Mapping[str, Any]], steps: Iterable[Mapping[str, Any]], state: str, *, diverged: bool
) -> History:
    """Reads the rows of metrics.jsonl and statistics.jsonl; rows of another kind are passed over."""
    rows = list(steps)
    read_epochs = tuple(_epoch(row) for row in epochs if row.get("kind") == "epoch")
    read_steps = tuple(_steps(row) for row in rows if row.get("kind") == "step")
    found = [_divergence(row) for row in rows if row.get("kind") == "diverged"]
    return History(read_epochs, read_steps, state, diverged, found[-1] if found and diverged else None)


def _divergence(row: Mapping[str, Any]) -> Divergence:
    words = {name: str(row.get(name) or "") for name in _WORDS}
    pairs = row.get("losses")
    found = [each for each in pairs if _is_pair(each)] if isinstance(pairs, list) else []
    losses = {step: float(loss) for step, loss in found}
    return Divergence(step=int(row.get("step") or 1), losses=losses, **words)


def _is_pair(value: object) -> bool:
    """Tells a step with its loss; the files of a run may come from anywhere."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and type(value[0]) is int
        and isinstance(value[1], (int, float))
    )


def _epoch(row: Mapping[str, Any]) -> Epoch:
    figures = row.get("train") or {}
    numbers = int(row["epoch"]), int(row["step"])
    return Epoch(*numbers, figures.get("loss"), row.get("validation") or {}, figures)


def _steps(row: Mapping[str, Any]) -> Steps:
    looks = {layer: _health(found) for layer, found in (row.get("activations") or {}).items()}
    figures = row.get("gradients") or {}, row.get("updates") or {}
    return Steps(int(row["step"]), row.get("loss"), *figures, looks)


def _health(found: Mapping[str, float | None]) -> Health:
    """Reads how a layer answers; what is null was not finite."""
    rms, zeros = (math.nan if found.get(name) is None else found[name] for name in ("rms", "zeros"))
    assert rms is not None and zeros is not None
    return Health(rms, zeros, found.get("dead"), found.get("saturated"))
