"""Steps of a run done again: they have to give the recorded losses, bit for bit"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nncli.messages.catalogue import failure
from nncli.recording.recorder import TRACE
from nncli.runs.checkpoints import Checkpoint
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.state import TrainState


@dataclass(frozen=True)
class Replayed:
    """Steps that were done again; `reaches` tells that they end at a checkpoint, which they gave again."""

    first_step: int
    steps: int
    reaches: bool


@dataclass(frozen=True)
class Recording:
    """The losses that led to a checkpoint from the one before, which is None at the beginning of a run."""

    before: Checkpoint | None
    after: Checkpoint
    losses: tuple[float, ...]

    @property
    def first_step(self) -> int:
        """The step from which they were recorded."""
        return self.before.step if self.before else 0


def recordings(checkpoints: Sequence[Checkpoint]) -> list[Recording]:
    """Finds the stretches between checkpoints that can be done again, the newest first."""
    by_step: dict[int, Checkpoint | None] = {each.step: each for each in reversed(checkpoints)}
    by_step.setdefault(0, None)
    found = []
    for after in checkpoints:
        first, losses = after.state.get(TRACE), after.tensors.get(TRACE, {}).get("losses")
        if isinstance(first, int) and first in by_step and losses is not None and len(losses):
            found.append(Recording(by_step[first], after, tuple(losses.tolist())))
    return found


def replay(
    run: Path, checkpoints: Sequence[Checkpoint], steps: int, job: TrainJob, state: TrainState
) -> Replayed:
    """Does steps of a run again from a checkpoint, or from its beginning.

    `state` is that of a run that begins. Raises UsageError `replay-too-long` where fewer losses were
    recorded, and WeightsError `replay-differs` at the first step that gives others.
    """
    each_step = sum(update.repeat for update in job.updates)
    found = recordings(checkpoints)
    longest = max((len(each.losses) // each_step for each in found), default=0)
    if steps > longest:
        raise failure("replay-too-long", run=run, steps=steps, longest=longest or "")
    chosen = next(each for each in found if len(each.losses) >= steps * each_step)
    if chosen.before is not None:
        state.restore(chosen.before.tensors, chosen.before.state)
    last = chosen.first_step + steps
    for _ in train(job, state, lambda: state.step >= last):
        pass
    _compare(run, chosen, state.trace.losses, steps * each_step, each_step)
    reaches = chosen.after.step == last
    groups = ("networks",) if _begins_phase(chosen.after, state) else ("networks", "updaters")
    if reaches and (name := _first_other(chosen.after.tensors, state, groups)):
        raise failure("replay-differs", run=run, step=last, what=name, first=chosen.first_step)
    return Replayed(chosen.first_step, steps, reaches)


def _compare(run: Path, chosen: Recording, again: Sequence[float], count: int, each_step: int) -> None:
    for place in range(count):
        old, new = chosen.losses[place], again[place]
        if struct.pack("d", old) != struct.pack("d", new):
            what = f"a loss of {new!r}, recorded as {old!r}"
            step = chosen.first_step + place // each_step + 1
            raise failure("replay-differs", run=run, step=step, what=what, first=chosen.first_step)


def _begins_phase(checkpoint: Checkpoint, state: TrainState) -> bool:
    """Tells whether a checkpoint has new updaters, which the steps before it never saw."""
    epoch = checkpoint.state.get("epoch")
    return state.phases is not None and isinstance(epoch, int) and state.phases.at(epoch) != state.phase


def _first_other(
    recorded: Mapping[str, Mapping[str, Tensor]], state: TrainState, groups: Sequence[str]
) -> str:
    """Names the first weight or value of an optimiser that is not bit for bit as recorded."""
    again = state.tensors()
    for group in groups:
        for name, tensor in again[group].items():
            old = recorded.get(group, {}).get(name)
            if old is None or not _same_bits(old, tensor.cpu()):
                return f"another {name}"
    return ""


def _same_bits(one: Tensor, other: Tensor) -> bool:
    """Compares bytes, since a number that is no number equals nothing."""
    pair = [each.contiguous().reshape(-1).view(torch.uint8) for each in (one, other)]
    return torch.equal(pair[0], pair[1])
