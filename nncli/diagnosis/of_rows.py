"""Faults of rows that make the figures of a run too good."""

from __future__ import annotations

from nncli.diagnosis.findings import Finding, FindingId
from nncli.diagnosis.subject import Subject


def leakage(subject: Subject) -> Finding | None:
    """Finds a later part with many rows of the training part."""
    return _found(subject, "leakage")


def giveaway(subject: Subject) -> Finding | None:
    """Finds an input that tells the answer by itself."""
    return _found(subject, "giveaway")


def _found(subject: Subject, name: FindingId) -> Finding | None:
    found = [each for each in subject.copied if each.name == name]
    if not found:
        return None
    worst = max(found, key=lambda each: each.count)
    path = f"data.inputs.{worst.column}" if worst.column else "data.split"
    facts = {"count": f"{worst.count:,}", "column": worst.column, **worst.facts}
    spot, code = subject.at(path, worst.column or str(worst.facts.get("part", "split"))), f"diagnosis-{name}"
    return Finding(name, code, "warning", "spec", spot, worst.count, 0.0, facts)
