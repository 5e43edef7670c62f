"""Forecasts in the units of the targets, a row for each step with its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nncli.answers.outputs import Answers
from nncli.data.future import Future


@dataclass(frozen=True)
class Forecasts:
    """What a network says about the time after the rows of each series."""

    answers: Answers
    future: Future

    @property
    def rows(self) -> int:
        """Counts the steps of all series."""
        return self.future.part.rows * self.future.steps

    def columns(self) -> dict[str, list[Any]]:
        """Makes the group and the time of every step, then the targets."""
        columns = dict(self.future.labels)
        for name, values in self.answers.values().items():
            steps = self._by_step(values)
            width = len(steps[0]) if isinstance(steps[0], list) else 0
            for at in range(width):
                columns[f"{name}.{at + 1}"] = [each[at] for each in steps]
            if not width:
                columns[name] = steps
        return columns

    def documents(self) -> Iterator[dict[str, Any]]:
        """Makes one dict a step: its group and time, then the targets."""
        columns = dict(self.future.labels)
        columns |= {name: self._by_step(values) for name, values in self.answers.values().items()}
        for row in zip(*columns.values(), strict=True):
            yield dict(zip(columns, row, strict=True))

    def _by_step(self, values: list[Any]) -> list[Any]:
        """Lists a value for each step; a target of fewer steps than others says nothing at the rest."""
        found: list[Any] = []
        for value in values:
            steps = value if isinstance(value, list) else [value]
            found += [*steps, *[None] * (self.future.steps - len(steps))]
        return found
