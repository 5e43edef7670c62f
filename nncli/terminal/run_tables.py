"""Runs in a table, and runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nncli.errors import printable
from nncli.runs.comparing import Comparison, Difference
from nncli.runs.listing import ListedRun
from nncli.terminal.figures import count, duration, short
from nncli.terminal.streams import PIPE_WIDTH, Streams
from nncli.terminal.tables import plain_table

_STYLES: Final = {"done": "green", "training": "cyan", "failed": "red", "damaged": "red", "killed": "yellow"}
_LONGEST_VALUE: Final = 40
_STARTED: Final = ("%Y-%m-%d %H:%M", "%m-%d %H:%M", "")


def show_runs(streams: Streams, runs: Sequence[ListedRun]) -> None:
    """Writes a line for each run; where a terminal is too narrow, with less of when it was started."""
    out = streams.out
    for form in _STARTED:
        table = _runs_table(runs, form)
        room = out.options.update(width=PIPE_WIDTH)
        if not out.is_terminal or Measurement.get(out, room, table).maximum <= out.width:
            break
    streams.table(table)


def _runs_table(runs: Sequence[ListedRun], started: str) -> Table:
    table = plain_table()
    for title in ("run", "state", "epochs", "best", "", "at", "trained", *(["started"] if started else [])):
        is_number = title in ("epochs", "best", "at", "trained")
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    for each in runs:
        cells: list[str | Text] = [
            printable(str(each.path)),
            Text(each.state, style=_STYLES.get(each.state, "")),
            count(each.epoch) if each.epoch else "",
            short(each.best) if each.best is not None else "",
            printable(each.figure) if each.best is not None else "",
            count(each.best_epoch) if each.best_epoch else "",
            duration(each.seconds) if each.epoch else "",
        ]
        if started:
            cells.append(each.started.strftime(started) if each.started else "")
        table.add_row(*cells)
    return table


def show_comparison(streams: Streams, found: Comparison) -> None:
    """Writes what differs, part by part."""
    parts = {
        "spec": found.spec,
        "data": found.data,
        "environment": found.environment,
        "figures": found.figures,
    }
    table = plain_table()
    table.add_column("")
    for run in found.runs:
        table.add_column(printable(str(run.path)), no_wrap=True)
    for name, differences in parts.items():
        table.add_row(Text(name, style="bold"), *("" for _ in found.runs))
        if not differences:
            is_none = name == "figures" and not any(run.figures for run in found.runs)
            table.add_row("  none" if is_none else "  the same", *("" for _ in found.runs))
        for each in differences:
            table.add_row(f"  {printable(each.what)}", *_cells(each, name))
    streams.table(table)


def _cells(difference: Difference, part: str) -> list[Text]:
    cells = [printable(value) for value in difference.values]
    shown = [f"{cell[:_LONGEST_VALUE]}…" if len(cell) > _LONGEST_VALUE else cell for cell in cells]
    return [Text(each, style="dim" if each == "–" else "") for each in shown]
