"""A part on its device: the batches that a network takes of it, and what its outputs are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Final, final

import torch
from torch import Tensor

from nncli.columns.clips import Clips
from nncli.columns.encoders import Columns
from nncli.columns.images import ImageFinish
from nncli.columns.stored import Dense, Finish, Ragged, Stored, Taken, TargetFinish, Windows
from nncli.columns.targets import class_targets
from nncli.data.dataset import Part
from nncli.draws import Draw
from nncli.objectives.objectives import Objective, Truth, on_device
from nncli.training.ahead import Ahead, pays

MOST_HELD_BYTES: Final = 256 * 2**20
"""Columns up to this size are copied to the device as a whole; of larger ones each batch is."""
_FINISHED_BYTES: Final = 4
_MASK: Final = ".mask"
_IN_MEMORY: Final = (Dense, Ragged, Windows, Clips)


@final
class HeldColumn:
    """One column of a part, held on the device as a whole where it is small enough."""

    def __init__(
        self, stored: Stored, index: Tensor, finish: Finish | TargetFinish | None, device: torch.device
    ) -> None:
        self._stored = stored
        self._index = index
        self._device = device
        self._finish = finish
        self._whole: Taken | None = None
        self._found_ahead: Callable[[Tensor], Taken | None] | None = None
        row_bytes = stored.row_bytes
        if row_bytes is not None and row_bytes * len(index) <= MOST_HELD_BYTES:
            taken = stored.take(index)
            mask = None if taken.mask is None else on_device(taken.mask, device)
            values = on_device(_widened(taken.values, finish), device)
            # Pixels that are kept as bytes take four times as much when they are finished.
            is_small = values.numel() * _FINISHED_BYTES <= MOST_HELD_BYTES
            if finish is not None and not finish.is_drawn and is_small:
                self._whole, self._finish = _finished(finish, Taken(values, mask), None), None
            else:
                self._whole = Taken(values, mask)

    @property
    def whole(self) -> Taken | None:
        """All rows on the device, where they are held there."""
        return self._whole

    @property
    def is_ready(self) -> bool:
        """Tells whether a batch is nothing but some rows of `whole`."""
        return self._whole is not None and self._whole.mask is None and self._finish is None

    @property
    def is_drawn(self) -> bool:
        """Tells whether a batch that is trained on comes out different each time."""
        return self._finish is not None and self._finish.is_drawn

    @property
    def lengths(self) -> Tensor | None:
        """The steps of every sample, int64 (rows,); None where all have as many."""
        lengths = self._stored.lengths
        return None if lengths is None else lengths[self._index]

    def take(self, rows: Tensor, draw: Draw | None = None) -> Taken:
        """Takes samples by their number in the part, int64 (B,) on the device."""
        if self._whole is not None:
            mask = None if self._whole.mask is None else self._whole.mask.index_select(0, rows)
            values = self._whole.values.index_select(0, rows)
            return _finished(self._finish, Taken(values, mask), draw)
        taken = self._found_ahead(rows) if self._found_ahead else None
        return _finished(self._finish, taken or self.fetch(rows.to(self._index.device), draw), draw)

    def fetch(self, rows: Tensor, draw: Draw | None) -> Taken:
        """Copies samples that are not held to the device, by their number, int64 (B,) on the CPU."""
        taken = self._stored.take(self._index.index_select(0, rows), draw)
        mask = None if taken.mask is None else on_device(taken.mask, self._device)
        return Taken(on_device(_widened(taken.values, self._finish), self._device), mask)

    @property
    def is_worth_reading_ahead(self) -> bool:
        """Tells whether samples come from files, from more than is held, or go to a GPU."""
        if self._whole is not None:
            return False
        if self._device.type == "cuda":
            return True
        is_in_memory = isinstance(self._stored, _IN_MEMORY)
        return not is_in_memory or sum(t.nbytes for t in self._stored.tensors().values()) > MOST_HELD_BYTES

    def read_ahead(self, found: Callable[[Tensor], Taken | None]) -> None:
        """Looks from now on for samples that somebody fetched before they were taken."""
        self._found_ahead = found


@final
class HeldPart:
    """The samples of a part; `inputs` are the names that the network takes, in order.

    Without an objective there is nothing to compare with, but what targets hold can be taken.
    Raises DataError: `target-outside`.
    """

    def __init__(
        self,
        part: Part,
        inputs: Sequence[str],
        objective: Objective | None,
        device: torch.device,
        *,
        with_targets: bool = False,
    ) -> None:
        self.rows = part.rows
        self.device = device
        self._names = tuple(inputs)
        self._inputs = {
            name: HeldColumn(part.columns.inputs[name], part.index, part.columns.finishes.get(name), device)
            for name in dict.fromkeys(name.removesuffix(_MASK) for name in inputs)
        }
        self._ready = _ready(self._inputs, self._names)
        finishes = [part.columns.finishes.get(name) for name in self._inputs]
        mixings = [each.mixing for each in finishes if isinstance(each, ImageFinish)]
        # Where images are mixed, nothing else flows in: `check_mixing` saw to that.
        self._mixing = next((each for each in mixings if each is not None), None)
        self.is_drawn = self._mixing is not None or any(each.is_drawn for each in self._inputs.values())
        self._objective = objective
        self._targets = _targets(part.columns, part.index, device) if objective or with_targets else {}
        self._truth = self._prepared(part) if objective else None

    @property
    def lengths(self) -> Tensor | None:
        """The steps of every sample, int64 (rows,), where samples differ in length."""
        return next((each.lengths for each in self._inputs.values() if each.lengths is not None), None)

    def classes(self) -> Tensor:
        """The class of every sample, int64 (rows,), of the only target that has one for each."""
        assert self._objective is not None
        (name,) = class_targets(self._objective.targets)
        whole = self._targets[name].whole
        assert whole is not None
        return whole.values.cpu()

    def inputs(self, rows: Tensor, draw: Draw | None = None) -> list[Tensor]:
        """Takes what the network takes of some samples, int64 (B,) on the device."""
        if self._ready:
            return [tensor.index_select(0, rows) for tensor in self._ready]
        taken = {name: column.take(rows, draw) for name, column in self._inputs.items()}
        return [_named(taken, name) for name in self._names]

    def columns(self, names: Sequence[str], rows: Tensor, draw: Draw | None = None) -> list[Tensor]:
        """Takes columns of some samples, inputs and targets alike, by name or as `NAME.mask`."""
        wanted = dict.fromkeys(name.removesuffix(_MASK) for name in names)
        both = {**self._targets, **self._inputs}
        taken = {name: both[name].take(rows, draw) for name in wanted}
        return [_named(taken, name) for name in names]

    def truth(self, rows: Tensor, draw: Draw | None = None) -> Truth:
        """Takes what the outputs for some samples are compared with."""
        assert self._objective is not None
        if self._truth is not None:
            return self._truth.take(rows)
        return self._objective.arrange(self.targets(rows, draw))

    def batch(self, rows: Tensor, draw: Draw | None) -> tuple[list[Tensor], Truth]:
        """Takes what flows in and what outputs are compared with, mixed as the draw says."""
        inputs, truth = self.inputs(rows, draw), self.truth(rows, draw)
        if self._mixing is None or draw is None:
            return inputs, truth
        assert self._objective is not None
        (images,) = inputs
        mixed, shares = self._mixing(images, draw)
        return [mixed], self._objective.mixed(truth, shares)

    def targets(self, rows: Tensor, draw: Draw | None = None) -> dict[str, Taken]:
        """Takes the targets of some samples as the data have them, by name."""
        return {name: column.take(rows, draw) for name, column in self._targets.items()}

    def spoilt(self, rows: Tensor) -> Tensor:
        """Tells which of some samples have numbers in the data that are not finite, bool (B,)."""
        found = torch.zeros(len(rows), dtype=torch.bool, device=self.device)
        for column in (*self._inputs.values(), *self._targets.values()):
            taken = column.take(rows)
            if taken.values.is_floating_point():
                wrong = ~taken.values.isfinite()
                if taken.mask is not None and taken.mask.shape == wrong.shape:
                    wrong &= taken.mask
                found |= wrong.reshape(len(rows), -1).any(dim=1)
        return found

    @cached_property
    def ahead(self) -> Ahead | None:
        """What reads columns ahead that take long; None where none does, or no thread has time."""
        columns = {
            (kind, name): column
            for kind, named in (("input", self._inputs), ("target", self._targets))
            for name, column in named.items()
            if column.is_worth_reading_ahead
        }
        if not columns or not pays(self.device):
            return None
        found = Ahead({key: column.fetch for key, column in columns.items()}, self.device)
        for key, column in columns.items():
            column.read_ahead(partial(found.found, key))
        return found

    def draw(self, seed: int, epoch: int, rows: Tensor) -> Draw | None:
        """Says what random numbers are drawn for in a batch that is trained on; None where none are."""
        return Draw(seed, epoch, rows) if self.is_drawn else None

    def _prepared(self, part: Part) -> Truth | None:
        """Arranges the targets once where all are held; what no loss can compare is refused here."""
        assert self._objective is not None
        wholes = {name: None if c.is_drawn else c.whole for name, c in self._targets.items()}
        held = {name: whole for name, whole in wholes.items() if whole is not None}
        self._objective.refuse_outside({name: whole.values for name, whole in held.items()}, part.name)
        return self._objective.arrange(held) if len(held) == len(wholes) else None


def _targets(columns: Columns, index: Tensor, device: torch.device) -> dict[str, HeldColumn]:
    return {
        name: HeldColumn(column, index, columns.target_finishes.get(name), device)
        for name, column in columns.targets.items()
    }


def _ready(columns: Mapping[str, HeldColumn], names: Sequence[str]) -> tuple[Tensor, ...]:
    """Lists the tensors whose rows are the batch, where that is all that is to be done."""
    if not all(column.is_ready for column in columns.values()) or any(n.endswith(_MASK) for n in names):
        return ()
    wholes = [columns[name].whole for name in names]
    return tuple(whole.values for whole in wholes if whole is not None)


def _named(taken: Mapping[str, Taken], name: str) -> Tensor:
    """Finds `tokens` or `tokens.mask`."""
    if not name.endswith(_MASK):
        return taken[name].values
    found = taken[name.removesuffix(_MASK)]
    mask = found.mask
    if mask is None:
        return torch.ones(found.values.shape[:2], dtype=torch.bool, device=found.values.device)
    # One truth a row is that of its only step.
    return mask.unsqueeze(1) if mask.ndim == 1 else mask


def _finished(finish: Finish | TargetFinish | None, taken: Taken, draw: Draw | None) -> Taken:
    if finish is None:
        return taken
    found = finish(taken.values, draw)
    return found if isinstance(found, Taken) else Taken(found, taken.mask)


def _widened(values: Tensor, finish: Finish | TargetFinish | None) -> Tensor:
    """Makes indices int64, as torch takes them: they may be stored in fewer bytes."""
    is_index = not values.is_floating_point() and values.dtype != torch.bool
    return values.long() if is_index and finish is None else values
