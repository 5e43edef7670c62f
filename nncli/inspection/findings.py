"""What is wrong with rows: a finding each, with its count and where it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from nncli.errors import Problem, Severity
from nncli.messages.catalogue import hint_of, message_of

FindingName: TypeAlias = Literal[
    "leakage", "duplicates", "noise", "giveaway", "imbalance", "rare", "constant", "filled", "outside"
]
CODES: Final[Mapping[FindingName, str]] = {
    "leakage": "finding-leakage",
    "duplicates": "finding-duplicates",
    "noise": "finding-noise",
    "giveaway": "finding-giveaway",
    "imbalance": "finding-imbalance",
    "rare": "finding-rare",
    "constant": "finding-constant",
    "filled": "finding-filled",
    "outside": "finding-outside",
}
"""All findings, each with the code of its words."""
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with rows: how many it concerns, and where the first five are."""

    name: FindingName
    severity: Severity
    count: int
    column: str = ""
    places: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """Says what is wrong."""
        return message_of(self._problem)

    @property
    def hint(self) -> str:
        """Says what to do about it."""
        return hint_of(self._problem)

    @property
    def _problem(self) -> Problem:
        said = {"count": f"{self.count:,}", "column": self.column, **self.facts}
        return Problem(CODES[self.name], None, "", said, self.severity)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Puts what is worst first."""
    order: tuple[Severity, ...] = ("error", "warning", "note")
    return tuple(sorted(findings, key=lambda each: order.index(each.severity)))


def percent(count: int, rows: int) -> str:
    """Writes a share: `12 %`, `0.3 %`, `below 0.1 %`."""
    share = 100 * count / max(rows, 1)
    if share >= 10 or share == 0:
        return f"{share:.0f} %"
    return f"{share:.1f} %" if share >= 0.1 else "below 0.1 %"
