"""Predictions in the words and units of the targets, by column and by row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from nncli.columns.encoders import Encoders
from nncli.columns.sets import SEPARATOR
from nncli.objectives.objectives import Objective, Prediction


@dataclass(frozen=True)
class Answers:
    """What a network says about rows, target by target.

    `masks` tells of a target with a class at each step which of them are there, bool (N, steps).
    """

    objective: Objective
    encoders: Encoders
    predictions: Mapping[str, Prediction]
    masks: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Counts the rows."""
        return len(next(iter(self.predictions.values())).value)

    def values(self) -> dict[str, list[Any]]:
        """Lists what is said of each target, row by row."""
        return {name: self._values(name, prediction) for name, prediction in self.predictions.items()}

    def columns(self) -> dict[str, list[Any]]:
        """Makes `<target>`, then `<target>.<class>` for each class (binary: the positive one).

        Of a class at each pixel the number of pixels of each class is told, and nothing else.
        """
        columns: dict[str, list[Any]] = {}
        for name, prediction in self.predictions.items():
            target = self.objective.targets[name]
            columns |= self._as_columns(name, prediction)
            scores = self._shares(name, prediction)
            classes = target.classes[1:] if target.type == "binary" else target.classes
            first = len(target.classes) - len(classes)
            for position, label in enumerate(classes if scores is not None else ()):
                assert scores is not None
                columns[f"{name}.{label}"] = _finite(scores[:, first + position].tolist())
        return columns

    def _as_columns(self, name: str, prediction: Prediction) -> dict[str, list[Any]]:
        """Makes a column of one value a row; several numbers have a column each, sets stand in one cell."""
        values, target = self._values(name, prediction), self.objective.targets[name]
        if target.is_mask:
            return {f"{name}.{label}": [row[label] for row in values] for label in target.classes}
        if target.type == "set":
            return {name: [SEPARATOR.join(each) for each in values]}
        if target.type == "number" and len(target.shape) == 1 and target.shape != (1,):
            return {f"{name}.{at + 1}": [row[at] for row in values] for at in range(target.shape[0])}
        return {name: values}

    def documents(self) -> Iterator[dict[str, Any]]:
        """Makes one dict a row: the targets, then `probabilities` by target and class.

        Of a class at each pixel `pixels` has the number of those of each class.
        """
        values, pixels = dict[str, list[Any]](), dict[str, list[Any]]()
        for name, prediction in self.predictions.items():
            is_mask = self.objective.targets[name].is_mask
            (pixels if is_mask else values)[name] = self._values(name, prediction)
        scores = {name: self._shares(name, prediction) for name, prediction in self.predictions.items()}
        shares = {
            name: [_finite(row) for row in found.tolist()]
            for name, found in scores.items()
            if found is not None
        }
        for row in range(self.rows):
            document: dict[str, Any] = {name: column[row] for name, column in values.items()}
            if pixels:
                document["pixels"] = {name: column[row] for name, column in pixels.items()}
            if shares:
                document["probabilities"] = {
                    name: dict(zip(self.objective.targets[name].classes, share[row], strict=True))
                    for name, share in shares.items()
                }
            yield document

    def _values(self, name: str, prediction: Prediction) -> list[Any]:
        target = self.objective.targets[name]
        if target.type == "number":
            values = self.encoders.decode_number(name, prediction.value.double().cpu())
            return _finite(values.tolist())
        if target.type == "set":
            chosen = prediction.value.tolist()
            return [
                [label for label, is_in in zip(target.classes, row, strict=True) if is_in] for row in chosen
            ]
        if target.is_mask:
            places = prediction.value.flatten(1)
            counts = torch.stack([(places == at).sum(1) for at in range(len(target.classes))], dim=1)
            return [dict(zip(target.classes, row, strict=True)) for row in counts.tolist()]
        if target.is_sequence:
            return list(self.encoders.words(name, prediction.value.cpu(), self.masks.get(name)))
        return [target.classes[index] for index in prediction.value.tolist()]

    def _shares(self, name: str, prediction: Prediction) -> torch.Tensor | None:
        """Gives the probabilities of classes where there is one class for each row."""
        target = self.objective.targets[name]
        if target.is_sequence or target.is_mask:
            return None
        if prediction.scores is None or not prediction.are_probabilities:
            return None
        return prediction.scores.double().cpu()


def _finite(values: list[Any]) -> list[Any]:
    """Puts nothing in the place of a number that is not finite: no reader of CSV or JSON agrees on it."""
    return [
        _finite(value) if isinstance(value, list) else value if math.isfinite(value) else None
        for value in values
    ]
