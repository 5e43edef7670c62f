"""The Spec: everything a file says, typed and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nncli.errors import Place
from nncli.spec.items import Constant, NetworkSpec

if TYPE_CHECKING:
    from nncli.spec.schema import DataSpec, TrainingSpec


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a spec came from: the file as typed, the folder its paths start from, its text."""

    file: str
    folder: Path
    text: str


@dataclass(frozen=True)
class Spec:
    """A spec, checked as far as that goes without torch and without data.

    `networks` holds one network named `network`, or several under their own names.
    `places` maps YAML paths such as `data.inputs.age` to where they stand in the text.
    """

    name: str
    description: str
    vars: Mapping[str, Constant]
    data: DataSpec | None
    networks: Mapping[str, NetworkSpec]
    training: TrainingSpec | None
    origin: Origin
    places: Mapping[str, Place]

    def place(self, *path: str | int) -> Place:
        """Finds where a YAML path stands, or its nearest ancestor that is in the file."""
        parts = [str(part) for part in path]
        while parts and ".".join(parts) not in self.places:
            parts.pop()
        return self.places.get(".".join(parts), Place(self.origin.file, 1, 1))
