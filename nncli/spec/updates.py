"""What training makes small, as written: updates of networks, with the terms of their loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nncli.errors import Place
    from nncli.spec.items import Assignment, Call, GivenName, Source
    from nncli.spec.tensor_expressions import Computation

# What expressions of training may read beside values: numbers that change from step to step.
STEP: Final = "step"
EPOCH: Final = "epoch"


@dataclass(frozen=True, slots=True)
class TermSpec:
    """One term of a loss: a class of torch.nn between two values, or an expression.

    `name` is that of its figure; empty for a term that has none.
    `from_` holds the prediction and the target; empty for a `computation`. What `weight` gives is
    multiplied with the term; where `where` is true a value counts.
    """

    name: str
    place: Place
    path: str
    loss: Call | None = None
    from_: tuple[Source, ...] = ()
    computation: Computation | None = None
    weight: Computation | None = None
    where: Computation | None = None


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """A metric between two values of an update: what is said, and what is true."""

    call: Call
    from_: tuple[Source, ...]
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class UpdateSpec:
    """One change of the weights of some networks, within a step.

    Only `networks` get gradients. `repeat` is how often it runs in a step, each time on a new batch.
    Where `is_applied`, the first of them is applied to the batch, and its outputs have their names.
    `metrics` are worked out beside the losses of a part that is judged.
    """

    name: str
    networks: tuple[GivenName, ...]
    terms: tuple[TermSpec, ...]
    place: Place
    path: str
    compute: tuple[Assignment, ...] = ()
    repeat: int = 1
    optimizer: Call | None = None
    is_applied: bool = False
    metrics: tuple[MeasureSpec, ...] = ()
