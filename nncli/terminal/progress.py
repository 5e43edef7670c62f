"""Rows of training on the screen: a live display on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import final

from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from nncli.terminal.figures import count, duration, short
from nncli.terminal.streams import Streams
from nncli.training.rows import EpochRow, Figures, ProgressRow, Row


@final
class TrainingDisplay:
    """Shows rows while a `with` block runs; everything goes to stderr.

    `epochs` is the total, where it is known; `batches` those of one epoch.
    """

    def __init__(self, streams: Streams, epochs: int, batches: int, start_epoch: int = 0) -> None:
        self._streams = streams
        self._epochs = epochs
        self._batches = batches
        self._start = time.monotonic()
        self._start_epoch = start_epoch
        self._figures = ""
        self._live: Progress | None = None
        self._tasks: tuple[TaskID, TaskID] | None = None
        if streams.live and not streams.quiet:
            self._live = _progress(streams)

    def __enter__(self) -> TrainingDisplay:
        if self._live is not None:
            total = self._epochs * self._batches
            done = self._start_epoch * self._batches
            self._tasks = (
                self._live.add_task("epoch", total=self._batches, figures=""),
                self._live.add_task("total", total=total, completed=done, figures=""),
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Leaves the terminal as it was, with what was shown last."""
        if self._live is not None:
            self._live.stop()

    def take(self, row: Row) -> None:
        """Shows one row."""
        if isinstance(row, ProgressRow):
            self._show_progress(row)
        elif isinstance(row, EpochRow):
            self._show_epoch(row)

    def _show_progress(self, row: ProgressRow) -> None:
        if self._live is None or self._tasks is None:
            return
        epoch, total = self._tasks
        done = (row.epoch - 1) * self._batches + row.batch
        loss = "" if row.loss is None else f"loss {short(row.loss)}"
        self._live.update(
            epoch, completed=row.batch, description=f"epoch {row.epoch}/{self._epochs}", figures=loss
        )
        pace = f"{count(self._rate(row.samples))} samples/s, {duration(self._left(done))} left"
        self._live.update(total, completed=done, figures=pace)

    def _show_epoch(self, row: EpochRow) -> None:
        line = epoch_line(row, self._epochs)
        if self._live is not None and self._tasks is not None:
            epoch, total = self._tasks
            style = "bold" if row.improved else None
            self._live.console.print(line, style=style, markup=False, highlight=False)
            self._live.update(epoch, completed=0)
            self._live.update(total, completed=row.epoch * self._batches)
            return
        left = duration(self._left(row.epoch * self._batches))
        pace = f"{count(self._rate(row.samples))} samples/s"
        self._streams.say(f"{line}  {pace}  {left} left")

    def _rate(self, samples: int) -> float:
        return samples / max(time.monotonic() - self._start, 1e-9)

    def _left(self, done: int) -> float:
        began = self._start_epoch * self._batches
        if done <= began:
            return 0.0
        pace = (time.monotonic() - self._start) / (done - began)
        return pace * max(self._epochs * self._batches - done, 0)


def _progress(streams: Streams) -> Progress:
    return Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True)),
        console=streams.err,
        expand=True,
        transient=True,
    )


def epoch_line(row: EpochRow, epochs: int) -> str:
    """Writes an epoch for people: `epoch  3/20  train loss 0.1234  validation loss 0.2 accuracy 0.95 *`.

    A star marks the best weights so far.
    """
    width = len(str(epochs))
    parts = [f"epoch {row.epoch:>{width}}/{epochs}", f"train {figures_text(row.train)}"]
    if row.validation is not None:
        parts.append(f"validation {figures_text(row.validation)}")
    return "  ".join(parts) + ("  *" if row.improved else "")


def figures_text(figures: Figures) -> str:
    """Writes figures in a row: `loss 0.1234 accuracy 0.9500`."""
    return " ".join(f"{name} {short(value)}" for name, value in figures.items())
