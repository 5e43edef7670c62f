"""How a run computes on this machine: as was recorded, as torch does by itself, or as was measured once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import torch

from nncli.cache_folder import find_entry, new_entry, remove_damaged
from nncli.commands.resuming import RunPlace
from nncli.runs.environment import cpu_name
from nncli.training.choices import Choices, recorded_choices
from nncli.training.job import TrainJob
from nncli.training.state import TrainState

KIND: Final = "choices"
"""The kind of entry of the cache."""
_VERSION: Final = 2
_FILE: Final = "choices.json"


def choose(place: RunPlace, job: TrainJob, state: TrainState, *, with_threads: bool) -> Choices:
    """Chooses kernels, layout and, where it was not given, the number of threads, which it sets.

    A run that is gone on with keeps what it was begun with, since that decides its bits. What is measured
    is kept in the cache. Raises WeightsError `run-damaged`.
    """
    if place.recorded is not None:
        return recorded_choices(place.environment or {}, place.path)
    is_fixed = job.training.choices == "fixed"
    choices = Choices() if is_fixed else _measured(job, state, place.name, with_threads=with_threads)
    # A compiler brings its own products.
    return replace(choices, linear={}, compiled=True) if _is_compiled(job, state) else choices


def _is_compiled(job: TrainJob, state: TrainState) -> bool:
    """Tells whether the network is compiled: as the spec says, or on CUDA where that pays for itself."""
    asked = job.training.compile
    if asked != "auto" or job.training.choices == "fixed" or job.device.type != "cuda":
        return asked == "on"
    from nncli.training.compiling import pays
    from nncli.training.measuring import seconds_of_step

    return pays(job.total_steps(), seconds_of_step(job, state))


def _measured(job: TrainJob, state: TrainState, name: str, *, with_threads: bool) -> Choices:
    key = _key(job, state, with_threads=with_threads)
    choices = _kept(key)
    if choices is None:
        from nncli.training.measuring import measure

        choices = measure(job, state, with_threads=with_threads)
        _keep(key, choices, name)
    if choices.threads is not None:
        torch.set_num_threads(choices.threads)
    return choices


def _key(job: TrainJob, state: TrainState, *, with_threads: bool) -> str:
    """Names what a measurement is of: a machine, a torch, and a network with its batches."""
    row = torch.zeros(1, dtype=torch.int64, device=job.device)
    machine = [cpu_name(), torch.backends.cpu.get_cpu_capability(), torch.__version__, str(job.device)]
    if job.device.type == "cuda":
        machine.append(torch.cuda.get_device_name(job.device))
    parts = [
        (name, type(part).__name__, [list(p.shape) for p in part.parameters(recurse=False)])
        for network in state.networks.values()
        for name, part in network.named_modules()
    ]
    inputs = [list(each.shape[1:]) for each in job.train.inputs(row)]
    how = [job.training.batch_size, job.training.precision, torch.get_num_threads(), with_threads]
    return hashlib.sha256(json.dumps([_VERSION, machine, parts, inputs, how]).encode()).hexdigest()


def _kept(key: str) -> Choices | None:
    folder = find_entry(KIND, key)
    if folder is None:
        return None
    with suppress(OSError, ValueError, RecursionError):
        return Choices.from_json(json.loads((folder / _FILE).read_bytes()))
    remove_damaged(KIND, key)
    return None


def _keep(key: str, choices: Choices, name: str) -> None:
    # Where nothing can be kept, it is measured again the next time.
    with suppress(OSError), new_entry(KIND, key, f"kernels of {name}") as entry:
        (entry / _FILE).write_text(json.dumps(choices.to_json()), encoding="utf-8")


def is_thread_count_open(asked: int | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Tells whether neither `--threads` nor `OMP_NUM_THREADS` says how many threads there are."""
    return asked is None and not environment.get("OMP_NUM_THREADS", "").strip()
