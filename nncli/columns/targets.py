"""What is known about a column that is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """One column that is predicted.

    `classes` are the texts in the order of their indices; of a binary target the negative one
    comes first.
    """

    name: str
    type: Literal["number", "category", "binary"]
    classes: tuple[str, ...] = ()
