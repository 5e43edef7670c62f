"""What a training run says at its start and end: to a person on stderr, to a script on stdout."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, final

from nncli.errors import Exit
from nncli.preparing import Prepared
from nncli.terminal.figures import count, duration, short
from nncli.terminal.progress import TrainingDisplay
from nncli.terminal.streams import Streams
from nncli.terminal.tables import plain_table
from nncli.training.job import TrainJob
from nncli.training.rows import DoneRow, EpochRow, Row, StoppedRow
from nncli.training.state import TrainState


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
        self._start_epoch = 0
        self._best: EpochRow | None = None

    def starts(self, run: Path, step: int, state: TrainState) -> None:
        """Says what is trained, where and from which step."""
        self._run = run
        self._start_epoch = state.epoch
        spec, job = self._prepared.spec, self._job
        rows = count(job.train.rows)
        held_out = f", {count(job.validation.rows)} to validate" if job.validation else ""
        size = count(self._prepared.network.parameters())
        self._streams.say(f"{spec.name}: {size} parameters, {rows} rows to train on{held_out}, on {job.device}")
        self._streams.say(f"run {run}")
        if step:
            self._streams.say(f"continuing at step {count(step)} of {count(job.total_steps())}")

    def display(self) -> TrainingDisplay:
        """Makes the display of this run's rows."""
        epochs = self._job.total_epochs()
        return TrainingDisplay(self._streams, epochs, self._job.batches(), self._start_epoch)

    def take(self, row: Row) -> None:
        """Notes an epoch, and writes it for scripts."""
        if not isinstance(row, EpochRow):
            return
        self._samples = row.samples
        if row.improved or self._job.watch is None:
            self._best = row
        if self._json:
            document: dict[str, Any] = {"version": 1, "kind": "epoch", "epoch": row.epoch, "step": row.step}
            document["train"] = _finite(row.train)
            if row.validation is not None:
                document["validation"] = _finite(row.validation)
            self._streams.document({**document, "seconds": round(row.seconds, 6)})

    def ends(self, row: DoneRow | StoppedRow) -> int:
        """Says how the run ended and what to type next; returns the exit code."""
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
        self._show_end(row, seconds)
        return Exit.DONE

    def _interrupted(self, row: StoppedRow) -> int:
        if self._json:
            self._streams.document(
                {"version": 1, "kind": "interrupted", "run": str(self._run), "step": row.step}
            )
        self._streams.say(f"interrupted and saved at step {count(row.step)} of {count(self._job.total_steps())}")
        self._streams.say("the same command with --resume goes on")
        return Exit.INTERRUPTED

    def _show_end(self, row: DoneRow, seconds: float) -> None:
        if self._streams.quiet:
            return
        why = f"stopped early after epoch {row.epochs}" if row.reason == "stop_early" else f"{row.epochs} epochs"
        table = plain_table()
        table.add_column("")
        table.add_column("", justify="right")
        table.add_row("trained", f"{why}, {count(row.steps)} steps in {duration(seconds)}")
        if row.best:
            table.add_row("best", f"epoch {row.best.epoch}, {row.best.watch} {short(row.best.value)}")
        if self._best is not None:
            for part, figures in (("train", self._best.train), ("validation", self._best.validation or {})):
                for name, value in figures.items():
                    table.add_row(f"{part}.{name}", short(value))
        table.show_header = False
        table.columns[1].justify = "left"
        self._streams.err.print(table)
        self._streams.say(f"next: nncli evaluate {_quoted(self._run)}")


def _quoted(path: Path) -> str:
    text = str(path)
    return f"'{text}'" if " " in text else text


def _finite(figures: Any) -> dict[str, float | None]:
    return {name: value if value is not None and abs(value) < float("inf") else None
            for name, value in figures.items()}  # fmt: skip
