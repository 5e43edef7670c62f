"""A spinner for work that takes more than a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from nncli.terminal.streams import Streams

AFTER_SECONDS: Final = 1.0


@contextmanager
def waiting(streams: Streams, doing: str) -> Iterator[None]:
    """Shows what is being done on a live terminal, if it takes longer than a second; leaves no trace."""
    if not streams.live or streams.quiet:
        yield
        return
    progress = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=streams.err, transient=True,
    )  # fmt: skip
    progress.add_task(doing)
    timer = threading.Timer(AFTER_SECONDS, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        progress.stop()
