"""Gradients, updates and activations over depth and time, and how the units of each layer are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nncli.diagnosis.history import Steps
from nncli.diagnosis.probes import LayerProbe
from nncli.reports.facts import RunFacts
from nncli.reports.inks import LIGHT, SERIES, Plot, by_powers, said
from nncli.training.statistics import Health

MOST_LAYERS: Final = 60
"""Of more layers an even choice is shown."""
_USUAL: Final = (1e-4, 1e-2)
"""Between these most steps change weights, as a share of them, where training goes well."""
_LABELLED: Final = 8
_COLUMNS: Final = 200
_MAP: Final = "viridis"


def flow_plots(run: RunFacts) -> Iterator[Plot]:
    """Gives the gradients as a heat map of layers and steps, and the updates as a line for each layer."""
    steps = _thinned(run.course.statistics, _COLUMNS)
    if names := _layers([each.gradients for each in steps]):
        height = 110 + 17 * len(names)
        values = [[_log(each.gradients.get(name)) for each in steps] for name in names]
        words = f"norm of the gradient of {len(names)} layers at {len(steps)} steps"
        yield Plot("gradient-flow", "gradient flow", words, (520, height), _heat_map(names, steps, values))
    yield from _health_plot(run.course.statistics)
    if names := _layers([each.updates for each in steps]):
        words = "how far a step moves the weights of each layer, as a share of them"
        yield Plot("update-ratios", "updates to weights", words, (520, 340), _updates(names, steps))


def _health_plot(statistics: Sequence[Steps]) -> Iterator[Plot]:
    """Gives the share of each layer that passes nothing on as a heat map, where a layer can be so."""
    looked = _thinned([each for each in statistics if each.activations], _COLUMNS)
    lost = [{name: _lost_share(each) for name, each in step.activations.items()} for step in looked]
    if names := _layers(lost):
        values = [[_known(each.get(name)) for each in lost] for name in names]
        words = f"share of {len(names)} layers that is dead or saturated at {len(looked)} steps"
        draw = _heat_map(names, looked, values, is_share=True)
        yield Plot(
            "activation-health", "activation health over time", words, (520, 110 + 17 * len(names)), draw
        )


def _lost_share(health: Health) -> float | None:
    """Gives the share of a layer that passes next to no gradient on: dead units, or flat outputs."""
    known = [each for each in (health.dead, health.saturated) if each is not None]
    return max(known) if known else None


def activation_plot(layers: Sequence[LayerProbe]) -> Plot | None:
    """Shows how far the outputs of each layer spread, and how many of its units are dead or saturated."""
    shown = _thinned([each for each in layers if each.activation is not None], MOST_LAYERS)
    if not shown:
        return None
    words = f"spread of outputs, dead and saturated units of {len(shown)} layers"
    size = (1060, 90 + 19 * len(shown))
    return Plot("activations", "activations", words, size, lambda canvas: _activations(canvas, shown))


def _layers(rows: Sequence[Mapping[str, float | None]]) -> list[str]:
    """Lists the layers of which anything was measured, in the order of the network."""
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    return _thinned(list(names), MOST_LAYERS)


def _thinned(values: Sequence[Any], most: int) -> list[Any]:
    step = max(1, math.ceil(len(values) / most))
    return list(values[::step])


def _log(value: float | None) -> float:
    return math.log10(value) if value is not None and 0 < value < math.inf else math.nan


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _heat_map(
    names: Sequence[str], steps: Sequence[Steps], values: list[list[float]], *, is_share: bool = False
) -> Any:
    """Draws logarithms, or shares from none to all."""
    ends = {"vmin": 0.0, "vmax": 1.0} if is_share else {}

    def said_value(value: float, _: object) -> str:
        return f"{value:.0%}" if is_share else f"{10**value:.2g}"

    def draw(canvas: Any) -> None:
        axes = canvas.subplots()
        shown = axes.imshow(values, aspect="auto", interpolation="nearest", cmap=_MAP, **ends)
        axes.grid(visible=False)
        axes.set_yticks(range(len(names)), [said(name) for name in names])
        places = _thinned(range(len(steps)), 6)
        axes.set_xticks(places, [str(steps[place].step) for place in places])
        axes.set_xlabel("step")
        bar = canvas.colorbar(shown, ax=axes, pad=0.02, format=said_value)
        bar.outline.set_visible(False)

    return draw


def _updates(names: Sequence[str], steps: Sequence[Steps]) -> Any:
    def draw(canvas: Any) -> None:
        import matplotlib

        axes = canvas.subplots()
        axes.axhspan(*_USUAL, color=LIGHT["band"], zorder=0)
        colours = matplotlib.colormaps[_MAP]
        few = len(names) <= _LABELLED
        for number, name in enumerate(names):
            points = [(each.step, each.updates.get(name)) for each in steps]
            there = [(step, value) for step, value in points if value is not None and 0 < value < math.inf]
            if not there:
                continue
            colour = SERIES[number] if few else colours(number / max(1, len(names) - 1))
            xs, ys = zip(*there, strict=True)
            axes.plot(xs, ys, color=colour, label=said(name, 20), linewidth=1.4, marker="o", markersize=2.5)
        axes.set_yscale("log")
        axes.set_xlabel("step")
        axes.set_ylabel("change / weights")
        by_powers(axes.yaxis)
        if few and axes.lines:
            canvas.legend(loc="outside right upper", handlelength=1.2)

    return draw


def _activations(canvas: Any, layers: Sequence[LayerProbe]) -> None:
    spread, shares = canvas.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    places = range(len(layers))
    deviations = [each.activation.std if each.activation else math.nan for each in layers]
    finite = [(at, value) for at, value in zip(places, deviations, strict=True) if 0 < value < math.inf]
    if finite:
        where, values = zip(*finite, strict=True)
        spread.hlines(where, min(values) / 3, values, color=LIGHT["grid"], linewidth=3)
        spread.plot(values, where, "o", color=SERIES[0], markersize=5.5)
        spread.set_xscale("log")
        by_powers(spread.xaxis)
    spread.set_title("standard deviation of outputs")
    spread.set_yticks(places, [_label(each) for each in layers])
    spread.set_ylim(len(layers) - 0.4, -0.6)
    _draw_shares(shares, layers)


def _draw_shares(axes: Any, layers: Sequence[LayerProbe]) -> None:
    axes.set_title("units that are dead or saturated, in %")
    axes.set_xlim(0, 112)
    axes.set_xticks(range(0, 101, 25))
    axes.tick_params(left=False)
    height, is_empty = 0.38, True
    for offset, (label, colour) in enumerate((("dead", SERIES[1]), ("saturated", SERIES[3]))):
        found = [(at + (offset - 0.5) * height, _share(each, label)) for at, each in enumerate(layers)]
        drawn = [(at, 100 * share) for at, share in found if share is not None]
        if drawn:
            is_empty = False
            places, values = zip(*drawn, strict=True)
            axes.barh(places, values, height, color=colour, label=label)
            for place, value in drawn:
                axes.text(value + 1, place, f"{value:.0f}", va="center", fontsize=7, color=LIGHT["faint"])
    if is_empty:
        middle = (len(layers) - 1) / 2
        axes.text(56, middle, "no layer can die or saturate", ha="center", color=LIGHT["faint"])
    else:
        axes.legend(loc="lower right")


def _label(layer: LayerProbe) -> str:
    """Names a layer; its type too where the name does not begin with it."""
    name, kind = layer.call.name, layer.call.type
    is_named_so = name.rpartition(".")[2].startswith(kind.lower())
    return said(name, 36) if is_named_so else f"{said(name)} · {said(kind, 16)}"


def _share(layer: LayerProbe, which: str) -> float | None:
    assert layer.activation is not None
    return layer.activation.dead_share if which == "dead" else layer.activation.saturated_share
