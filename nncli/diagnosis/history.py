"""How a run went: its epochs, and the statistics of its steps, as its folder has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Epoch:
    """The figures of an epoch; None where one is undefined or not finite."""

    epoch: int
    step: int
    loss: float | None
    validation: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Steps:
    """Statistics of one step, by layer: the norm of gradients, and of changes to that of weights.

    `loss` is the mean of the steps since the statistics before.
    """

    step: int
    loss: float | None
    gradients: Mapping[str, float | None]
    updates: Mapping[str, float | None]


@dataclass(frozen=True)
class History:
    """A run so far; `state` is that of run.json, `diverged` where a number stopped being finite."""

    epochs: tuple[Epoch, ...]
    steps: tuple[Steps, ...]
    state: str
    diverged: bool = False


def history_of(
    epochs: Iterable[Mapping[str, Any]], steps: Iterable[Mapping[str, Any]], state: str, *, diverged: bool
) -> History:
    """Reads the rows of metrics.jsonl and statistics.jsonl; rows of another kind are passed over."""
    read_epochs = tuple(_epoch(row) for row in epochs if row.get("kind") == "epoch")
    read_steps = tuple(_steps(row) for row in steps if row.get("kind") == "step")
    return History(read_epochs, read_steps, state, diverged)


def _epoch(row: Mapping[str, Any]) -> Epoch:
    figures = row.get("train") or {}
    return Epoch(int(row["epoch"]), int(row["step"]), figures.get("loss"), row.get("validation") or {})


def _steps(row: Mapping[str, Any]) -> Steps:
    return Steps(int(row["step"]), row.get("loss"), row.get("gradients") or {}, row.get("updates") or {})
