"""The Spec: everything a file says, typed and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nncli.errors import Place, Problem
from nncli.spec import nodes

if TYPE_CHECKING:
    from nncli.spec.items import Constant
    from nncli.spec.network_spec import NetworkSpec
    from nncli.spec.recipes import RecipeSpec
    from nncli.spec.schema import DataSpec, TrainingSpec
    from nncli.spec.tensor_expressions import Computation
    from nncli.spec.text_recipes import TextRecipeSpec


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
    `constants` holds tensors that are worked out once, None for one that cannot be read. `written` is the
    part of the tree that says the networks, as it was written: vars, constants, blocks with included ones,
    networks.
    `recipes` are what `predict:` says, by name, `text_recipes` those of them that write text.
    `warnings` name what is surely not meant, and stops nothing.
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
    constants: Mapping[str, Computation | None] = field(default_factory=dict)
    written: nodes.Mapping = field(default_factory=lambda: nodes.Mapping((), Place("", 1, 1)))
    warnings: tuple[Problem, ...] = ()
    recipes: Mapping[str, RecipeSpec] = field(default_factory=dict)
    text_recipes: Mapping[str, TextRecipeSpec] = field(default_factory=dict)

    def place(self, *path: str | int) -> Place:
        """Finds where a YAML path stands, or its nearest ancestor that is in the file."""
        parts = [str(part) for part in path]
        while parts and ".".join(parts) not in self.places:
            parts.pop()
        return self.places.get(".".join(parts), Place(self.origin.file, 1, 1))
