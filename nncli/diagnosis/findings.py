"""What follows from a probe: faults with their evidence, and what to write instead.

Thresholds stay clear of what was measured on healthy networks: over 93 runs that trained well, the
gradient of the first weight layer was 0.01 to 8 times that of the last at the start and 0.07 to 16
times later; dead units reached 0.67 of a small layer; trained tanh layers were saturated up to 0.72.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, TypeAlias

from nncli.diagnosis.probes import LayerProbe, Probe
from nncli.errors import Severity

FindingId: TypeAlias = Literal[
    "vanishing_gradients", "exploding_gradients", "dead_units", "saturated_activations", "nan_loss"
]

VANISHING_RATIO: Final = 1e-3
# A network that has not been trained yet has no reason for a gradient this small.
VANISHING_RMS: Final = 1e-7
# Below this no optimiser that rescales gradients makes up for it either.
VANISHING_ANYWAY: Final = 1e-5
EXPLODING_RATIO: Final = 100.0
# A gradient this many times larger than the weights that it should change.
EXPLODING_SHARE: Final = 1000.0
DEAD_SHARE: Final = 0.5
DEAD_UNITS: Final = 16
SATURATED_SHARE: Final = 0.5
STALLED_RATIO: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: how sure and how bad, at which layer, measured against which threshold."""

    id: FindingId
    severity: Severity
    layer: str
    file: str
    line: int
    value: float | None
    threshold: float
    evidence: str
    advice: str


def find(probe: Probe) -> tuple[Finding, ...]:
    """Judges a probe; what could not be measured raises no alarm.

    What is not finite hides everything else, and dead units explain a gradient that vanishes.
    """
    broken = _not_finite(probe)
    if broken:
        return (broken,)
    findings = [*_dead(probe), *_saturated(probe), *_exploding(probe)]
    if not any(f.id == "dead_units" and f.severity == "error" for f in findings):
        findings += _vanishing(probe)
    return tuple(findings)


def _finding(
    layer: LayerProbe,
    id_: FindingId,
    severity: Severity,
    measured: tuple[float | None, float],
    words: tuple[str, str],
) -> Finding:
    call, (value, threshold), (evidence, advice) = layer.call, measured, words
    place = call.place
    return Finding(id_, severity, call.name, place.file, place.line, value, threshold, evidence, advice)


def _not_finite(probe: Probe) -> Finding | None:
    """Names the first layer forward, else the last one backward, since bad gradients flow to the front."""
    advice = "look at the data first, then the loss, then lower the learning rate or set clip_gradients: 1.0"
    for layer in probe.layers:
        if layer.activation and not math.isfinite(layer.activation.rms):
            words = (f"the output of {layer.call.name} is not finite", advice)
            return _finding(layer, "nan_loss", "error", (None, 0.0), words)
    for layer in reversed(probe.layers):
        if layer.gradient and not math.isfinite(layer.gradient.norm):
            words = (f"the gradient of {layer.call.name} is not finite", advice)
            return _finding(layer, "nan_loss", "error", (None, 0.0), words)
    if not math.isfinite(probe.loss) and probe.layers:
        words = ("the loss is not finite, though every layer is", advice)
        return _finding(probe.layers[-1], "nan_loss", "error", (None, 0.0), words)
    return None


def _dead(probe: Probe) -> Iterator[Finding]:
    advice = "lower the learning rate, or take LeakyReLU or GELU instead"
    for layer in probe.layers:
        if layer.activation is None or layer.activation.dead_share is None:
            continue
        share, units = layer.activation.dead_share, layer.activation.units
        words = (
            f"{round(share * units)} of its {units} units were zero on all {probe.rows} rows",
            advice,
        )
        if share == 1:
            yield _finding(layer, "dead_units", "error", (share, DEAD_SHARE), words)
        elif share > DEAD_SHARE and units >= DEAD_UNITS:
            yield _finding(layer, "dead_units", "warning", (share, DEAD_SHARE), words)


def _saturated(probe: Probe) -> Iterator[Finding]:
    """Looks at hidden layers; once trained, saturation counts only where it has stopped the learning."""
    weighted = [i for i, layer in enumerate(probe.layers) if layer.has_matrix]
    for position, layer in enumerate(probe.layers):
        share = layer.activation.saturated_share if layer.activation else None
        hidden = any(i > position for i in weighted)
        if share is None or share <= SATURATED_SHARE or not hidden:
            continue
        before = [probe.layers[i] for i in weighted if i < position]
        if probe.step and not (before and _has_stalled(before[-1], probe)):
            continue
        words = (
            f"{share:.0%} of its outputs lie where it is flat, so that little gradient passes",
            "scale the inputs, take ReLU or GELU instead, or put a LayerNorm before it",
        )
        yield _finding(layer, "saturated_activations", "warning", (share, SATURATED_SHARE), words)


def _has_stalled(layer: LayerProbe, probe: Probe) -> bool:
    all_rms = [each.gradient.rms for each in probe.layers if each.has_matrix and each.gradient]
    return layer.gradient is not None and layer.gradient.rms < STALLED_RATIO * median(all_rms)


def _exploding(probe: Probe) -> Iterator[Finding]:
    advice = (
        "set clip_gradients: 1.0, and scale inputs and targets; a normalisation layer keeps depth in bounds"
    )
    ends = _ends(probe)
    if ends:
        first, last, ratio = ends
        if ratio > EXPLODING_RATIO:
            words = (f"its gradient is {ratio:.3g} times that of {last.call.name}", advice)
            yield _finding(first, "exploding_gradients", "warning", (ratio, EXPLODING_RATIO), words)
            return
    shares = {
        layer.gradient.norm / layer.weight_norm: layer
        for layer in probe.layers
        if layer.gradient and layer.has_matrix and layer.weight_norm > 0
    }
    if shares and max(shares) > EXPLODING_SHARE:
        share = max(shares)
        words = (f"its gradient is {share:.3g} times as large as its weights", advice)
        yield _finding(shares[share], "exploding_gradients", "warning", (share, EXPLODING_SHARE), words)


def _vanishing(probe: Probe) -> Iterator[Finding]:
    ends = _ends(probe)
    if ends is None or _starts_at_zero(probe):
        return
    first, last, ratio = ends
    assert first.gradient is not None
    advice = "use ReLU or GELU, put a BatchNorm or LayerNorm between the layers, or take some layers out"
    if ratio < VANISHING_RATIO:
        # Adam and its kin divide by the size of the gradient: a small one need not be a slow one.
        slow = first.update_ratio is None or first.update_ratio < VANISHING_ANYWAY
        severity: Severity = "warning" if slow or ratio < VANISHING_ANYWAY else "note"
        words = (f"its gradient is {ratio:.3g} times that of {last.call.name}", advice)
        yield _finding(first, "vanishing_gradients", severity, (ratio, VANISHING_RATIO), words)
    elif probe.step == 0 and first.gradient.rms < VANISHING_RMS:
        rms = first.gradient.rms
        words = (f"the root mean square of its gradient is {rms:.3g} before any training", advice)
        yield _finding(first, "vanishing_gradients", "warning", (rms, VANISHING_RMS), words)


def _ends(probe: Probe) -> tuple[LayerProbe, LayerProbe, float] | None:
    """Compares the first and the last weight layer; None where there is one, or no gradient arrives."""
    weighted = [layer for layer in probe.layers if layer.has_matrix and layer.gradient]
    if len(weighted) < 2:
        return None
    first, last = weighted[0], weighted[-1]
    if first.gradient is None or last.gradient is None or last.gradient.rms == 0:
        return None
    return first, last, first.gradient.rms / last.gradient.rms


def _starts_at_zero(probe: Probe) -> bool:
    """Tells whether a later layer is still at zero, as a layer that begins as nothing is meant to be."""
    weighted = [layer for layer in probe.layers if layer.has_matrix]
    return any(layer.weight_norm == 0 for layer in weighted[1:])
