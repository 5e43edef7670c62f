"""What a forecast has to beat: figures of rules that need no network, for targets in time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nncli.columns.encoders import Encoders
from nncli.columns.stored import Windows
from nncli.data.dataset import Part
from nncli.objectives.objectives import Prediction
from nncli.training.metrics import Metric, compute_metrics
from nncli.training.rows import Figures


def baselines(part: Part, encoders: Encoders, metrics: Sequence[Metric]) -> dict[str, Figures]:
    """Judges rules by the metrics of number targets that are read in time; empty where there are none.

    `naive` says the last known value again. Where the data have a season: `seasonal` says the value of a
    season ago, `seasonal ratio` the last known value times the change that followed it a season ago.
    Only samples whose past is known as far back count; a rule without any is left out.
    """
    found: dict[str, Figures] = {}
    numbers = {name: each for name, each in encoders.targets().items() if each.type == "number"}
    if encoders.timeline is None or not numbers:
        return found
    for rule in ("naive", "seasonal", "seasonal ratio"):
        said: dict[str, Prediction] = {}
        truths: dict[str, Tensor] = {}
        for name in numbers:
            column = part.columns.targets[name]
            if isinstance(column, Windows):
                rows = part.index[_is_known(part, column, encoders, rule)]
                forecast = _forecast(column, rows, encoders, name, rule)
                if forecast is not None:
                    said[name] = Prediction(forecast.flatten())
                    truths[name] = encoders.decode_number(name, column.take(rows).values.double()).flatten()
        judged = [metric for metric in metrics if metric.target.name in said]
        if judged:
            found[rule] = compute_metrics(judged, said, truths, lambda _, values: values)
    return found


def _steps_back(column: Windows, season: int, rule: str) -> int:
    """Counts the steps before a row that a rule reads."""
    back = 1 - column.first
    return {"naive": back, "seasonal": season - column.first}.get(rule, back + season)


def _is_known(part: Part, column: Windows, encoders: Encoders, rule: str) -> Tensor:
    """Marks the samples whose past a rule can read, bool (samples,)."""
    assert encoders.timeline is not None
    back = _steps_back(column, encoders.timeline.season or 0, rule)
    # Where several series lie one behind the other, only what every sample reads is surely its own past.
    firsts = [reach.first for name, reach in encoders.reaches.items() if name.startswith("inputs.")]
    own = -min(firsts, default=0)
    if encoders.timeline.group is not None and back > own:
        return torch.zeros(part.rows, dtype=torch.bool)
    return part.index >= back


def _forecast(column: Windows, rows: Tensor, encoders: Encoders, name: str, rule: str) -> Tensor | None:
    """Says the values of a target as a rule does, float64 (rows, steps, …) in its own unit."""
    assert encoders.timeline is not None
    season = encoders.timeline.season
    if not len(rows) or (rule != "naive" and season is None):
        return None
    ahead = torch.arange(column.length or 1)
    first = rows[:, None] + column.first
    last = first - 1 + torch.zeros_like(ahead)
    if rule == "naive" or season is None:
        return _values(column, last, encoders, name)
    ago = first + ahead - season * (ahead // season + 1)
    if rule == "seasonal":
        return _values(column, ago, encoders, name)
    change = _values(column, ago, encoders, name) / _values(column, last - season, encoders, name)
    return _values(column, last, encoders, name) * change


def _values(column: Windows, steps: Tensor, encoders: Encoders, name: str) -> Tensor:
    taken = column.values[steps]
    values = taken.squeeze(-1) if column.length is None and taken.ndim == 3 else taken
    return encoders.decode_number(name, values.double())
