"""What the doctor says as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nncli.diagnosis.findings import Effect, Finding
from nncli.diagnosis.history import LastStep
from nncli.diagnosis.probes import LayerProbe, Probe
from nncli.diagnosis.verdicts import Verdicts
from nncli.doctor.updates import Looked


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around findings: the last steps of a run that diverged, and the text that patches
    change."""

    last: Sequence[LastStep] = ()
    text: str | None = None


def document_of(shown: Probe, verdicts: Verdicts, around: Around) -> dict[str, Any]:
    """Gives layers, findings and checks; a number that is not finite is null."""
    return _document([_layer(layer) for layer in shown.layers], verdicts, around)


def updates_document(looked: Sequence[Looked], verdicts: Verdicts, around: Around) -> dict[str, Any]:
    """Gives the same of networks with updates: a layer also has its network and the update that showed it."""
    layers = [
        {"network": each.network, "update": each.update, **_layer(layer)}
        for each in looked
        for layer in each.shown.layers
    ]
    return _document(layers, verdicts, around)


def _document(layers: Sequence[Mapping[str, Any]], verdicts: Verdicts, around: Around) -> dict[str, Any]:
    return {
        "version": 1,
        "layers": layers,
        "findings": [finding_document(each, around.text) for each in verdicts.findings],
        "others": [finding_document(each, around.text) for each in verdicts.others],
        "checks": [{"id": each.name, "unable": each.reason or None} for each in verdicts.checks],
        "last_steps": [_finite(asdict(each)) for each in around.last],
    }


def finding_document(finding: Finding, text: str | None = None) -> dict[str, Any]:
    """Gives one finding; `patch` and `effect` are null where there is none."""
    return _finite(
        {
            "id": finding.id,
            "severity": finding.severity,
            "layer": finding.layer,
            "path": finding.path,
            "file": finding.file,
            "line": finding.line,
            "value": finding.value,
            "threshold": finding.threshold,
            "evidence": finding.evidence,
            "why": finding.why,
            "advice": finding.advice,
            "sure": finding.sure,
            "patch": finding.patch.document(text) if finding.patch else None,
            "effect": _effect(finding.effect) if finding.effect else None,
            "explains": [_explained(each) for each in finding.explains],
        }
    )


def _explained(finding: Finding) -> dict[str, Any]:
    return {"id": finding.id, "layer": finding.layer, "evidence": finding.evidence}


def _effect(effect: Effect) -> dict[str, Any]:
    losses = dict(zip(("before", "after"), effect.losses, strict=True)) if effect.losses else None
    shares = {"before": effect.before, "after": effect.after}
    return {"steps": effect.steps, "helps": effect.helps, "share": _finite(shares), "loss": losses}


def _layer(layer: LayerProbe) -> dict[str, Any]:
    activation = asdict(layer.activation) if layer.activation else None
    if activation is not None:
        del activation["units"]
    return {
        "name": layer.call.name,
        "type": layer.call.type,
        "gradient": _finite(asdict(layer.gradient)) if layer.gradient else None,
        "update_ratio": _finite({"": layer.update_ratio})[""],
        "activation": _finite(activation) if activation is not None else None,
    }


def _finite(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in figures.items()
    }
