"""`nncli train`: the story of a training run, from a spec to a run folder."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import torch

from nncli.collecting import collect_often
from nncli.commands import resuming
from nncli.commands.batch_sizes import with_batch_size
from nncli.commands.choosing_kernels import choose, is_thread_count_open
from nncli.commands.extending import lengthened
from nncli.device import resolve_device, set_threads
from nncli.diagnosis.findings import Finding
from nncli.errors import DivergedError, Exit, Problem
from nncli.messages.catalogue import failure, message_of
from nncli.models.described import describe_trained
from nncli.preparing.own_code import load_code
from nncli.preparing.prepared import Prepared, missing_sections, prepare
from nncli.recording.recorder import Recorder, Saving
from nncli.runs.signals import StopSignal
from nncli.spec.opening import read_spec
from nncli.spec.spec import Spec
from nncli.terminal.door import known_failure
from nncli.terminal.exhausted import CODE, exhausted
from nncli.terminal.outcome import TrainingReport
from nncli.terminal.problems import show_problem
from nncli.terminal.progress import TrainingDisplay
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting
from nncli.training.choices import applied
from nncli.training.divergence import refuse_non_finite_weights
from nncli.training.job import TrainJob
from nncli.training.loop import train as train_loop
from nncli.training.rows import DoneRow, Row, StoppedRow
from nncli.training.state import TrainState

_FOLD: Final = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")


@dataclass(frozen=True)
class TrainOptions:
    """What `nncli train` was asked to do."""

    spec: Path
    run: Path | None = None
    set: tuple[str, ...] = ()
    seed: int | None = None
    epochs: int | None = None
    fold: str | None = None
    resume: bool = False
    dry_run: bool = False
    overfit_batch: bool = False
    json: bool = False
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()

    def overrides(self) -> tuple[str, ...]:
        """Lists `--set` values, with `--seed`, `--epochs` and `--fold` among them. Raises `fold-form`."""
        own: dict[str, int | str | None] = {"training.seed": self.seed, "training.epochs": self.epochs}
        if self.fold is not None:
            which = _FOLD.fullmatch(self.fold)
            if which is None or not 1 <= int(which[1]) <= int(which[2]) or int(which[2]) < 2:
                raise failure("fold-form", received=self.fold)
            own |= {"data.split.folds": which[2], "data.split.fold": which[1]}
        return (*self.set, *(f"{path}={value}" for path, value in own.items() if value is not None))


def train(options: TrainOptions, streams: Streams) -> int:
    """Trains a network into a run folder; returns DONE, or INTERRUPTED after a signal."""
    try:
        return _train(options, streams)
    except KeyboardInterrupt:
        # It came before training could save; the same command begins where this one did.
        if options.json:
            run = str(options.run) if options.run else None
            streams.document({"version": 1, "kind": "interrupted", "run": run, "step": 0})
        streams.say("interrupted before anything was trained")
        streams.say("the same command goes on")
        return Exit.INTERRUPTED
    except Exception as error:
        known = known_failure(error)
        if options.json and known:
            message = "; ".join(message_of(problem) for problem in known.problems)
            row = {"version": 1, "kind": "failed", "exit": int(known.exit_code), "message": message}
            streams.document(row)
        raise


def _train(options: TrainOptions, streams: Streams) -> int:
    options, spec, problems, place = _placed(options)
    code = load_code(options.code)
    if not problems and place.is_done(spec, options.overrides(), code):
        streams.say(f"{place.path} is done; nothing to do")
        if options.json and place.path:
            streams.document(resuming.finished_row(place.path))
        return Exit.DONE
    device = resolve_device(place.device_for(options.device))
    set_threads(place.threads_for(options.threads))
    with waiting(streams, "reading the data"):
        recorded = place.recorded.batch_size if place.recorded else None
        prepared = with_batch_size(
            spec, recorded, device, lambda each: prepare(each, problems, code=code), streams
        )
    for warning in prepared.warnings:
        show_problem(streams, warning)
    job, state = prepared.job(device)
    if options.dry_run or options.overfit_batch:
        return _trial(options, prepared, job, state, streams)
    choices = choose(place, job, state, with_threads=is_thread_count_open(options.threads))
    if choices.compiled:
        streams.say("the network goes through torch.compile; the first steps take long")
    facts = resuming.RunFacts(options.overrides(), str(device), torch.get_num_threads(), choices)
    report = TrainingReport(streams, prepared, job, json=options.json)
    with ExitStack() as held:
        stop = held.enter_context(StopSignal(streams.restore_terminal))
        held.enter_context(applied(choices, state.networks))
        run = place.open(prepared, facts, held, streams)
        refuse = partial(refuse_non_finite_weights, job, state)
        saving = Saving(job.training.checkpoint_every, job.training.keep, refuse)
        recorder = Recorder(run, state, describe_trained(prepared), saving)
        step = resuming.restore(place, recorder, streams)
        if place.lengthened:
            last = job.training.in_phases()[-1]
            where = ", in its last phase" if job.training.phases else ""
            moves = "; the schedule goes on where it stands" if last.schedule else ""
            streams.say(f"the run is made longer, from {place.lengthened}{where}{moves}")
        report.starts(run.path, step)
        display = held.enter_context(report.display())
        collect_often()
        rows = _with_places(train_loop(job, state, lambda: stop.requested is not None), spec)
        found = partial(_found, prepared, job, state, run.path, streams)
        with _told(job):
            return _follow(rows, recorder, report, display, found)


def _with_places(rows: Iterator[Row], spec: Spec) -> Iterator[Row]:
    """Hands rows on; what is not finite names rows of the data by file and line."""
    try:
        yield from rows
    except DivergedError as error:
        from nncli.recording.spoilt_rows import with_places

        raise with_places(error, spec) from error


def _placed(options: TrainOptions) -> tuple[TrainOptions, Spec, list[Problem], resuming.RunPlace]:
    """Reads the spec and chooses the run; one that is gone on with has the seed that it was begun with."""
    spec, problems = read_spec(options.spec, options.overrides())
    place = resuming.choose_run(options.run, options.resume, spec.name)
    seed = place.seed_for(options.seed, options.overrides())
    if seed != options.seed:
        options = replace(options, seed=seed)
        spec, problems = read_spec(options.spec, options.overrides())
    place = lengthened(place, options.spec, spec, options.overrides())
    return options, spec, problems + missing_sections(spec), place


@contextmanager
def _told(job: TrainJob) -> Iterator[None]:
    """Adds to memory that ran out what only the whole of a run knows: a smaller batch."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        known = known_failure(error)
        if known is None or known.problems[0].code != CODE:
            raise
        raise exhausted(str(error), job.training.batch_size) from error


def _trial(
    options: TrainOptions, prepared: Prepared, job: TrainJob, state: TrainState, streams: Streams
) -> int:
    """Trains a few steps that are thrown away."""
    if options.dry_run:
        from nncli.commands.dry_run import dry_run

        return dry_run(prepared, job, state, streams)
    from nncli.commands.overfit_batch import overfit_batch

    return overfit_batch(prepared, job, streams, json=options.json)


def _found(
    prepared: Prepared, job: TrainJob, state: TrainState, run: Path, streams: Streams
) -> tuple[Finding, ...]:
    """Judges a run that is done, where anybody reads it."""
    if streams.quiet:
        return ()
    from nncli.doctor.after_training import findings_after

    # The run is done and saved: nothing that goes wrong in judging it makes it a failure, and a signal ends
    # the judging alone.
    try:
        with StopSignal(streams.restore_terminal, is_breaking=True) as stop:
            return () if stop.requested else findings_after(prepared, job, state, run)
    except KeyboardInterrupt:
        return ()
    except Exception:
        if streams.debug:
            traceback.print_exc()
        return ()


def _follow(
    rows: Iterator[Row],
    recorder: Recorder,
    report: TrainingReport,
    display: TrainingDisplay,
    find: Callable[[], tuple[Finding, ...]],
) -> int:
    """Writes and shows every row; the last one says how the run ended."""
    try:
        for row in rows:
            recorder.take(row)
            display.take(row)
            report.take(row)
            if isinstance(row, (DoneRow, StoppedRow)):
                display.stop()
                return report.ends(row, find() if isinstance(row, DoneRow) else ())
    except Exception as error:
        display.stop()
        recorder.fail(error)
        raise
    raise AssertionError("training ended without a last row")
