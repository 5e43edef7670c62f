"""All encoders of a spec: rows to columns, and the document that travels in a weights file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from nncli.columns.kind import Encoder, Truths
from nncli.columns.kinds import AnyEncoder
from nncli.columns.reach import Reach, Timeline
from nncli.columns.targets import TargetSpec
from nncli.messages.catalogue import failure
from nncli.sources.tables import Reading, Refusals, Table
from nncli.spec.network_spec import FEATURES, InputSpec

if TYPE_CHECKING:
    from torch import Tensor

    from nncli.columns.stored import Dense, Finish, Stored, TargetFinish

NO_REACH: Final[Mapping[str, Reach]] = {}
WIDEST_FEATURES: Final = 4096
"""`features` is not offered above this width: one-hot columns of that many classes only fill memory."""


@dataclass(frozen=True)
class Columns:
    """Encoded columns by name, all of the same rows.

    `finishes` and `target_finishes` say what a batch of an input or a target still needs.
    Shapes (N rows) of Dense values: numbers and binaries float32 (N, 1), categories int64 (N,), images
    (N, channels, height, width), `features` float32 (N, width); among targets numbers float32 (N, 1) as
    scaled, binaries and categories int64 (N,), the class index.
    """

    inputs: Mapping[str, Stored]
    targets: Mapping[str, Stored]
    finishes: Mapping[str, Finish] = field(default_factory=dict)
    target_finishes: Mapping[str, TargetFinish] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoders:
    """The encoders of all inputs and targets, fitted on the training part.

    `reading` is how the training file was read; later rows are read the same way. Rows in time have a
    `timeline`; then `reaches` tells of every column, named `inputs.load` or `targets.load`, where it is
    read around a row.
    """

    input_encoders: tuple[AnyEncoder, ...]
    target_encoders: tuple[AnyEncoder, ...]
    reading: Reading = field(default_factory=Reading)
    reaches: Mapping[str, Reach] = field(default_factory=dict)
    timeline: Timeline | None = None

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    def __post_init__(self) -> None:
        for role, encoders in (("input", self.input_encoders), ("target", self.target_encoders)):
            names = [each.column.name for each in encoders]
            if len(set(names)) < len(names):
                raise ValueError(f"names of {role}s must differ")
            if role == "input" and not names:
                raise ValueError("there must be an input")
            if any(each.column.role != role for each in encoders):
                raise ValueError(f"a column among the {role}s has another role")

    def headers(self, *, inputs_only: bool = False) -> list[str]:
        """Lists the columns of a file that are read, each once."""
        encoders = self.input_encoders if inputs_only else (*self.input_encoders, *self.target_encoders)
        order = (self.timeline.group, self.timeline.time) if self.timeline else ()
        headers = [each for each in order if each] + [h for each in encoders for h in each.headers]
        return list(dict.fromkeys(headers))

    def inputs(self) -> dict[str, InputSpec]:
        """Describes what flows into a network, with `features` where every input is tabular."""
        return described_inputs(self.input_encoders, self.reaches)

    def targets(self) -> dict[str, TargetSpec]:
        """Describes what is predicted."""
        return described_targets(self.target_encoders, self.reaches)

    def counts(self) -> dict[str, int]:
        """Names what the network can ask for, such as `$classes`; see `declared_counts`."""
        return declared_counts((*self.input_encoders, *self.target_encoders))

    def finishes(self) -> dict[str, Finish]:
        """Names what is done to each batch of an input on its device."""
        found = {each.column.name: each.finish() for each in self.input_encoders}
        return {name: finish for name, finish in found.items() if finish is not None}

    def target_finishes(self) -> dict[str, TargetFinish]:
        """Names what is done to each batch of a target on its device."""
        found = {each.column.name: each.target_finish() for each in self.target_encoders}
        return {name: finish for name, finish in found.items() if finish is not None}

    def encode_inputs(
        self, table: Table, refusals: Refusals, is_new: Truths | None = None
    ) -> dict[str, Stored]:
        """Encodes the inputs of every row; see `Encoder.encode`."""
        columns: dict[str, Stored] = {
            each.column.name: each.encode(table, refusals, is_new) for each in self.input_encoders
        }
        if FEATURES in self.inputs() and FEATURES not in columns and not refusals.are_errors:
            columns[FEATURES] = self._features(columns)
        return columns

    def encode_targets(
        self, table: Table, refusals: Refusals, is_new: Truths | None = None
    ) -> dict[str, Stored]:
        """Encodes the targets of every row; see `Encoder.encode`."""
        return {each.column.name: each.encode(table, refusals, is_new) for each in self.target_encoders}

    def decode_number(self, target: str, values: Tensor) -> Tensor:
        """Takes scaled numbers of a target back to its own unit, in the type and shape they come in."""
        (encoder,) = [each for each in self.target_encoders if each.column.name == target]
        return encoder.decode(values)

    def words(self, target: str, values: Tensor, mask: Tensor | None) -> list[str]:
        """Takes predicted classes at each step, int64 (N, steps), back to cells of a target."""
        (encoder,) = [each for each in self.target_encoders if each.column.name == target]
        return encoder.words(values, mask)

    def with_parts_of_features(self, columns: Mapping[str, Stored]) -> dict[str, Stored]:
        """Adds the inputs that lie in `features` as they are, which need no memory of their own."""
        from nncli.columns.stored import Dense

        places = self._places_in_features() if FEATURES in columns else {}
        whole = columns[FEATURES].tensors()["values"] if places else None
        found = dict(columns)
        for name, (first, stop) in places.items():
            assert whole is not None
            found[name] = Dense(whole[:, first:stop])
        return found

    def without_parts_of_features(self, columns: Mapping[str, Stored]) -> dict[str, Stored]:
        """Leaves out the inputs that `with_parts_of_features` adds."""
        parts = self._places_in_features() if FEATURES in columns else {}
        return {name: column for name, column in columns.items() if name not in parts}

    def _places_in_features(self) -> dict[str, tuple[int, int]]:
        places: dict[str, tuple[int, int]] = {}
        first = 0
        if any(each.column.name == FEATURES for each in self.input_encoders):
            return places
        for each in _in_feature_order(self.input_encoders):
            width = _feature_width(each)
            described = each.input()
            if described.shape == (width,) and not described.has_mask:
                places[each.column.name] = (first, first + width)
            first += width
        return places

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

    def _features(self, columns: Mapping[str, Stored]) -> Dense:
        import torch

        from nncli.columns.stored import Dense

        pieces = []
        for each in _in_feature_order(self.input_encoders):
            values = columns[each.column.name].tensors()["values"]
            piece = each.feature_columns(values)
            assert piece is not None
            pieces.append(piece.numpy())
        # torch would start threads of its own, beside those that encode.
        return Dense(torch.from_numpy(np.concatenate(pieces, axis=1)))


def described_inputs(
    encoders: Iterable[Encoder], reaches: Mapping[str, Reach] = NO_REACH
) -> dict[str, InputSpec]:
    """Describes inputs by name, and `features`: numbers, then binaries and one-hot categories.

    It is there where any input is of single rows of a table and its width is at most `WIDEST_FEATURES`; it
    flows in by itself where all are.
    """
    encoders = list(encoders)
    described = {each.column.name: each.input() for each in encoders}
    if reaches:
        return {name: reaches[f"inputs.{name}"].input(each) for name, each in described.items()}
    widths = [_feature_width(each) for each in encoders]
    if FEATURES in described or not 0 < sum(widths) <= WIDEST_FEATURES:
        return described
    features = InputSpec((sum(widths),), "features", is_whole=all(widths))
    return described | {FEATURES: features}


def described_targets(
    encoders: Iterable[Encoder], reaches: Mapping[str, Reach] = NO_REACH
) -> dict[str, TargetSpec]:
    """Describes targets by name."""
    described = {each.column.name: each.target() for each in encoders}
    if not reaches:
        return described
    return {name: reaches[f"targets.{name}"].target(each) for name, each in described.items()}


def declared_counts(encoders: Iterable[Encoder]) -> dict[str, int]:
    """Counts by name: `{"classes": 3, "species.classes": 3}`.

    The short form is left out where several columns have that count.
    """
    named = {f"{each.column.name}.{key}": count for each in encoders for key, count in each.counts().items()}
    ends = [name.rpartition(".")[2] for name in named]
    short = {end: named[name] for name, end in zip(named, ends, strict=True) if ends.count(end) == 1}
    return named | short


def _in_feature_order(encoders: Iterable[Encoder]) -> list[Encoder]:
    """Lists what stands in `features`: what keeps its numbers before what becomes zeros and ones."""
    tabular = (each for each in encoders if _feature_width(each))
    return sorted(tabular, key=lambda each: each.input().type in ("binary", "category"))


def _feature_width(encoder: Encoder) -> int:
    found = encoder.feature_columns(_no_rows(encoder))
    return 0 if found is None else found.shape[1]


def _no_rows(encoder: Encoder) -> Tensor:
    import torch

    described = encoder.input()
    return torch.zeros(0, *described.shape, dtype=torch.int64 if described.vocabulary else torch.float32)


@cache
def _adapter() -> TypeAdapter[Encoders]:
    return TypeAdapter(Encoders)
