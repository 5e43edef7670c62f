"""Faults of the gradients that reach layers at their first weights, and of the first loss."""

from __future__ import annotations

import math
from typing import Final

from nncli.diagnosis.findings import Finding, When
from nncli.diagnosis.of_starts import SATURATING, good_weights, in_most, init_spot, weights_spot
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.probes import LayerProbe, Probe
from nncli.diagnosis.structure import output_layer, weighted
from nncli.diagnosis.subject import Subject, at_layer, item_path, with_matrix
from nncli.errors import Severity
from nncli.spec.editing import Change

LOSS_TIMES: Final = 5.0
LOSS_TIMES_ERROR: Final = 20.0
DEEP: Final = 5
"""From so many layers on, activations alone do not keep gradients in bounds."""
_NORMS: Final = {"Conv1d": "BatchNorm1d", "Conv2d": "BatchNorm2d", "Conv3d": "BatchNorm3d"}
VANISHING_RATIO: Final = 1e-3
# Below this no optimiser that rescales gradients makes up for it either.
VANISHING_ANYWAY: Final = 1e-5
VANISHING_RMS: Final = 1e-7
EXPLODING_RATIO: Final = 100.0
# A gradient this many times larger than the weights that it should change.
EXPLODING_SHARE: Final = 1000.0


def vanishing_gradients(subject: Subject) -> Finding | None:
    """Finds a first layer that hardly gets a gradient."""
    found = [each for each in map(_vanishing, subject.starts) if each is not None]
    if 2 * len(found) <= len(subject.starts) or subject.has_learned:
        return None
    value, threshold, first, last = sorted(found, key=lambda each: each[0])[len(found) // 2]
    # Adam and its kin divide by the size of the gradient: a small one need not be a slow one.
    is_slow = first.update_ratio is None or first.update_ratio < VANISHING_ANYWAY
    severity: Severity = "warning" if is_slow or value < VANISHING_ANYWAY else "note"
    return vanishing((value, threshold), first, last, (severity, "start"), flatter(subject))


def vanishing(
    measured: tuple[float, float],
    first: LayerProbe,
    last: LayerProbe,
    found: tuple[Severity, When],
    patch: Patch | None,
) -> Finding:
    """Makes the finding of gradients that vanish; `found` says how bad it is, and when it shows."""
    severity, when = found
    value, threshold = measured
    facts = {"ratio": f"{value:.3g}", "last": last.call.name}
    code = "diagnosis-vanishing-gradients" if threshold == VANISHING_RATIO else "diagnosis-small-gradients"
    spot = at_layer(first.call)
    return Finding("vanishing_gradients", code, severity, when, spot, value, threshold, facts, patch=patch)


def _vanishing(start: Probe) -> tuple[float, float, LayerProbe, LayerProbe] | None:
    ends = ends_of(start)
    if ends is None or starts_at_zero(start):
        return None
    first, last, ratio = ends
    assert first.gradient is not None
    if ratio < VANISHING_RATIO:
        return ratio, VANISHING_RATIO, first, last
    if start.step == 0 and first.gradient.rms < VANISHING_RMS:
        return first.gradient.rms, VANISHING_RMS, first, last
    return None


def flatter(subject: Subject) -> Patch | None:
    """Makes the patch for gradients that vanish: no activation that becomes flat."""
    flat = {item_path(each): each for each in subject.network.calls if each.type in SATURATING[:2]}
    end = output_layer(subject.network)
    order = [each.name for each in subject.network.calls]
    hidden = [
        path for path, call in flat.items() if end is None or order.index(call.name) < order.index(end.name)
    ]
    if init_spot(subject):
        return good_weights(subject, None)
    if not hidden:
        is_plain = not any("Norm" in each.type for each in subject.network.calls)
        is_deep = len(weighted(subject.network)) > DEEP
        return Patch(tuple(_normalised(subject, "BatchNorm1d"))) if is_plain and is_deep else None
    bent = [Change(path, "ReLU") for path in hidden]
    return Patch((*bent, *_normalised(subject))) if len(hidden) >= DEEP else Patch(tuple(bent))


def _normalised(subject: Subject, of_rows: str = "LayerNorm") -> list[Change]:
    """Puts a normalisation behind every hidden layer with weights: deep stacks need more than ReLU.

    `of_rows` is that of layers whose rows have one axis.
    """
    end = output_layer(subject.network)
    paths: dict[str, str] = {}
    for call in weighted(subject.network):
        if end is None or call.name != end.name:
            norm = of_rows if len(call.output_shape) == 2 else "LayerNorm"
            paths.setdefault(item_path(call), _NORMS.get(call.type, norm))
    return [Change(path, norm, "after") for path, norm in paths.items()]


def exploding_gradients(subject: Subject) -> Finding | None:
    """Finds gradients that grow towards the front, or are far larger than the weights."""
    found = [each for each in map(_exploding, subject.starts) if each is not None]
    if 2 * len(found) <= len(subject.starts) or subject.has_learned:
        return None
    value, threshold, layer, last = sorted(found, key=lambda each: each[0])[len(found) // 2]
    facts = {"ratio": f"{value:.3g}", "last": last}
    code = "diagnosis-exploding-gradients" if last else "diagnosis-large-gradients"
    patch = good_weights(subject, None) if init_spot(subject) else set_to("training.clip_gradients", 1.0)
    spot = weights_spot(subject, layer)
    return Finding(
        "exploding_gradients", code, "warning", "start", spot, value, threshold, facts, patch=patch
    )


def _exploding(start: Probe) -> tuple[float, float, LayerProbe, str] | None:
    ends = ends_of(start)
    if ends and ends[2] > EXPLODING_RATIO:
        return ends[2], EXPLODING_RATIO, ends[0], ends[1].call.name
    shares = [
        (layer.gradient.norm / layer.weight_norm, number)
        for number, layer in enumerate(start.layers)
        if layer.gradient and layer.has_matrix and layer.weight_norm > 0
    ]
    if shares and max(shares)[0] > EXPLODING_SHARE:
        share, number = max(shares)
        return share, EXPLODING_SHARE, start.layers[number], ""
    return None


def no_gradient(subject: Subject) -> Finding | None:
    """Finds layers that should learn and that no gradient reaches."""

    def unreached(start: Probe) -> list[LayerProbe]:
        if starts_at_zero(start):
            return []
        return [
            each
            for each in with_matrix(start)
            if each.learns and (each.gradient is None or each.gradient.zero_share == 1)
        ]

    for layer in in_most(subject, unreached):
        spot, code = at_layer(layer.call), "diagnosis-no-gradient"
        return Finding("no_gradient", code, "error", "start", spot, 0.0, 0.0)
    return _frozen_at_random(subject) if subject.is_poor or subject.outcome is None else None


def _frozen_at_random(subject: Subject) -> Finding | None:
    if any(each.weights for each in (subject.network,)):
        return None
    layers = with_matrix(subject.starts[0]) if subject.starts else []
    frozen = [each for each in layers if not each.learns]
    if not frozen or (subject.outcome is None and any(each.learns for each in layers[:-1])):
        # Before a run, only where no hidden layer learns: one that does not may be meant.
        return None
    spot, code = at_layer(frozen[0].call), "diagnosis-frozen-at-random"
    paths = dict.fromkeys(item_path(each.call) for each in frozen)
    patch = Patch(tuple(Change(f"{path}.freeze", False) for path in paths))
    return Finding("no_gradient", code, "warning", "spec", spot, 0.0, 0.0, {}, "likely", patch)


def bad_initial_loss(subject: Subject) -> Finding | None:
    """Finds a first loss far above that of one answer for all rows."""
    loss = subject.start_loss
    if loss is None or not subject.constant or subject.has_learned:
        return None
    times = loss / subject.constant
    if times <= LOSS_TIMES:
        return None
    layer = output_layer(subject.network)
    spot = at_layer(layer) if layer is not None else subject.at("training.loss")
    severity: Severity = "error" if times > LOSS_TIMES_ERROR else "warning"
    facts = {"loss": f"{loss:.3g}", "constant": f"{subject.constant:.3g}"}
    code, patch = "diagnosis-bad-initial-loss", good_weights(subject, None) if init_spot(subject) else None
    return Finding("bad_initial_loss", code, severity, "start", spot, times, LOSS_TIMES, facts, patch=patch)


def ends_of(probe: Probe) -> tuple[LayerProbe, LayerProbe, float] | None:
    """Compares the first and the last weight layer; None where there is one, or no gradient arrives."""
    weighted = [layer for layer in with_matrix(probe) if layer.gradient]
    if len(weighted) < 2:
        return None
    first, last = weighted[0], weighted[-1]
    if first.gradient is None or last.gradient is None or last.gradient.rms == 0:
        return None
    ratio = first.gradient.rms / last.gradient.rms
    return (first, last, ratio) if math.isfinite(ratio) else None


def starts_at_zero(probe: Probe) -> bool:
    """Tells whether a later layer is still at zero, as a layer that begins as nothing is meant to be."""
    return any(layer.weight_norm == 0 for layer in with_matrix(probe)[1:])
