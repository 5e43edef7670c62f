"""Rows that make figures too good: those of later parts that the training part has, too."""

from __future__ import annotations

from typing import Final

from nncli.columns.kinds import kind_of
from nncli.data.dataset import Data
from nncli.inspection.findings import Finding
from nncli.inspection.looking import findings_of
from nncli.spec.spec import Spec

MOST_ROWS: Final = 20_000
LEAST_SHARE: Final = 0.05
"""Fewer copies than this share of a part hardly move its figures."""
LEAST_ROWS: Final = 5


def copied_rows(spec: Spec, data: Data) -> tuple[Finding, ...]:
    """Finds `leakage` among rows that are quick to read again; `nncli data` finds more.

    Raises what reading cells raises.
    """
    columns = (*data.resolved.inputs.values(), *data.resolved.targets.values())
    if any(kind_of(each).reads_files for each in columns):
        return ()
    if sum(part.rows for part in data.parts.values()) > MOST_ROWS:
        return ()
    return tuple(each for each in findings_of(spec, data) if _is_large(each, data))


def _is_large(finding: Finding, data: Data) -> bool:
    if finding.name != "leakage" or finding.facts.get("other") != "train":
        return False
    part = data.parts.get(finding.facts.get("part"))  # type: ignore[call-overload]
    return part is not None and finding.count >= max(LEAST_ROWS, LEAST_SHARE * part.rows)
