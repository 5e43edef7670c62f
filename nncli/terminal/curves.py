"""Curves in characters, for terminals and pipes; plotext draws them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it is of, and whether it grows by factors."""

    label: str
    is_logarithmic: bool = False


def draw_curves(
    curves: Mapping[str, Sequence[tuple[float, float]]], across: Axis, size: tuple[int, int]
) -> str:
    """Draws curves by name, points (x, y), in a frame of (columns, rows); what is not finite is left out."""
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.plot_size(*size)
    shown = {
        name: [(_at(x, across), y) for x, y in points if math.isfinite(y)] for name, points in curves.items()
    }
    xs = [x for points in shown.values() for x, _ in points]
    if not xs:
        return ""
    for name, points in shown.items():
        signal = figure.signal([x for x, _ in points], [y for _, y in points], marker="braille").lines()
        figure.draw(signal.label(name) if len(shown) > 1 else signal)
    if across.is_logarithmic:
        decades = range(math.ceil(min(xs)), math.floor(max(xs)) + 1)
        step = max(1, math.ceil(len(decades) / _MOST_TICKS))
        figure.ruler("x").ticks(list(decades)[::step], [f"1e{n}" for n in list(decades)[::step]])
    figure.label(across.label)
    text: str = plotext.uncolorize(figure.build().string())
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _at(x: float, axis: Axis) -> float:
    return math.log10(x) if axis.is_logarithmic else x
