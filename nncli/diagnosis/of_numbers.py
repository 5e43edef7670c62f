"""Numbers that are not finite: the first one of a run, or those that the weights of now give."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nncli.diagnosis.findings import Finding, Spot, When
from nncli.diagnosis.history import Divergence, Steps
from nncli.diagnosis.probes import Probe
from nncli.diagnosis.subject import Subject, at_layer


def nan_loss(subject: Subject) -> Finding | None:
    """Finds what is not finite: in a run what it noted, else the first layer forward or the last one
    backward."""
    history = subject.history
    if history is not None and history.diverged and history.divergence is not None:
        return _told(subject, history.divergence)
    probes = [*([subject.end] if subject.end else []), *subject.starts]
    for probe in probes:
        found = _not_finite(subject, probe)
        if found is not None:
            return found
    if history is None or not history.diverged:
        return None
    spot, code = subject.at("training.optimizer"), "diagnosis-diverged"
    return Finding("nan_loss", code, "error", "training", spot, None, 0.0, {"after": _trail(history.steps)})


def _told(subject: Subject, found: Divergence) -> Finding:
    """Says what the run noted of the first number that was not finite."""
    calls = [each for each in subject.network.layers if each.name == found.layer]
    spot = at_layer(calls[0]) if calls else subject.at(found.path or "training.optimizer", found.layer)
    facts = {name: getattr(found, name) for name in ("what", "type", "step", "direction", "rows", "advice")}
    code = "diagnosis-not-finite-in-training"
    return Finding("nan_loss", code, "error", "training", spot, None, 0.0, facts)


def _trail(steps: Sequence[Steps]) -> str:
    """Says where the statistics of a run end, with the last losses that were finite."""
    losses = [f"{each.loss:.3g}" for each in steps if each.loss is not None][-5:]
    if not losses:
        return ""
    return f", after step {steps[-1].step}; the losses before that were {', '.join(losses)}"


def _not_finite(subject: Subject, probe: Probe) -> Finding | None:
    """Names the first call forward, else the last layer backward, since bad gradients flow to the front."""
    when: When = "start" if probe.step == 0 else "end"
    culprit = probe.culprit
    if culprit is not None:
        spot = Spot(culprit.name, culprit.path, culprit.place or subject.at(culprit.path).place)
        facts, code = {"type": culprit.type}, "diagnosis-result-not-finite"
        return Finding("nan_loss", code, "error", when, spot, None, 0.0, facts)
    for layer in probe.layers:
        if layer.activation and not math.isfinite(layer.activation.rms):
            code = "diagnosis-output-not-finite"
            return Finding("nan_loss", code, "error", when, at_layer(layer.call), None, 0.0)
    for layer in reversed(probe.layers):
        if layer.gradient and not math.isfinite(layer.gradient.norm):
            code = "diagnosis-gradient-not-finite"
            return Finding("nan_loss", code, "error", when, at_layer(layer.call), None, 0.0)
    return None
