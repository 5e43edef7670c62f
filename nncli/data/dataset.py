"""The types that data hands to training: targets, parts, and the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import DataSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.encoders import Encoders

PartName: TypeAlias = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Part:
    """The encoded rows of one part.

    Shapes (N rows): in `inputs` numbers and binaries float32 (N, 1), categories int64 (N,), images
    float32 (N, channels, height, width), `features` float32 (N, width). In `targets` numbers
    float32 (N, 1) as scaled, binaries and categories int64 (N,), the class index.
    """

    name: PartName
    rows: int
    inputs: Mapping[str, Tensor]
    targets: Mapping[str, Tensor]


@dataclass(frozen=True)
class Data:
    """All that a spec's `data:` says, read, checked, split and encoded.

    `resolved` is the DataSpec with every default filled in. `digest` is a sha256 over the bytes
    of the source files. `parts` holds train, and validation and test where they have rows.
    """

    parts: Mapping[PartName, Part]
    encoders: Encoders
    resolved: DataSpec
    digest: str
    warnings: tuple[Problem, ...] = ()

    @property
    def inputs(self) -> Mapping[str, InputSpec]:
        """Describes what flows into a network."""
        return self.encoders.inputs()

    @property
    def targets(self) -> Mapping[str, TargetSpec]:
        """Describes what is predicted."""
        return self.encoders.targets()

    def declared(self) -> dict[str, int]:
        """Names what `$classes` and `$NAME.classes` stand for in the network."""
        return declared_counts(self.targets)


def declared_counts(targets: Mapping[str, TargetSpec]) -> dict[str, int]:
    """Counts classes by name: `{"classes": 3, "species.classes": 3}`.

    The short form is left out where several targets have classes.
    """
    counts = {f"{name}.classes": len(t.classes) for name, t in targets.items() if t.classes}
    if len(counts) == 1:
        counts["classes"] = next(iter(counts.values()))
    return counts
