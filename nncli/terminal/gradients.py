"""The table of `inspect-gradients`: a line a layer, with a bar that shows the flow through depth."""

from __future__ import annotations

import math
from typing import Final

from rich.text import Text

from nncli.counted import counted
from nncli.diagnosis.findings import Finding
from nncli.diagnosis.probes import LayerProbe, Probe
from nncli.terminal.figures import short
from nncli.terminal.streams import Streams
from nncli.terminal.tables import plain_table

BAR_WIDTH: Final = 10
CELLS_PER_POWER: Final = 2
FULL, HALF = "█", "▌"
NARROW: Final = 114
STYLES: Final = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def show_probe(
    streams: Streams, name: str, probe: Probe, findings: tuple[Finding, ...], start: str = ""
) -> None:
    """Prints the table to stdout, layers with findings marked; narrow terminals get fewer columns.

    `start` is what findings have before the name of a layer, of one of several networks.
    """
    wide = streams.out.width >= NARROW
    trained = f"after {counted(probe.step, 'step')}" if probe.step else "before training"
    streams.title(
        f"{name}, {trained}: loss {short(probe.loss)} over {probe.batches} batch{'es' * (probe.batches != 1)}"
    )
    largest = max((layer.gradient.rms for layer in probe.layers if _is_flow(layer)), default=0.0)  # type: ignore[union-attr]
    marked = {finding.layer: finding.severity for finding in reversed(findings)}
    table = plain_table()
    for header in _headers(wide):
        table.add_column(header, justify="left" if header in ("layer", "type", "gradient flow") else "right")
    for layer in probe.layers:
        style = STYLES.get(marked.get(start + layer.call.name, ""), "")
        table.add_row(*_cells(layer, largest, wide), style=style)
    streams.table(table)


def _headers(wide: bool) -> tuple[str, ...]:
    if wide:
        gradient = ("gradient flow", "norm", "rms", "zero", "update")
        return ("layer", "type", *gradient, "act mean", "act std", "act rms", "dead", "saturated")
    return ("layer", "gradient flow", "rms", "update", "act rms", "dead", "sat.")


def _is_flow(layer: LayerProbe) -> bool:
    return layer.gradient is not None and math.isfinite(layer.gradient.rms)


def _cells(layer: LayerProbe, largest: float, wide: bool) -> list[str | Text]:
    gradient, activation = layer.gradient, layer.activation
    flow = Text(bar(gradient.rms, largest) if gradient else "")
    update = _power(layer.update_ratio)
    rms = _power(gradient.rms) if gradient else ""
    dead = _share(activation.dead_share) if activation else ""
    saturated = _share(activation.saturated_share) if activation else ""
    act_rms = short(activation.rms) if activation else ""
    if not wide:
        return [layer.call.name, flow, rms, update, act_rms, dead, saturated]
    norm = _power(gradient.norm) if gradient else ""
    zero = _share(gradient.zero_share) if gradient else ""
    mean, std = (short(activation.mean), short(activation.std)) if activation else ("", "")
    kind = layer.call.type
    return [layer.call.name, kind, flow, norm, rms, zero, update, mean, std, act_rms, dead, saturated]


def bar(value: float, largest: float) -> str:
    """Draws a gradient: a full bar for the largest, two cells less for each power of ten below."""
    if not math.isfinite(value):
        return "not finite"
    if value <= 0 or largest <= 0:
        return "·"
    halves = round(2 * (BAR_WIDTH + CELLS_PER_POWER * math.log10(value / largest)))
    full, half = divmod(max(1, min(halves, 2 * BAR_WIDTH)), 2)
    return FULL * full + HALF * half


def _power(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}" if math.isfinite(value) else "not finite"


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"
