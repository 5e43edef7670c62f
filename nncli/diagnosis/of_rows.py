"""Faults of rows that make the figures of a run too good."""

from __future__ import annotations

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.subject import Subject


def leakage(subject: Subject) -> Finding | None:
    """Finds a later part with many rows of the training part."""
    if not subject.copied:
        return None
    worst = max(subject.copied, key=lambda each: each.count)
    facts = {"count": f"{worst.count:,}", **worst.facts}
    spot, code = subject.at("data.split", str(worst.facts["part"])), "diagnosis-leakage"
    return Finding("leakage", code, "warning", "spec", spot, worst.count, 0.0, facts)
