"""What a training run yields, one row after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

# A figure that is undefined, such as the AUROC of rows that are all of one class, is None.
Figures: TypeAlias = Mapping[str, float | None]


def value_of(figure: str, train: Figures, validation: Figures | None) -> float | None:
    """Finds a figure by its name, such as `validation.accuracy`."""
    part, _, name = figure.partition(".")
    figures: Figures = train if part == "train" else validation or {}
    return figures.get(name)


Reason: TypeAlias = Literal["epochs", "steps", "minutes", "stop_early"]


@dataclass(frozen=True, slots=True)
class Best:
    """The weights to keep: after which epoch and step, and by which figure."""

    epoch: int
    step: int
    watch: str
    value: float


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """Where training stands inside an epoch, about ten times a second.

    `epoch` counts from 1. `batch` of `batches` are done. `loss` is the mean of this epoch so far.
    `samples` counts the rows that this process has trained on.
    """

    epoch: int
    step: int
    batch: int
    batches: int
    loss: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class EpochRow:
    """An epoch with its figures; `validation` is None where that part has no rows.

    `improved` tells that the weights of this epoch are now the best. `samples` counts the rows
    that this process has trained on. `learning_rates` are those with which the epoch ended, by update;
    none where nothing moves them. `skipped` counts batches that changed nothing, since they were not finite.
    Units: `seconds` of this epoch in this process.
    """

    epoch: int
    step: int
    train: Figures
    validation: Figures | None
    improved: bool
    samples: int
    seconds: float
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class RewoundRow:
    """Something was not finite at `from_step`; training goes on from `step` with a lower learning rate."""

    epoch: int
    step: int
    from_step: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class StoppedRow:
    """The caller asked to stop; the state can be saved as it is."""

    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class DoneRow:
    """The end of training, and why."""

    reason: Reason
    epochs: int
    steps: int
    best: Best | None


Row: TypeAlias = ProgressRow | EpochRow | RewoundRow | StoppedRow | DoneRow
