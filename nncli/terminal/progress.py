"""Rows of training on the screen: a live display on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from nncli.terminal.figures import count, duration, short
from nncli.terminal.streams import Streams
from nncli.training.rows import EpochRow, Figures, ProgressRow, RewoundRow, Row

_STAR: Final = "  *"
WINDOW_SECONDS: Final = 20.0
# A terminal writes ^C behind the last bar. In a full line that begins another one, and since the bars
# are wiped by counting lines up from the cursor, one of them would stay.
ECHO_CELLS: Final = 4


@final
class Pace:
    """How fast training goes in this process: what lies between two rows, over the time between them.

    The wait for the first row and for the first epoch's end is left out, since libraries load there;
    what is older counts for less, since other programs come and go.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[float, int, int] | None = None
        self._seen_epoch = False
        self._seconds, self._samples, self._steps = 0.0, 0.0, 0.0

    def take(self, row: ProgressRow | EpochRow) -> None:
        """Notes a row as it comes."""
        now = self._clock()
        loading = isinstance(row, EpochRow) and not self._seen_epoch
        if self._last is not None and not loading:
            then, samples, step = self._last
            self._seconds += now - then
            self._samples += row.samples - samples
            self._steps += row.step - step
        if self._seconds > WINDOW_SECONDS:
            self._seconds, self._samples, self._steps = self._seconds / 2, self._samples / 2, self._steps / 2
        self._seen_epoch = self._seen_epoch or isinstance(row, EpochRow)
        self._last = (now, row.samples, row.step)

    def text(self, steps_left: int) -> str:
        """Writes `1,234 samples/s  42 s left`; nothing while neither is known."""
        if not self._samples or not self._steps or self._seconds <= 0:
            return ""
        rate = f"{count(self._samples / self._seconds)} samples/s"
        left = duration(steps_left * self._seconds / self._steps)
        return f"{rate}  {left} left" if steps_left > 0 else rate


@final
class TrainingDisplay:
    """Shows rows while a `with` block runs; everything goes to stderr.

    `epochs` and `steps` are those of the whole run, None where the clock ends it, `batches` those of one
    epoch; `start_step` is where this process goes on.
    """

    def __init__(
        self, streams: Streams, epochs: int | None, steps: int | None, batches: int, start_step: int = 0
    ) -> None:
        self._streams = streams
        self._steps = steps
        self._epochs = epochs
        self._batches = batches
        self._start_step = start_step
        self._pace = Pace()
        self._live: Progress | None = None
        self._tasks: tuple[TaskID, TaskID] | None = None
        if streams.live and not streams.quiet:
            self._live = _progress(streams)

    def __enter__(self) -> TrainingDisplay:
        if self._live is not None:
            self._tasks = (
                self._live.add_task("epoch", total=self._batches, figures=""),
                self._live.add_task("total", total=self._steps, completed=self._start_step, figures=""),
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
            self._pace.take(row)
            self._show_progress(row)
        elif isinstance(row, EpochRow):
            self._pace.take(row)
            self._show_epoch(row)
        elif isinstance(row, RewoundRow):
            self._show_line(rewound_line(row))

    def _show_progress(self, row: ProgressRow) -> None:
        if self._live is None or self._tasks is None:
            return
        epoch, total = self._tasks
        loss = "" if row.loss is None else f"loss {short(row.loss)}"
        title = f"epoch {row.epoch}/{self._epochs}" if self._epochs else f"epoch {row.epoch}"
        self._live.update(epoch, completed=row.batch, description=title, figures=loss)
        self._live.update(total, completed=row.step, figures=self._pace.text(self._left(row.step)))

    def _show_line(self, line: str) -> None:
        if self._live is None:
            self._streams.say(line)
        else:
            self._live.console.print(line)

    def _left(self, step: int) -> int:
        return self._steps - step if self._steps is not None else 0

    def _show_epoch(self, row: EpochRow) -> None:
        err = self._streams.err
        line = epoch_line(row, self._epochs, err.width if err.is_terminal else None)
        pace = self._pace.text(self._left(row.step))
        if self._live is None or self._tasks is None:
            whole = f"{line}  {pace}" if pace else line
            # A terminal would break it in the middle of a number.
            self._streams.say(line if err.is_terminal and len(whole) > err.width else whole)
            return
        epoch, total = self._tasks
        self._live.console.print(line, style="bold" if row.improved else None)
        self._live.update(epoch, completed=0)
        self._live.update(total, completed=row.step, figures=pace)


@final
class _Bars(Progress):
    """Bars over the width of the terminal, but for the cells to which it may echo a key."""

    def get_renderable(self) -> RenderableType:
        """Makes what is drawn."""
        return _Narrower(super().get_renderable())


@final
class _Narrower:
    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._inner, options.update_width(max(1, options.max_width - ECHO_CELLS)))


def _progress(streams: Streams) -> Progress:
    return _Bars(
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True)),
        console=streams.err,
        expand=True,
        transient=True,
    )


def rewound_line(row: RewoundRow) -> str:
    """Writes for people that a run went back."""
    where = f"step {count(row.from_step)} was not finite: back to step {count(row.step)}"
    return f"{where}, with a learning rate of {row.learning_rate:.3g}"


def epoch_line(row: EpochRow, epochs: int | None, width: int | None = None) -> str:
    """Writes an epoch for people: `epoch  3/20  train loss 0.1234  validation loss 0.2 accuracy 0.95 *`.

    A star marks the best weights so far. A line that is wider than `width` leaves out the word loss, then the
    learning rate, then metrics from the last one on.
    """
    most = len(row.validation or row.train)
    lines = [_epoch_line(row, epochs, _Shown()), _epoch_line(row, epochs, _Shown(says_loss=False))]
    lines += [
        _epoch_line(row, epochs, _Shown(says_loss=False, has_rate=False, figures=figures))
        for figures in range(most, 0, -1)
    ]
    # Lines with a star and without it show the same.
    star = "" if row.improved else _STAR
    return next((line for line in lines if width is None or cell_len(line + star) <= width), lines[-1])


@dataclass(frozen=True)
class _Shown:
    """What of an epoch is shown; of the figures of each part only so many, or all."""

    says_loss: bool = True
    has_rate: bool = True
    figures: int | None = None


def _epoch_line(row: EpochRow, epochs: int | None, shown: _Shown) -> str:
    number = f"{row.epoch:>{len(str(epochs))}}/{epochs}" if epochs else f"{row.epoch}"
    parts = [f"epoch {number}", f"train {_figures_text(row.train, shown)}"]
    if row.validation is not None:
        parts.append(f"validation {_figures_text(row.validation, shown)}")
    if row.learning_rates and shown.has_rate:
        # One word for each would crowd the line; the file has them all.
        parts.append(f"lr {next(iter(row.learning_rates.values())):.3g}")
    if row.skipped:
        parts.append(f"{row.skipped} skipped")
    return "  ".join(parts) + (_STAR if row.improved else "")


def _figures_text(figures: Figures, shown: _Shown) -> str:
    """Writes figures in a row: `loss 0.1234 accuracy 0.9500`."""
    words = [
        f"{name} {short(value)}" if shown.says_loss or name != "loss" else short(value)
        for name, value in figures.items()
    ]
    most = len(words) if shown.figures is None else shown.figures
    return " ".join([*words[:most], *(["…"] if most < len(words) else [])])
