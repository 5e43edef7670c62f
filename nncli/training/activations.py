"""How activations are while a network learns: a look at the same rows every so many steps.

Which steps these are follows from their numbers alone. A look is a forward of a few batches without
gradients, as long as a few steps, after steps 10 and 50 and then at most one in two hundred steps: in all but
the shortest runs it takes less than a hundredth of the time. It changes nothing that a step reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

import torch
from torch import Tensor

from nncli.training.compiling import as_written
from nncli.training.counters import Counter, counting
from nncli.training.job import TrainJob
from nncli.training.recovery import Buffers
from nncli.training.state import TrainState
from nncli.training.stepping import Moment, seed_draws

_FIRST: Final = (10, 50)
_SPACE: Final = 200
_DENSE: Final = 100
"""After this many spaces between two looks the space doubles, as that of statistics does."""
# As many rows as tell a dead unit, in few batches that are no larger than those of a step.
_ROWS: Final = 64
_MOST_BATCHES: Final = 4
_MOST_IN_BATCH: Final = 256
_PLACE: Final = 1 << 20
"""What a look draws by chance is drawn at a place of the step that no update has."""


def is_look_due(job: TrainJob, step: int) -> bool:
    """Tells whether a look follows a step whose statistics are taken."""
    if step in _FIRST:
        return True
    # Of small batches several are looked at, so less often.
    space = _SPACE * len(_batches(job))
    while step > _DENSE * space:
        space *= 2
    return step % space == 0


def look(job: TrainJob, state: TrainState) -> Mapping[str, Counter]:
    """Counts the outputs of every layer on some rows of the training part; of several networks the names of
    layers have that of their network before them.

    Weights, buffers and random generators stay as they are. What is drawn by chance follows from the seed and
    the step alone.
    """
    moment = Moment(job.training.seed, state.step, state.epoch)
    counters: dict[str, Counter] = {}
    with ExitStack() as held:
        held.enter_context(torch.random.fork_rng(devices=[job.device] if job.device.type == "cuda" else []))
        held.enter_context(as_written(state.networks.values()))
        for name, module in state.networks.items():
            start = f"{name}." if len(job.networks) > 1 else ""
            found = held.enter_context(counting(job.networks[name].layers, module))
            counters |= {start + layer: counter for layer, counter in found.items()}
        held.callback(Buffers(state.networks.values()).put_back)
        seed_draws(moment, _PLACE, job.device)
        for update in job.updates:
            for rows in _rows(job):
                with torch.set_grad_enabled(update.has_gradients):
                    update.losses(job.train, rows, None, moment)
    return {name: counter for name, counter in counters.items() if counter.rows}


def _batches(job: TrainJob) -> range:
    size = _size(job)
    return range(max(1, min(_MOST_BATCHES, _ROWS // size, job.train.rows // size)))


def _size(job: TrainJob) -> int:
    return min(job.training.batch_size, _MOST_IN_BATCH, job.train.rows)


def _rows(job: TrainJob) -> list[Tensor]:
    """Gives rows evenly over the part, the same in every look, in batches of one size."""
    size, batches = _size(job), _batches(job)
    count = size * len(batches)
    rows = torch.arange(count, device=job.device) * (job.train.rows // count)
    return [rows[first : first + size] for first in range(0, count, size)]
