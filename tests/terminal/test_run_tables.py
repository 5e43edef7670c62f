from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from nncli.runs.listing import ListedRun
from nncli.terminal.run_tables import show_runs
from nncli.terminal.streams import Streams

RUN = ListedRun(
    Path("runs/digits/12"),
    "digits",
    "interrupted",
    datetime(2026, 3, 1, 12, 30),
    epoch=40,
    seconds=61,
    figure="validation.loss",
    best=0.25,
    best_epoch=39,
)


@pytest.mark.parametrize(
    ("width", "is_terminal", "started"),
    [
        (80, True, ""),
        (90, True, "03-01 12:30"),
        (100, True, "2026-03-01 12:30"),
        (80, False, "2026-03-01 12:30"),
    ],
)
def test_a_run_fits_a_line_of_a_terminal(width: int, is_terminal: bool, started: str) -> None:
    out = Console(file=io.StringIO(), width=width, force_terminal=is_terminal, color_system=None)
    show_runs(Streams(out, out, live=False), [RUN])
    assert isinstance(out.file, io.StringIO)
    header, line = out.file.getvalue().splitlines()
    assert line.endswith(f"1 min 01 s  {started}".rstrip()) and ("started" in header) is bool(started)
    assert not is_terminal or max(len(line), len(header)) <= width
