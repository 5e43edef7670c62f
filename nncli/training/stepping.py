"""The updates of a step, ready to run: what each takes of a batch, and which losses it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias, final

import torch
from torch import Tensor, nn

from nncli.draws import Draw, step_seed
from nncli.objectives.objectives import Objective
from nncli.objectives.updates import NUMBERS, CompiledUpdate
from nncli.objectives.walks import ROWS
from nncli.spec.updates import STEP
from nncli.training.held import HeldPart
from nncli.training.rows import Figures

# The first row of a batch in the order of the epoch, and the one after its last.
Bounds: TypeAlias = tuple[int, int]


@dataclass(slots=True)
class Moment:
    """Where in a run a batch is taken: steps and epochs that are complete."""

    seed: int
    step: int
    epoch: int


class Losses(Protocol):
    """What an update makes small, and of what it consists."""

    def __call__(self, part: HeldPart, rows: Tensor, draw: Draw | None, moment: Moment) -> tuple[Tensor, ...]:
        """Computes the loss of a batch, and behind it each term that has a name."""


class Measures(Protocol):
    """The metrics of an update, worked out from values of all batches of a part."""

    names: tuple[str, ...]

    def values(self, part: HeldPart, rows: Tensor, moment: Moment) -> tuple[Tensor, ...]:
        """Works out what the metrics compare in a batch."""

    def figures(self, gathered: Sequence[tuple[Tensor, ...]]) -> Figures:
        """Works out the metrics of all batches."""


@dataclass(frozen=True)
class Update:
    """One change of the weights of some networks within a step.

    `figures` names what `losses` gives, in order; the first is made small. It runs `repeat` times in a
    step. Where it `draws`, random numbers are pure functions of the seed, the step and the place.
    `has_gradients` tells that the loss itself holds gradients. `measures` are its metrics. `module` is the
    graph that `losses` runs.
    """

    name: str
    networks: tuple[str, ...]
    losses: Losses
    figures: tuple[str, ...] = ("loss",)
    repeat: int = 1
    draws: bool = False
    has_gradients: bool = False
    measures: Measures | None = None
    module: nn.Module | None = None


@final
class SupervisedLosses:
    """The loss between the outputs of a network and the targets of the data."""

    def __init__(self, module: nn.Module, objective: Objective) -> None:
        self._module = module
        self._objective = objective

    def __call__(self, part: HeldPart, rows: Tensor, draw: Draw | None, moment: Moment) -> tuple[Tensor, ...]:
        """Computes the loss of a batch."""
        inputs, truth = part.batch(rows, draw)
        # The forward itself: nobody hangs hooks on a whole network, and the way around them takes time.
        return (self._objective.loss(self._module.forward(*inputs), truth),)


@final
class Feeds:
    """What expressions of an update read: columns of a batch, step and epoch, and its rows."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._columns = [name for name in names if name not in (*NUMBERS, ROWS)]

    def take(self, part: HeldPart, rows: Tensor, draw: Draw | None, moment: Moment) -> list[Tensor]:
        """Takes them for some rows, in order."""
        columns = dict(zip(self._columns, part.columns(self._columns, rows, draw), strict=True))
        return [columns[n] if n in columns else _fed(n, rows, moment) for n in self._names]


@final
class ComputedLosses:
    """The loss of a compiled update."""

    def __init__(self, update: CompiledUpdate) -> None:
        self._module = update.module
        self._feeds = Feeds(update.feeds)

    def __call__(self, part: HeldPart, rows: Tensor, draw: Draw | None, moment: Moment) -> tuple[Tensor, ...]:
        """Computes the loss of a batch, and its terms that have a name."""
        losses: tuple[Tensor, ...] = self._module.forward(*self._feeds.take(part, rows, draw, moment))
        return losses


@final
class MixedLosses:
    """Losses that are worked out in 16 bits wherever torch's autocast takes them; weights stay float32."""

    def __init__(self, losses: Losses, device: torch.device, numbers: torch.dtype) -> None:
        self._losses = losses
        self._kind = device.type
        self._numbers = numbers

    def __call__(self, part: HeldPart, rows: Tensor, draw: Draw | None, moment: Moment) -> tuple[Tensor, ...]:
        """Computes the losses of a batch, in float32 at the end."""
        with torch.autocast(self._kind, self._numbers):
            losses = self._losses(part, rows, draw, moment)
        return tuple(loss.float() for loss in losses)


HALVES: Final[Mapping[str, torch.dtype]] = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""The precisions of 16 bits."""


def mixed(updates: Sequence[Update], device: torch.device, precision: str) -> tuple[Update, ...]:
    """Makes updates whose steps are worked out in 16 bits."""
    numbers = HALVES[precision]
    return tuple(replace(each, losses=MixedLosses(each.losses, device, numbers)) for each in updates)


def _fed(name: str, rows: Tensor, moment: Moment) -> Tensor:
    if name == ROWS:
        return torch.zeros(len(rows), device=rows.device)
    # Filled on the device: a number that is copied there is waited for.
    return torch.full((), float(moment.step if name == STEP else moment.epoch), device=rows.device)


def supervised(network: str, module: nn.Module, objective: Objective) -> tuple[Update, ...]:
    """Makes the one update of a network that is compared with targets."""
    return (Update(network, (network,), SupervisedLosses(module, objective), module=module),)


def computed(updates: Sequence[CompiledUpdate]) -> tuple[Update, ...]:
    """Makes the updates of a training that says them; of several, figures have their name before them."""
    found = []
    for each in updates:
        start = f"{each.name}." if len(updates) > 1 else ""
        figures = tuple(f"{start}{name}" for name in ("loss", *each.terms))
        losses = ComputedLosses(each)
        own = Update(each.name, each.networks, losses, figures, each.spec.repeat, module=each.module)
        found.append(replace(own, draws=each.draws, has_gradients=each.has_gradients))
    return tuple(found)


def batches_of_steps(bounds: Sequence[Bounds], updates: Sequence[Update]) -> list[tuple[Bounds, ...]]:
    """Groups the batches of an epoch by step: as many as the update that runs most often takes."""
    size = max(each.repeat for each in updates)
    return [tuple(bounds[first : first + size]) for first in range(0, len(bounds), size)]


def batches_of_update(update: Update, batches: Sequence[Bounds]) -> Sequence[Bounds]:
    """Lists the batches of an update within a step: the last ones; where they are too few, again."""
    last = batches[-update.repeat :]
    return last if len(last) == update.repeat else [last[n % len(last)] for n in range(update.repeat)]


def seed_draws(moment: Moment, place: int, device: torch.device) -> None:
    """Makes what is drawn next a pure function of the seed, the step and the place."""
    seed = step_seed(moment.seed, moment.step, place)
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def modules_together(modules: Mapping[str, nn.Module]) -> nn.Module:
    """Makes one module of those that an update changes: the only one itself."""
    if len(modules) == 1:
        return next(iter(modules.values()))
    whole = nn.Module()
    for name, module in modules.items():
        whole.add_module(name, module)
    return whole
