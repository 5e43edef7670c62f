"""Faults of inputs and targets."""

from __future__ import annotations

from statistics import median
from typing import Final

from nncli.diagnosis.facts import InputFacts, TargetFacts
from nncli.diagnosis.findings import Finding, Spot, Sure
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.structure import last_activation, output_layer
from nncli.diagnosis.subject import Subject, with_matrix
from nncli.errors import Severity
from nncli.spec.editing import Change

LARGE_RMS: Final = 10.0
LARGE_RATIO: Final = 100.0
SMALL_RMS: Final = 0.01
LARGE_LOSS: Final = 5.0
LARGE_TARGET: Final = 30.0
HUGE_TARGET: Final = 1000.0
EVENNESS: Final = 0.5
RARE_SHARE: Final = 0.1
"""A class with less than this of an even share is rare."""
RATIO: Final = 10.0
"""From this ratio of the most frequent class to the rarest on, `nncli data` tells of it too."""
LEARNED: Final = 0.8
COMPARES_NUMBERS: Final = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")


def invalid_targets(subject: Subject) -> Finding | None:
    """Finds targets that are the same in all rows."""
    for target in subject.facts.targets:
        if target.is_constant:
            spot = subject.at(f"data.targets.{target.name}", target.name)
            code = "diagnosis-invalid-targets"
            return Finding("invalid_targets", code, "error", "spec", spot, 1.0, 1.0)
    return None


def nonfinite_data(subject: Subject) -> Finding | None:
    """Finds inputs that are not finite."""
    for each in subject.facts.inputs:
        if not each.is_finite:
            spot = subject.at(f"data.inputs.{each.name}", each.name)
            code = "diagnosis-nonfinite-data"
            return Finding("nonfinite_data", code, "error", "spec", spot, None, 0.0)
    return None


def unscaled_inputs(subject: Subject) -> Finding | None:
    """Finds inputs that are so large, small or uneven that the first layer or the loss suffers."""
    inputs = [each for each in subject.facts.inputs if each.largest > 0]
    # At the end of a run the trained weights alone are there: they tell where it came to little.
    if not inputs or (not subject.starts and not subject.is_poor):
        return None
    worst, least = max(inputs, key=lambda each: each.largest), min(inputs, key=lambda each: each.smallest)
    ratio = worst.largest / max(least.smallest, 1e-30)
    is_large = worst.largest > LARGE_RMS or ratio > LARGE_RATIO
    first = _first_output(subject)
    times = _times_constant(subject)
    if is_large:
        harm = first is not None and first > LARGE_RMS, times is not None and times > LARGE_LOSS
        if not any(harm):
            return None
        severity: Severity = "error" if all(harm) else "warning"
        value, threshold = (worst.largest, LARGE_RMS) if worst.largest > LARGE_RMS else (ratio, LARGE_RATIO)
        code = "diagnosis-unscaled-inputs"
        facts = {"rms": f"{worst.largest:.3g}", "other": least.name, "least": f"{least.smallest:.3g}"}
    elif worst.largest < SMALL_RMS and not worst.is_scaled:
        severity, value, threshold = "warning", worst.largest, SMALL_RMS
        code, facts = "diagnosis-small-inputs", {"rms": f"{worst.largest:.3g}"}
    else:
        return None
    patch = _scaled(inputs)
    spot = subject.at(f"data.inputs.{worst.name}", worst.name)
    effect = _effect_of_inputs(first, times)
    sure: Sure = "measured" if subject.starts else "likely"
    facts |= {"effect": effect}
    return Finding("unscaled_inputs", code, severity, "spec", spot, value, threshold, facts, sure, patch)


def _effect_of_inputs(first: float | None, times: float | None) -> str:
    if first is not None and first > LARGE_RMS:
        return f"; the first layer gives {first:.3g}"
    return f"; the first loss is {times:.3g} times that of a constant" if times else ""


def _scaled(inputs: list[InputFacts]) -> Patch | None:
    raw = [each for each in inputs if not each.is_scaled]
    return Patch(tuple(Change(f"data.inputs.{each.name}.scale", "standard") for each in raw)) if raw else None


def _first_output(subject: Subject) -> float | None:
    found = []
    for start in subject.starts or ((subject.end,) if subject.end is not None else ()):
        layers = with_matrix(start)
        if layers and layers[0].activation:
            found.append(layers[0].activation.rms)
    return median(found) if found else None


def _times_constant(subject: Subject) -> float | None:
    loss = subject.start_loss
    return loss / subject.constant if loss is not None and subject.constant else None


def unscaled_targets(subject: Subject) -> Finding | None:
    """Finds targets that are far larger or smaller than what the network gives at the start."""
    name = subject.objective.terms[0].name
    layer = output_layer(subject.network)
    if (
        layer is None
        or len(subject.objective.heads) > 1
        or name not in COMPARES_NUMBERS
        or last_activation(subject.network) is not None
    ):
        return None
    given = subject.rms_of(layer)
    if given is None or given <= 0 or subject.has_learned:
        return None
    for target in subject.facts.targets:
        if not target.values or target.is_constant:
            continue
        ratio = target.rms / given
        is_small = target.deviation > 0 and given / target.deviation > LARGE_TARGET
        if ratio <= LARGE_TARGET and not (is_small and not target.is_scaled):
            continue
        severity: Severity = "error" if ratio > HUGE_TARGET else "warning"
        spot = subject.at(f"data.targets.{target.name}", target.name)
        patch = None if target.is_scaled else set_to(f"data.targets.{target.name}.scale", "standard")
        facts = {"rms": f"{target.rms:.3g}", "given": f"{given:.3g}", "output": layer.name}
        code = "diagnosis-unscaled-targets"
        return Finding(
            "unscaled_targets", code, severity, "spec", spot, ratio, LARGE_TARGET, facts, patch=patch
        )
    return None


def class_imbalance(subject: Subject) -> Finding | None:
    """Finds classes that are so rare that the network need not learn them; one that did is no fault."""
    training = subject.training
    if training.class_weights or training.sampling:
        return None
    for target in subject.facts.targets:
        if not target.counts or target.is_constant:
            continue
        share = min(target.counts) / sum(target.counts) * len(target.counts)
        ratio = max(target.counts) / max(min(target.counts), 1)
        if target.perplexity_share >= EVENNESS and share >= RARE_SHARE and ratio < RATIO:
            continue
        return _uneven(subject, target, share)
    return None


def _uneven(subject: Subject, target: TargetFacts, share: float) -> Finding | None:
    outcome = subject.outcome
    spot: Spot = subject.at(f"data.targets.{target.name}", target.name)
    rare = target.classes[target.counts.index(min(target.counts))]
    most = target.classes[target.counts.index(max(target.counts))]
    facts = {"rare": rare, "rows": min(target.counts), "most": most, "most_rows": max(target.counts)}
    patch = set_to("training.class_weights", "balanced")
    measured = (min(share, target.perplexity_share), RARE_SHARE if share < RARE_SHARE else EVENNESS)
    if outcome is None and subject.learns_in_trial:
        return None
    if outcome is None:
        code = "diagnosis-class-imbalance"
        return Finding("class_imbalance", code, "warning", "spec", spot, *measured, facts, "likely", patch)
    if outcome.balanced is None or outcome.balanced > LEARNED:
        return None
    code = "diagnosis-class-imbalance-not-learned"
    facts |= {"balanced": f"{outcome.balanced:.2f}"}
    return Finding("class_imbalance", code, "warning", "end", spot, *measured, facts, patch=patch)
