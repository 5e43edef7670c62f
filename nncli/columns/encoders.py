"""All encoders of a spec: rows to tensors, and the document that travels in a weights file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from nncli.columns.categories import ClassEncoder
from nncli.columns.images import ImageEncoder
from nncli.columns.numbers import NumberEncoder
from nncli.columns.targets import TargetSpec
from nncli.errors import Problem
from nncli.messages.catalogue import failure, failures
from nncli.sources.tables import Reading, Table
from nncli.spec.network_spec import FEATURES, InputSpec

if TYPE_CHECKING:
    from torch import Tensor

InputEncoder: TypeAlias = Annotated[NumberEncoder | ClassEncoder | ImageEncoder, Field(discriminator="type")]
TargetEncoder: TypeAlias = Annotated[NumberEncoder | ClassEncoder, Field(discriminator="type")]

WIDEST_FEATURES: Final = 4096
"""`features` is not offered above this width: one-hot columns of that many classes only fill memory."""


@dataclass(frozen=True)
class Encoders:
    """The encoders of all inputs and targets, fitted on the training part.

    `reading` is how the training file was read; later rows are read the same way.
    """

    input_encoders: tuple[InputEncoder, ...]
    target_encoders: tuple[TargetEncoder, ...]
    reading: Reading = field(default_factory=Reading)

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    def __post_init__(self) -> None:
        for role, encoders in (("input", self.input_encoders), ("target", self.target_encoders)):
            names = [each.column.name for each in encoders]
            if not names or len(set(names)) < len(names):
                raise ValueError(f"names of {role}s must differ, and there must be one")
            if any(each.column.role != role for each in encoders):
                raise ValueError(f"a column among the {role}s has another role")

    def columns(self, *, inputs_only: bool = False) -> list[str]:
        """Lists the columns of a file that are read, each once."""
        encoders = self.input_encoders if inputs_only else (*self.input_encoders, *self.target_encoders)
        return list(dict.fromkeys(header for each in encoders for header in each.headers))

    def inputs(self) -> dict[str, InputSpec]:
        """Describes what flows into a network, with `features` where every input is tabular."""
        described = {each.column.name: each.input() for each in self.input_encoders}
        return described | features_of(described)

    def targets(self) -> dict[str, TargetSpec]:
        """Describes what is predicted."""
        return {
            each.column.name: TargetSpec(
                each.column.name, each.type, each.classes if isinstance(each, ClassEncoder) else ()
            )
            for each in self.target_encoders
        }

    def encode_inputs(self, table: Table, warnings: list[Problem] | None = None) -> dict[str, Tensor]:
        """Encodes the inputs of every row; shapes and types are those of `Part.inputs`.

        Where `warnings` is given, categories that training did not see go there as `category-unseen`
        and are encoded as unknown. Raises `class-unknown`, `not-a-number`, `cell-empty`.
        """
        problems: list[Problem] = []
        unseen: Literal["error", "warning"] = "error" if warnings is None else "warning"
        tensors = {
            each.column.name: each.encode(table, problems, unseen)
            if isinstance(each, ClassEncoder)
            else each.encode(table, problems)
            for each in self.input_encoders
        }
        _raise_errors(problems)
        if warnings is not None:
            warnings.extend(problems)
        if FEATURES in self.inputs() and FEATURES not in tensors:
            tensors[FEATURES] = self._features(tensors)
        return tensors

    def encode_targets(self, table: Table) -> dict[str, Tensor]:
        """Encodes the targets of every row; shapes and types are those of `Part.targets`.

        Raises `class-unknown`, `not-a-number`, `target-empty`.
        """
        problems: list[Problem] = []
        tensors = {each.column.name: each.encode(table, problems) for each in self.target_encoders}
        _raise_errors(problems)
        return tensors

    def decode_number(self, target: str, values: Tensor) -> Tensor:
        """Takes scaled numbers of a target back to its own unit, in the type and shape they come in."""
        (encoder,) = [each for each in self.target_encoders if each.column.name == target]
        assert isinstance(encoder, NumberEncoder)
        return (values.double() * encoder.deviation + encoder.mean).to(values.dtype)

    def to_json(self) -> dict[str, Any]:
        """Writes the encoders as a document; floats come back bit for bit."""
        document: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Encoders:
        """Reads and checks a document of `to_json`. Raises `encoders-invalid`."""
        try:
            return _adapter().validate_json(json.dumps(document, allow_nan=False))
        except ValidationError as error:
            detail = error.errors()[0]
            where = ".".join(str(part) for part in detail["loc"])
            reason = f"{where}: {detail['msg']}" if where else detail["msg"]
        except (TypeError, ValueError, RecursionError) as error:
            reason = str(error)
        raise failure("encoders-invalid", reason=reason)

    def _features(self, tensors: Mapping[str, Tensor]) -> Tensor:
        import torch

        numbers, classes = [], []
        for each in self.input_encoders:
            tensor = tensors[each.column.name]
            if isinstance(each, NumberEncoder):
                numbers.append(tensor)
            elif isinstance(each, ClassEncoder) and each.type == "category":
                # The index of the unseen comes last and has no column: its row is all zeros.
                one_hot = torch.nn.functional.one_hot(tensor, len(each.classes) + 1)
                classes.append(one_hot[:, :-1].to(torch.float32))
            else:
                classes.append(tensor)
        return torch.cat([*numbers, *classes], dim=1)


def features_of(inputs: Mapping[str, InputSpec]) -> dict[str, InputSpec]:
    """Describes `features`: numbers, then binaries and one-hot categories, each in the order declared.

    It is there where all inputs are of these types and the width is at most `WIDEST_FEATURES`.
    """
    tabular = all(each.type in ("number", "binary", "category") for each in inputs.values())
    if FEATURES in inputs or not tabular:
        return {}
    width = sum((each.vocabulary or 2) - 1 for each in inputs.values())
    return {FEATURES: InputSpec((width,), "features")} if width <= WIDEST_FEATURES else {}


def _raise_errors(problems: list[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise failures(errors)


@cache
def _adapter() -> TypeAdapter[Encoders]:
    return TypeAdapter(Encoders)
