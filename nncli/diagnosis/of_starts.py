"""Faults of a network at its first weights, told by what a few initialisations have in common.

Thresholds stay clear of what was measured on 93 runs that trained well: before training, hidden layers
gave 0.018 to 8.7 (root mean square), the first loss was 0.22 to 11 times that of the best constant, and the
gradient of the first layer 0.011 to 8.4 times that of the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from nncli.diagnosis.findings import Finding, Spot, When
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.probes import LayerProbe, Probe
from nncli.diagnosis.subject import Subject, at_layer, item_path, with_matrix
from nncli.errors import Severity
from nncli.spec.editing import Change

LARGE_OUTPUT: Final = 10.0
SMALL_OUTPUT: Final = 0.01
TREND: Final = 1e3
DEAD_SHARE: Final = 0.5
DEAD_UNITS: Final = 16
SATURATED_SHARE: Final = 0.5
ODD_GAIN: Final = 10.0
_MATRICES: Final = ("Linear", "Conv1d", "Conv2d", "Conv3d")
SATURATING: Final = ("Sigmoid", "Tanh", "Hardsigmoid", "Hardtanh", "Softsign")


def symmetric_init(subject: Subject) -> Finding | None:
    """Finds hidden layers whose units are alike and stay alike."""
    for layer in in_most(subject, lambda start: [e for e in _hidden(start) if e.is_alike and e.learns]):
        code = "diagnosis-symmetric-init"
        patch = good_weights(subject, layer)
        return Finding(
            "symmetric_init", code, "error", "start", weights_spot(subject, layer), 0.0, 0.0, patch=patch
        )
    return None


def bad_init_scale(subject: Subject) -> Finding | None:
    """Finds weights with which hidden layers give far too much or too little, or more from layer to layer."""
    found = []
    for start in subject.starts:
        hidden = [each for each in _hidden(start) if each.activation and each.weight_norm > 0]
        rms = [each.activation.rms for each in hidden if each.activation]
        if not rms or not all(map(math.isfinite, rms)):
            continue
        far = max(rms, key=lambda each: abs(math.log10(max(each, 1e-30) / 0.4)))
        if far > LARGE_OUTPUT or far < SMALL_OUTPUT:
            found.append((far, hidden[rms.index(far)], LARGE_OUTPUT if far > 1 else SMALL_OUTPUT))
        elif not 1 / TREND < rms[-1] / max(rms[0], 1e-30) < TREND:
            found.append((rms[-1] / max(rms[0], 1e-30), hidden[-1], TREND))
    if 2 * len(found) <= len(subject.starts) or subject.has_learned:
        return None
    value, layer, threshold = sorted(found, key=lambda each: each[0])[len(found) // 2]
    code = "diagnosis-bad-init-scale"
    facts = {"value": f"{value:.3g}", "draws": len(found), "of": len(subject.starts)}
    spot, patch = weights_spot(subject, layer), good_weights(subject, layer)
    return Finding("bad_init_scale", code, "warning", "start", spot, value, threshold, facts, patch=patch)


def saturated_activations(subject: Subject) -> Finding | None:
    """Finds hidden layers that are flat from the start."""

    def flat(start: Probe) -> list[LayerProbe]:
        return [layer for layer in before_weights(start) if saturated_share(layer) > SATURATED_SHARE]

    for layer in in_most(subject, flat):
        if subject.has_learned:
            return None
        value, code = saturated_share(layer), "diagnosis-saturated-activations"
        patch = (
            good_weights(subject, None)
            if init_spot(subject)
            else Patch((Change(item_path(layer.call), "ReLU"),))
        )
        facts = {"share": f"{value:.0%}"}
        spot = at_layer(layer.call)
        return Finding(
            "saturated_activations",
            code,
            "warning",
            "start",
            spot,
            value,
            SATURATED_SHARE,
            facts,
            patch=patch,
        )
    return None


def dead_units(subject: Subject) -> Finding | None:
    """Finds units that are zero on all rows before anything was learnt."""
    for layer in in_most(subject, lambda start: [each for each in start.layers if is_dead(each)]):
        spot = at_layer(layer.call)
        patch = (
            good_weights(subject, None) if init_spot(subject) else Patch((Change(spot.path, "LeakyReLU"),))
        )
        return dead(layer, spot, subject.starts[0].rows, patch, is_start=True)
    return None


def dead(layer: LayerProbe, spot: Spot, rows: int, patch: Patch | None, *, is_start: bool) -> Finding:
    """Makes the finding of dead units."""
    assert layer.activation is not None and layer.activation.dead_share is not None
    share, units = layer.activation.dead_share, layer.activation.units
    severity: Severity = "error" if share == 1 else "warning"
    facts = {"dead": round(share * units), "units": units, "rows": rows, "since": ""}
    when: When = "start" if is_start else "end"
    code = "diagnosis-dead-units"
    return Finding("dead_units", code, severity, when, spot, share, DEAD_SHARE, facts, patch=patch)


def is_dead(layer: LayerProbe) -> bool:
    """Tells whether most units of a layer that is wide enough, or all of any, are dead."""
    activation = layer.activation
    if activation is None or activation.dead_share is None:
        return False
    share = activation.dead_share
    return share == 1 or (share > DEAD_SHARE and activation.units >= DEAD_UNITS)


def good_weights(subject: Subject, layer: LayerProbe | None) -> Patch | None:
    """Makes the patch of initial weights: in place of the rules that the network has, or beside one layer."""
    kinds = [each.type for each in subject.network.calls]
    is_flat = any(kind in SATURATING for kind in kinds) and "ReLU" not in kinds
    good = {"xavier_uniform_": {}} if is_flat else {"kaiming_normal_": {"nonlinearity": "relu"}}
    if init_spot(subject) is not None:
        weights, biases = [
            {"match": "*.weight", **_matrices_only(subject, good)},
            {"match": "*.bias", "zeros_": {}},
        ]
        has_bias = any(each.type in _MATRICES for each in subject.network.calls)
        return set_to(f"{subject.network_path}.init", [weights, biases] if has_bias else [weights])
    if layer is None:
        return None
    # Whoever gives one layer odd weights often gives them to others.
    odd = [each.call for each in with_matrix(subject.starts[0]) if _is_odd(each)]
    paths = dict.fromkeys(item_path(each) for each in (layer.call, *odd))
    return Patch(tuple(Change(f"{path}.init", good) for path in paths))


def _is_odd(layer: LayerProbe) -> bool:
    """Tells whether weights are alike, or far from a size with which as much comes out as flows in."""
    shape, is_plain = layer.call.output_shape, layer.call.type in _MATRICES
    units = shape[1 if layer.call.type.startswith("Conv") else -1]
    return is_plain and (layer.is_alike or not 1 / ODD_GAIN < layer.weight_norm / units**0.5 < ODD_GAIN)


def _matrices_only(subject: Subject, good: dict[str, dict[str, str]]) -> dict[str, object]:
    """Weights of normalisation have one axis, which rules for matrices refuse."""
    has_vectors = any("Norm" in each.type for each in subject.network.calls)
    return {"normal_": {"std": 0.05}} if has_vectors else dict(good)


def init_spot(subject: Subject) -> Spot | None:
    """Makes the spot of the rules for initial weights, where the network has any."""
    rules = subject.spec.networks[subject.network_name].init
    return Spot("init", f"{subject.network_path}.init", rules[0].place) if rules else None


def weights_spot(subject: Subject, layer: LayerProbe) -> Spot:
    """Points at the rules for initial weights where there are any, else at the layer; by the layer's name."""
    rules = init_spot(subject)
    return Spot(layer.call.name, rules.path, rules.place) if rules else at_layer(layer.call)


def in_most(subject: Subject, find: Callable[[Probe], list[LayerProbe]]) -> list[LayerProbe]:
    """Finds layers in each start; gives the first one of a start where most starts have some."""
    found = [each for each in map(find, subject.starts) if each]
    return [found[0][0]] if 2 * len(found) > len(subject.starts) else []


def _hidden(probe: Probe) -> list[LayerProbe]:
    return with_matrix(probe)[:-1]


def before_weights(probe: Probe) -> list[LayerProbe]:
    """Lists the layers that another one with weights follows."""
    weighted = [number for number, layer in enumerate(probe.layers) if layer.has_matrix]
    return list(probe.layers[: weighted[-1]]) if weighted else []


def saturated_share(layer: LayerProbe) -> float:
    """Gives the share of outputs at which a layer is flat; 0 where it cannot be."""
    share = layer.activation.saturated_share if layer.activation else None
    return share or 0.0
