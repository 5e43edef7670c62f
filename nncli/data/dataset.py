"""The types that data hands to training: parts, and the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.spec.network_spec import InputSpec
from nncli.spec.schema import DataSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.encoders import Columns, Encoders

PartName: TypeAlias = Literal["train", "validation", "test"]
PARTS: Final[tuple[PartName, ...]] = ("train", "validation", "test")


@dataclass(frozen=True)
class Part:
    """The samples of one part: the numbers of their rows in the columns that they are taken from.

    `index` is int64 (samples,). Several parts can share their columns.
    """

    name: PartName
    index: Tensor
    columns: Columns

    @property
    def rows(self) -> int:
        """Counts the samples."""
        return len(self.index)

    def input(self, name: str) -> Tensor:
        """Takes all samples of an input at once, as they are where nothing is trained."""
        values = self.columns.inputs[name].take(self.index).values
        finish = self.columns.finishes.get(name)
        return values if finish is None else finish(values, None)

    def masks_of(self, encoders: Encoders) -> dict[str, Tensor]:
        """Finds which steps of each target with a class at each step are there, from an input as long.

        Shapes: bool (samples, steps). The input that reads the same cells goes before others.
        """
        found: dict[str, Tensor] = {}
        for target in encoders.target_encoders:
            described = target.target()
            alike = [each for each in encoders.input_encoders if each.input().shape == described.shape]
            alike.sort(key=lambda each: each.column.header != target.column.header)
            if described.is_sequence and alike:
                mask = self.columns.inputs[alike[0].column.name].take(self.index).mask
                found |= {} if mask is None else {target.column.name: mask}
        return found

    def target(self, name: str) -> Tensor:
        """Takes all samples of a target at once, as they are where nothing is trained."""
        values = self.columns.targets[name].take(self.index).values
        finish = self.columns.target_finishes.get(name)
        return values if finish is None else finish(values, None).values


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
    def size_bytes(self) -> int:
        """Counts the bytes of all encoded columns, in memory or in files."""
        tensors = [
            tensor
            for part in self.parts.values()
            for column in (*part.columns.inputs.values(), *part.columns.targets.values())
            for tensor in column.tensors().values()
        ]
        return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())

    @property
    def inputs(self) -> Mapping[str, InputSpec]:
        """Describes what flows into a network."""
        return self.encoders.inputs()

    @property
    def targets(self) -> Mapping[str, TargetSpec]:
        """Describes what is predicted."""
        return self.encoders.targets()
