"""`nncli bench`: how quick steps are, where their time goes, and what limits them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from nncli.commands.batch_sizes import with_batch_size
from nncli.commands.choosing_kernels import choose, is_thread_count_open
from nncli.commands.resuming import RunPlace
from nncli.counted import counted
from nncli.device import resolve_device, set_threads
from nncli.errors import Exit
from nncli.network.graph.sizing import most_used_bytes
from nncli.network.summary.summary import Wanted, summarise
from nncli.preparing.own_code import load_code
from nncli.preparing.prepared import Prepared, missing_sections, prepare
from nncli.spec.opening import read_spec
from nncli.terminal.figures import count
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting
from nncli.training.choices import applied
from nncli.training.job import TrainJob
from nncli.training.timing import Limit, StepTimes, limit_of, peak_flops, time_step
from nncli.training.updating import kept_per_weight

_LIMITS: Final[Mapping[Limit, tuple[str, str]]] = {
    "arithmetic": ("arithmetic", "take smaller numbers, `precision: bf16`, or a quicker machine"),
    "data": (
        "data: taking and preparing rows takes long",
        "take smaller files, or fewer changes by `augment`",
    ),
    "optimizer": (
        "the optimiser: it goes through all weights in every step",
        "take a larger `batch_size`",
    ),
    "memory": (
        "memory: numbers are moved more than computed with",
        "take a larger `batch_size` or `precision: bf16`",
    ),
    "calls": (
        "calls: what is around the arithmetic of so small a step counts",
        "take a larger `batch_size`",
    ),
}
"""What limits a step, and what to do about it."""


@dataclass(frozen=True)
class BenchOptions:
    """What `nncli bench` was asked to do."""

    spec: Path
    set: tuple[str, ...] = ()
    json: bool = False
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Measured:
    """What was measured. `flops` and `peak_flops` are a second; `flops` None where they cannot be counted."""

    rows: int
    times: StepTimes
    flops: float | None
    peak_flops: float
    memory_bytes: int | None

    @property
    def share_of_peak(self) -> float | None:
        """The operations of a step beside those that this machine reaches."""
        return None if self.flops is None else self.flops / self.peak_flops


def bench(options: BenchOptions, streams: Streams) -> int:
    """Trains some steps that are thrown away, and says how quick they are and why not quicker."""
    spec, problems = read_spec(options.spec, options.set)
    problems += missing_sections(spec)
    device, code = resolve_device(options.device), load_code(options.code)
    set_threads(options.threads)
    with waiting(streams, "reading the data"):
        prepared = with_batch_size(
            spec, None, device, lambda each: prepare(each, problems, code=code), streams
        )
    job, state = prepared.job(device)
    with waiting(streams, "measuring steps"):
        place = RunPlace(None, spec.name)
        choices = choose(place, job, state, with_threads=is_thread_count_open(options.threads))
        with applied(choices, state.networks):
            found = _measure(prepared, job, time_step(job, state))
    if options.json:
        streams.document(_document(job, found))
    else:
        streams.data("\n".join(_lines(prepared, job, found)) + "\n")
    return Exit.DONE


def _measure(prepared: Prepared, job: TrainJob, times: StepTimes) -> Measured:
    rows = min(job.training.batch_size, job.train.rows)
    cost = None
    if job.judge is not None:
        wanted = Wanted(rows, kept_per_weight(job.training))
        cost = summarise(prepared.spec.name, prepared.network, wanted).cost
    flops = None if cost is None else cost.training_flops * rows / times.whole
    return Measured(
        rows, times, flops, peak_flops(job.training.precision, job.device), _memory_bytes(job.device)
    )


def _memory_bytes(device: torch.device) -> int | None:
    """Tells the most that this process, or the device, has held; None where the system does not say."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return most_used_bytes() or None


def _document(job: TrainJob, found: Measured) -> dict[str, Any]:
    times = found.times
    return {
        "version": 1,
        "kind": "bench",
        "device": str(job.device),
        "threads": torch.get_num_threads(),
        "batch_size": found.rows,
        "samples_per_second": found.rows / times.whole,
        "seconds": {"step": times.whole, **{name: getattr(times, name) for name in StepTimes.__slots__}},
        "memory_bytes": found.memory_bytes,
        "flops": found.flops,
        "peak_flops": found.peak_flops,
        "limit": limit_of(times, found.share_of_peak),
    }


def _lines(prepared: Prepared, job: TrainJob, found: Measured) -> Iterator[str]:
    times = found.times
    threads = f", {counted(torch.get_num_threads(), 'thread')}" if job.device.type == "cpu" else ""
    yield f"{prepared.spec.name}: batches of {found.rows} on {job.device}{threads}"
    yield f"  samples/s   {count(round(found.rows / times.whole))}"
    yield f"  step        {times.whole * 1e3:.3f} ms"
    for name, shown in (("data", "data"), ("forward", "forward"), ("backward", "backward")):
        yield _part(shown, getattr(times, name), times.whole)
    yield _part("optimiser", times.optimizer, times.whole)
    if found.memory_bytes is not None:
        yield f"  memory      {found.memory_bytes / 2**20:.0f} MiB at its peak, of all of nncli"
    peak = f"{found.peak_flops / 1e9:,.0f} GFLOP/s of a product of matrices here"
    if found.flops is None or found.share_of_peak is None:
        yield f"  arithmetic  not counted; {peak}"
    else:
        yield f"  arithmetic  {found.flops / 1e9:,.1f} GFLOP/s, {found.share_of_peak:.0%} of {peak}"
    limit, advice = _LIMITS[limit_of(times, found.share_of_peak)]
    yield f"  limit       {limit}"
    yield f"  hint        {advice}"


def _part(name: str, seconds: float, whole: float) -> str:
    return f"    {name:<9} {seconds * 1e3:.3f} ms  {seconds / whole:4.0%}"
