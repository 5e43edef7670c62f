"""What the doctor says as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from nncli.diagnosis.findings import Effect, Finding
from nncli.diagnosis.probes import LayerProbe, Probe
from nncli.diagnosis.verdicts import Verdicts


def document_of(shown: Probe, verdicts: Verdicts) -> dict[str, Any]:
    """Gives layers, findings and checks; a number that is not finite is null."""
    return {
        "version": 1,
        "layers": [_layer(layer) for layer in shown.layers],
        "findings": [finding_document(each) for each in verdicts.findings],
        "others": [finding_document(each) for each in verdicts.others],
        "checks": [{"id": each.name, "unable": each.reason or None} for each in verdicts.checks],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
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
            "patch": finding.patch.document() if finding.patch else None,
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
