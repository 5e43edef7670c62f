"""One network of a spec: its inputs, its items and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from nncli.spec.items import Call, Item, Source

if TYPE_CHECKING:
    from nncli.errors import Place
    from nncli.spec.weights import PatternAt, WeightsSpec

# All numbers of a table side by side, then binaries and categories.
FEATURES: Final = "features"
InputType: TypeAlias = Literal[
    "number", "index", "binary", "category", "image", "audio", "series", "features", "mask"
]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What flows into a network under one name.

    Shapes: `shape` leaves the batch out; () is one index or one number per row. `vocabulary` counts
    the values that an index can have; `width` of features is `shape[0]`. Where `has_mask`, the padding
    mask arrives beside it as `NAME.mask`: bool, true where a step is valid, over the first axis
    behind the rows. Of audio, (channels, samples), that is the last axis; `rate` counts its samples in a
    second. Features that are not `is_whole` leave out inputs of other kinds, and do not flow in
    by themselves.
    """

    shape: tuple[int, ...]
    type: InputType = "number"
    vocabulary: int | None = None
    has_mask: bool = False
    rate: int | None = None
    is_whole: bool = True

    @property
    def steps(self) -> tuple[int, ...]:
        """The shape of its padding mask, without the batch."""
        return self.shape[-1:] if self.type == "audio" else self.shape[:1]

    def takes(self, given: InputSpec) -> bool:
        """Tells whether values that another description is true of can flow in here."""
        indices = ("index", "category")
        same_kind = (self.type in indices) == (given.type in indices)
        fits = self.shape == given.shape and (self.rate or given.rate) == given.rate
        return same_kind and fits and (self.vocabulary or 0) >= (given.vocabulary or 0)


@dataclass(frozen=True, slots=True)
class CallByPattern:
    """What is done with weights, by a pattern of their names: `{match: "*.weight", normal_: {std: 0.02}}`."""

    match: str
    call: Call
    place: Place


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One network: its inputs where the file states them, its items from input to output, and its outputs.

    `outputs` maps names to paths; empty for the last result. `freeze` holds patterns over the names of its
    weights, `init` and `parametrize` what is done with those that a pattern matches. `input_names` holds the
    names of all inputs in order where the file lists them, as in `inputs: [noise: [64], digit]`; those that
    are not in `inputs` are as the data declares them. Where `inputs:` is wrong, `unread_inputs` are its
    names: nothing else is wrong with what reads them.
    """

    layers: tuple[Item, ...]
    place: Place
    inputs: Mapping[str, InputSpec] | None = None
    outputs: Mapping[str, Source] = field(default_factory=dict)
    init: tuple[CallByPattern, ...] = ()
    weights: WeightsSpec | None = None
    freeze: tuple[PatternAt, ...] = ()
    parametrize: tuple[CallByPattern, ...] = ()
    input_names: tuple[str, ...] = ()
    unread_inputs: tuple[str, ...] = ()
