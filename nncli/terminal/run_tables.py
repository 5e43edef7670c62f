"""Runs in a table, and runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from nncli.errors import printable
from nncli.runs.comparing import Comparison, Difference
from nncli.runs.listing import ListedRun
from nncli.terminal.figures import count, duration, short
from nncli.terminal.streams import Streams
from nncli.terminal.tables import plain_table

_STYLES: Final = {"done": "green", "training": "cyan", "failed": "red", "damaged": "red", "killed": "yellow"}
_LONGEST_VALUE: Final = 40


def show_runs(streams: Streams, runs: Sequence[ListedRun]) -> None:
    """Writes a line for each run."""
    table = plain_table()
    for title in ("run", "state", "epochs", "best", "", "at", "training time", "started"):
        is_number = title in ("epochs", "best", "at", "training time")
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    for each in runs:
        table.add_row(
            printable(str(each.path)),
            Text(each.state, style=_STYLES.get(each.state, "")),
            count(each.epoch) if each.epoch else "",
            short(each.best) if each.best is not None else "",
            printable(each.figure) if each.best is not None else "",
            count(each.best_epoch) if each.best_epoch else "",
            duration(each.seconds) if each.epoch else "",
            each.started.strftime("%Y-%m-%d %H:%M") if each.started else "",
        )
    streams.table(table)


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
