"""Curves in characters, for terminals and pipes; plotext draws them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_MOST_TICKS: Final = 6
_SIGNS: Final = ("⠒", "•", "+", "x", "o", "*")


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: what it is of, and whether it grows by factors."""

    label: str
    is_logarithmic: bool = False


def draw_curves(
    curves: Mapping[str, Sequence[tuple[float, float]]], across: Axis, size: tuple[int, int]
) -> str:
    """Draws curves by name, points (x, y), in a frame of (columns, rows); what is not finite is left out.

    Of several, a line above tells which sign is whose: a legend inside would lie on the curves.
    """
    import plotext

    shown = {
        name: [(_at(x, across), y) for x, y in points if math.isfinite(y)] for name, points in curves.items()
    }
    xs = [x for points in shown.values() for x, _ in points]
    if not xs:
        return ""
    figure = plotext.figure
    figure.clear()
    figure.plot_size(size[0], size[1] - (len(shown) > 1))
    signs = dict(zip(shown, itertools.cycle(_SIGNS), strict=False))
    for name, points in shown.items():
        marker = "braille" if signs[name] == _SIGNS[0] else signs[name]
        figure.draw(figure.signal([x for x, _ in points], [y for _, y in points], marker=marker).lines())
    figure.ruler("x").ticks(*_ticks(min(xs), max(xs), across))
    figure.label(across.label)
    text: str = plotext.uncolorize(figure.build().string())
    above = ["   ".join(f"{sign} {name}" for name, sign in signs.items())] if len(shown) > 1 else []
    return "\n".join(line.rstrip() for line in (*above, *text.splitlines())) + "\n"


def _ticks(low: float, high: float, axis: Axis) -> tuple[list[float], list[str]]:
    """Puts ticks at whole numbers, few enough to be read: epochs, steps, and decades."""
    whole = range(math.ceil(low), math.floor(high) + 1)
    places = list(whole)[:: max(1, math.ceil(len(whole) / _MOST_TICKS))] or [round(low)]
    labels = [f"1e{place}" if axis.is_logarithmic else f"{place:g}" for place in places]
    return [float(place) for place in places], labels


def _at(x: float, axis: Axis) -> float:
    return math.log10(x) if axis.is_logarithmic else x
