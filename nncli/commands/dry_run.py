"""`nncli train --dry-run`: a few steps, and what the whole run would take."""

from __future__ import annotations

from dataclasses import replace

from nncli.counted import counted
from nncli.errors import Exit
from nncli.network.graph.sizing import readable_bytes
from nncli.network.summary.summary import Wanted, summarise
from nncli.preparing.prepared import Prepared
from nncli.terminal.figures import duration
from nncli.terminal.streams import Streams
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from nncli.training.state import TrainState
from nncli.training.updating import kept_per_weight

STEPS = 5


def dry_run(prepared: Prepared, job: TrainJob, state: TrainState, streams: Streams) -> int:
    """Trains a few steps that are thrown away, and says what a run needs; writes nothing."""
    steps = job.total_steps()
    seconds = _seconds_per_step(job, state)
    wanted = Wanted(job.training.batch_size, kept_per_weight(job.training))
    cost = summarise(prepared.spec.name, prepared.network, wanted).cost
    memory = cost.training_bytes if cost is not None else 0
    assert prepared.data is not None
    held = prepared.data.size_bytes
    streams.say(f"{prepared.spec.name}: one batch went forward and backward on {job.device}")
    if steps is None:
        given = 60 * (job.training.minutes or 0)
        done = counted(round(given / seconds), "step")
        streams.say(f"  time    {duration(given)}, about {done}, fewer with evaluation")
    else:
        done = counted(steps, "step")
        streams.say(f"  time    about {duration(steps * seconds)} for {done}, without evaluation")
    streams.say(f"  memory  about {readable_bytes(memory + held)}, {readable_bytes(held)} of it data")
    streams.say("nothing was written")
    return Exit.DONE


def _seconds_per_step(job: TrainJob, state: TrainState) -> float:
    """Times steps after one that warms up."""
    seconds = 0.0
    for last in (1, 1 + STEPS):
        length = {"steps": last, "epochs": None, "minutes": None, "stop_early": None}
        training = job.training.model_copy(update=length)
        trial = replace(job, training=training, validation=None, watch=None)
        rows = [row for row in train(trial, state, lambda: False) if isinstance(row, EpochRow)]
        seconds = sum(row.seconds for row in rows)
    return seconds / STEPS
