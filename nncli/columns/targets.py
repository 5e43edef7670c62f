"""What is known about a column that is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

TargetType: TypeAlias = Literal["number", "category", "binary", "set"]


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """One column that is predicted.

    `classes` are the texts in the order of their indices; of a binary target the negative one
    comes first. `shape` is that of one sample: () for one class, (1,) for one number, (steps,) for a
    class at each step, (height, width) for one at each pixel. `has_mask` tells that some values may be
    missing.
    """

    name: str
    type: TargetType
    classes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    has_mask: bool = False
    unit: str | None = None

    @property
    def is_sequence(self) -> bool:
        """Tells whether there is a class at each step."""
        return self.type == "category" and len(self.shape) == 1

    @property
    def is_mask(self) -> bool:
        """Tells whether there is a class at each pixel."""
        return self.type == "category" and len(self.shape) == 2


def class_targets(targets: Mapping[str, TargetSpec]) -> tuple[str, ...]:
    """Names the targets that have one class for each row."""
    return tuple(n for n, each in targets.items() if each.type in ("category", "binary") and each.shape == ())


def class_counts(targets: Mapping[str, TargetSpec]) -> dict[str, int]:
    """Counts classes by name: `{"classes": 3, "species.classes": 3}`.

    The short form is left out where several targets have classes.
    """
    counts = {f"{name}.classes": len(each.classes) for name, each in targets.items() if each.classes}
    return counts | ({"classes": next(iter(counts.values()))} if len(counts) == 1 else {})
