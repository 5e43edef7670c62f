"""What became of the tensors of a weights file: the counts and first names that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from nncli.errors import printable
from nncli.pretrained.proposals import Proposal
from nncli.pretrained.stored import Shape

MOST_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class WrongShape:
    """A tensor of the file that has the name of one in the network, and another shape."""

    name: str
    stored_name: str
    stored: Shape
    wanted: Shape

    def __str__(self) -> str:
        return f"{self.name} ({_shape(self.stored)} in the file, {_shape(self.wanted)} in the network)"

    @property
    def is_transposed(self) -> bool:
        """Tells whether transposition would make the shapes equal."""
        return len(self.stored) == 2 and self.stored[::-1] == self.wanted


@dataclass(frozen=True, slots=True)
class WeightsReport:
    """What became of every tensor of a file and of a network, by name.

    Names of the network: `loaded`, `missing`, and the second of each pair in `renamed`. Names of the file:
    `transposed`, `split`, `skipped`, `left_over`, and the first of each pair; `joined` has the new names.
    `proposals` may bring what is left over to what is missing.
    """

    loaded: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    transposed: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    wrong_shape: tuple[WrongShape, ...] = ()
    proposals: tuple[Proposal, ...] = ()

    def lines(self) -> list[str]:
        """Says each count with its first names, a line each; what did not happen is left out."""
        rows: list[tuple[str, Sequence[str]]] = [
            ("loaded", self.loaded),
            ("renamed", [f"{old} → {new}" for old, new in self.renamed]),
            ("transposed", self.transposed),
            ("split", self.split),
            ("joined", self.joined),
            ("skipped", self.skipped),
            ("missing", self.missing),
            ("left over", self.left_over),
            ("wrong shape", [str(each) for each in self.wrong_shape]),
        ]
        lines = [f"{key}: {len(names)}{_first(names)}" for key, names in rows if names or key == "loaded"]
        lines += [f"{each.stored} of the file may be {each.wanted} of the network" for each in self.proposals]
        return [printable(line) for line in lines]


def shortened(names: Sequence[str]) -> str:
    """Joins at most five names, and counts the others."""
    shown = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _first(names: Sequence[str]) -> str:
    return f" ({shortened(names)})" if names else ""


def _shape(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"
