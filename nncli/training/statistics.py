"""Statistics of steps: how large gradients are, how far weights move, and how layers answer.

They are taken at a few steps that follow from their numbers alone, and stay on the device until they are
asked for: they cost about a hundredth of the time, and are the same after any resume.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

import torch
from torch import Tensor

from nncli.training.counters import Counter
from nncli.training.gradient_kernels import norms, subtract

_FIRST: Final = (1, 10, 50)
_EVERY: Final = 50
_DENSE: Final = 100
"""After this many spaces between two statistics the space doubles: long runs have no long files."""
MOST_RECENT: Final = 20
"""So many last losses are kept, to be told where the next one is not finite."""


_RECENT: Final = "recent"
# Of fewer rows nobody can tell a unit that is dead from one that is rarely needed.
_ROWS_OF_DEAD: Final = 32


@dataclass(frozen=True, slots=True)
class Health:
    """How a layer answers: the root mean square of its outputs, and the share of them that are zero.

    `dead` is the share of units that are zero on all rows, `saturated` that of outputs at which the layer is
    flat; None where that cannot be, or too few rows were seen. `rms` is not finite where an output was not.
    """

    rms: float
    zeros: float
    dead: float | None = None
    saturated: float | None = None


@dataclass(frozen=True, slots=True)
class StepStatistics:
    """What is known of a step; `loss` is the mean of the steps since the statistics before.

    `gradients` and `updates` are norms by layer, the second of the change to the weights as a share of
    these; None where a layer has no gradient, weights that are still zero, or a step that only added
    gradients up. `activations` tell by layer how it answers, at the steps at which that was looked at.
    """

    step: int
    loss: float | None
    gradients: Mapping[str, float | None]
    updates: Mapping[str, float | None]
    activations: Mapping[str, Health] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Layers:
    """The weights of one update, and the layer that each belongs to."""

    weights: Sequence[Tensor]
    owners: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Measured:
    """Norms of a step as they wait on the device: of gradients, weights and changes, each (weights,)."""

    owners: Sequence[str]
    has_gradient: Sequence[bool]
    has_moved: bool
    norms: Tensor


def next_due(step: int) -> int:
    """Gives the first step from `step` on whose statistics are taken."""
    for each in _FIRST:
        if step <= each:
            return each
    space = _EVERY
    while step > _DENSE * space:
        space *= 2
    return -(-step // space) * space


@final
class Statistics:
    """Takes statistics while a run goes on; the caller asks for them by `drain`."""

    def __init__(self) -> None:
        self.due = 1
        self.recent: dict[int, float] = {}
        self._sums: dict[int, list[float]] = {}
        self._measured: dict[int, list[_Measured]] = {}
        self._looks: dict[int, Mapping[str, Counter]] = {}
        self._layers: dict[str, _Layers] = {}

    def leave_out(self) -> None:
        """Takes no statistics of the steps to come, which nobody will ask for."""
        self.due = sys.maxsize

    def knows(self, update: str) -> bool:
        """Tells whether the weights of an update are known."""
        return update in self._layers

    def know(self, update: str, weights: Mapping[str, Tensor], layers: Sequence[str]) -> None:
        """Notes the weights of an update by name, and the names of the layers that they may belong to."""
        learning = {name: weight for name, weight in weights.items() if weight.requires_grad}
        owners = [_owner(name, layers) for name in learning]
        self._layers[update] = _Layers(list(learning.values()), owners)

    def forget_layers(self) -> None:
        """Forgets the weights of all updates, where others may learn from now on."""
        self._layers = {}

    def around(self, update: str, take: Callable[[], bool]) -> None:
        """Lets a step change the weights, and measures what it did; `take` tells whether it did anything."""
        layers = self._layers[update]
        before = [weight.detach().clone() for weight in layers.weights]
        has_moved = take()
        gradients = [weight.grad for weight in layers.weights]
        there = [
            gradient.detach() for gradient in gradients if gradient is not None and not gradient.is_sparse
        ]
        if len(there) == len([each for each in gradients if each is not None]) and there:
            has_gradient = [gradient is not None for gradient in gradients]
            sizes = norms([*there, *before])
            subtract(before, [weight.detach() for weight in layers.weights])
            sizes = torch.cat([sizes, norms(before)])
            found = _Measured(layers.owners, has_gradient, has_moved, sizes)
            self._measured.setdefault(self.due, []).append(found)

    def note_look(self, counters: Mapping[str, Counter]) -> None:
        """Notes what layers answered after the step whose statistics are due."""
        self._looks[self.due] = counters

    def end_step(self, step: int) -> None:
        """Notes that a step is complete whose statistics were due."""
        self.due = next_due(step + 1)

    def add_loss(self, step: int, loss: float) -> None:
        """Adds the loss of a step, which counts from 1."""
        self.recent[step] = loss
        if len(self.recent) > MOST_RECENT:
            del self.recent[next(iter(self.recent))]
        total = self._sums.setdefault(next_due(step), [0.0, 0.0])
        total[0] += loss
        total[1] += 1

    def drain(self, step: int) -> Iterator[StepStatistics]:
        """Gives the statistics of all steps up to one, each once."""
        for due in sorted(each for each in {*self._sums, *self._measured, *self._looks} if each <= step):
            total, count = self._sums.pop(due, (0.0, 0.0))
            gradients: dict[str, float | None] = {}
            updates: dict[str, float | None] = {}
            for measured in self._measured.pop(due, ()):
                _sum_up(measured, gradients, updates)
            activations = _healths(self._looks.pop(due, {}))
            yield StepStatistics(due, total / count if count else None, gradients, updates, activations)

    def scalars(self) -> dict[str, object]:
        """Gives what a checkpoint holds: the losses since the last statistics, and the last ones of all."""
        return {
            **{str(due): list(total) for due, total in self._sums.items()},
            _RECENT: {str(each): loss for each, loss in self.recent.items()},
        }

    def restore(self, scalars: Mapping[str, Any], step: int) -> None:
        """Puts that back; `step` is the last one that is complete."""
        self.due = next_due(step + 1)
        self.recent = {int(each): float(loss) for each, loss in scalars.get(_RECENT, {}).items()}
        sums = {due: total for due, total in scalars.items() if due != _RECENT}
        self._sums = {int(due): [float(each) for each in total] for due, total in sums.items()}
        self._measured, self._looks = {}, {}

    def take_over(self, before: Statistics, step: int) -> None:
        """Goes on from those of a run that went back to a step: what they have up to it and was not drained
        waits still, and all that was drained never comes again."""
        later = {due: total for due, total in self._sums.items() if due > step}
        self._sums = {**{due: total for due, total in before._sums.items() if due <= step}, **later}
        self._measured = {due: found for due, found in before._measured.items() if due <= step}
        self._looks = {due: found for due, found in before._looks.items() if due <= step}


def _owner(name: str, layers: Sequence[str]) -> str:
    """Finds the layer of a weight: the longest name that its own begins with, else its own."""
    fitting = [layer for layer in layers if name.startswith(f"{layer}.")]
    return max(fitting, key=len) if fitting else name


def _healths(counters: Mapping[str, Counter]) -> dict[str, Health]:
    """Reads what was counted of every layer, all at once."""
    if not counters:
        return {}
    sums = torch.stack([each.sums() for each in counters.values()]).tolist()
    found = {}
    for (layer, each), (_, squares, there, flat, dead) in zip(counters.items(), sums, strict=True):
        is_known = each.units and each.rows >= _ROWS_OF_DEAD
        found[layer] = Health(
            (squares / each.numbers) ** 0.5,
            1 - there / each.numbers,
            dead / each.units if is_known else None,
            flat / each.numbers if each.can_saturate else None,
        )
    return found


def _sum_up(
    measured: _Measured, gradients: dict[str, float | None], updates: dict[str, float | None]
) -> None:
    """Puts the norms of weights together to those of their layers."""
    values = measured.norms.tolist()
    count = sum(measured.has_gradient)
    given = iter(values[:count])
    by_layer: dict[str, list[float]] = {}
    rest = zip(
        values[count : count + len(measured.owners)], values[count + len(measured.owners) :], strict=True
    )
    for owner, has_gradient, (weight, moved) in zip(
        measured.owners, measured.has_gradient, rest, strict=True
    ):
        squares = by_layer.setdefault(owner, [0.0, 0.0, 0.0])
        squares[0] += next(given) ** 2 if has_gradient else 0.0
        squares[1] += weight**2
        squares[2] += moved**2
        gradients.setdefault(owner, None)
        if has_gradient:
            gradients[owner] = squares[0] ** 0.5
    for owner, (_, weight, moved) in by_layer.items():
        if measured.has_moved:
            updates[owner] = (moved / weight) ** 0.5 if weight > 0 else None
        else:
            updates.setdefault(owner, None)
