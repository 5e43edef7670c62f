"""What a training run says at its start and end: to a person on stderr, to a script on stdout."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, final

from nncli.counted import counted
from nncli.diagnosis.findings import Finding
from nncli.errors import Exit
from nncli.preparing.prepared import Prepared
from nncli.recording.recorder import epoch_figures
from nncli.runs.folder import RunFolder
from nncli.runs.listing import training_seconds
from nncli.runs.rows import read_rows
from nncli.terminal.figures import count, duration, short
from nncli.terminal.progress import TrainingDisplay
from nncli.terminal.streams import Streams
from nncli.terminal.tables import foreign_lines
from nncli.terminal.verdicts import show_finding
from nncli.training.job import TrainJob
from nncli.training.rows import DoneRow, EpochRow, Figures, RewoundRow, Row, StoppedRow


@final
class TrainingReport:
    """Follows the rows of one run; with `json`, stdout gets one document a row."""

    def __init__(self, streams: Streams, prepared: Prepared, job: TrainJob, *, json: bool) -> None:
        self._streams = streams
        self._prepared = prepared
        self._job = job
        self._json = json
        self._run = Path()
        self._began = time.monotonic()
        self._samples = 0
        self._start_step = 0
        self._best: EpochRow | None = None

    def starts(self, run: Path, step: int) -> None:
        """Says what is trained, where and from which step."""
        self._run = run
        self._start_step = step
        spec, job = self._prepared.spec, self._job
        rows = counted(job.train.rows, "row")
        held_out = f", {count(job.validation.rows)} to validate" if job.validation else ""
        networks = [self._prepared.networks[name] for name in job.networks]
        size = counted(sum(network.parameters() for network in networks), "parameter")
        where = f"on {job.device}"
        self._streams.say(f"{spec.name}: {size}, {rows} to train on{held_out}, {where}")
        self._streams.say(f"run {run}")
        if not step:
            for line in foreign_lines(self._prepared.foreign):
                self._streams.say(line)
        if step:
            self._streams.say(f"continuing at step {self._reached(step)}")

    def display(self) -> TrainingDisplay:
        """Makes the display of this run's rows."""
        job = self._job
        return TrainingDisplay(
            self._streams, job.total_epochs(), job.total_steps(), job.batches(), self._start_step
        )

    def take(self, row: Row) -> None:
        """Notes an epoch, and writes it for scripts."""
        if isinstance(row, RewoundRow) and self._json:
            self._streams.document({"version": 1, "kind": "rewound", **asdict(row)})
        if not isinstance(row, EpochRow):
            return
        self._samples = row.samples
        if row.improved or self._job.watch is None:
            self._best = row
        if self._json:
            self._streams.document({**epoch_figures(row), "seconds": round(row.seconds, 6)})

    def ends(self, row: DoneRow | StoppedRow, findings: Sequence[Finding] = ()) -> int:
        """Says how the run ended, what was found and what to type next; returns the exit code."""
        if isinstance(row, StoppedRow):
            return self._interrupted(row)
        seconds = time.monotonic() - self._began
        if self._json:
            best = asdict(row.best) if row.best else None
            self._streams.document(
                {
                    "version": 1,
                    "kind": "done",
                    "run": str(self._run),
                    "epochs": row.epochs,
                    "steps": row.steps,
                    "seconds": round(seconds, 3),
                    "samples_per_second": round(self._samples / max(seconds, 1e-9), 1),
                    "best": best,
                }
            )
        self._show_end(row, findings)
        return Exit.DONE

    def _reached(self, step: int) -> str:
        total = self._job.total_steps()
        return count(step) if total is None else f"{count(step)} of {count(total)}"

    def _interrupted(self, row: StoppedRow) -> int:
        if self._json:
            self._streams.document(
                {"version": 1, "kind": "interrupted", "run": str(self._run), "step": row.step}
            )
        self._streams.say(f"interrupted and saved at step {self._reached(row.step)}")
        self._streams.say("the same command with --resume goes on")
        return Exit.INTERRUPTED

    def _show_end(self, row: DoneRow, findings: Sequence[Finding]) -> None:
        if self._streams.quiet:
            return
        early = row.reason == "stop_early"
        why = f"stopped early after epoch {row.epochs}" if early else counted(row.epochs, "epoch")
        # That of all epochs, as `nncli runs` tells it, also where the run was resumed.
        seconds = training_seconds(read_rows(RunFolder(self._run).log))
        lines = {"trained": f"{why}, {counted(row.steps, 'step')} in {duration(seconds)} of training"}
        if row.best:
            lines["best"] = f"epoch {row.best.epoch}, {row.best.watch} {short(row.best.value)}"
        for part, figures in self._figures(row):
            lines |= {f"{part}.{name}": short(value) for name, value in figures.items()}
        width = max(map(len, lines))
        for name, text in lines.items():
            self._streams.say(f"{name:<{width}}  {text}")
        for finding in findings:
            show_finding(self._streams.err, finding)
        if findings:
            inspect = shlex.join(["nncli", "inspect-gradients", str(self._run), *self._code_options()])
            self._streams.say(f"hint: `{inspect}` says more, and what to write instead")
        self._streams.say(f"next: {self._next()}")

    def _next(self) -> str:
        makes = [name for name, reads in self._prepared.recipes.items() if not reads]
        if makes:
            chosen = ["--recipe", makes[0]] if len(makes) > 1 else []
            return shlex.join(["nncli", "generate", str(self._run), *chosen, *self._code_options()])
        words = ["nncli", "evaluate", str(self._run), *self._code_options()]
        return f"{shlex.join(words)}{self._split_option()}"

    def _figures(self, row: DoneRow) -> list[tuple[str, Figures]]:
        """Finds the figures of the epoch whose weights were kept, which may be from before a resume."""
        epoch = row.best.epoch if row.best else row.epochs if self._job.watch is None else None
        if self._best is not None and self._best.epoch == epoch:
            return [("train", self._best.train), ("validation", self._best.validation or {})]
        rows = read_rows(RunFolder(self._run).metrics)
        kept: dict[str, Any] = next((each for each in rows if each.get("epoch") == epoch), {})
        return [(part, kept.get(part) or {}) for part in ("train", "validation")]

    def _code_options(self) -> list[str]:
        used = self._prepared.code.used_by(self._prepared.networks.values())
        return [word for file in used for word in ("--code", str(file.path))]

    def _split_option(self) -> str:
        """Names the training part where no other has rows to evaluate on."""
        data = self._prepared.data
        return "" if data is None or len(data.parts) > 1 else " --split train"
