"""Where output goes: data to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from rich.console import Console

# Tables in a pipe are not cut to the width of a terminal that is not there.
PIPE_WIDTH: Final = 200


@dataclass
class Streams:
    """The two streams of a command, and what is known of them.

    `live` is true where both are terminals that can redraw a line; `closed` once the reader of
    stdout has gone.
    """

    out: Console
    err: Console
    live: bool
    quiet: bool = False
    closed: bool = field(default=False)

    def say(self, text: str = "", style: str | None = None) -> None:
        """Writes a line for a person to stderr, unless `--quiet`."""
        if not self.quiet:
            self.err.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def data(self, text: str) -> None:
        """Writes text as it is to stdout."""
        if self.closed:
            return
        try:
            self.out.file.write(text)
            self.out.file.flush()
        except BrokenPipeError:
            self.closed = True
            silence_stdout()

    def document(self, document: Mapping[str, Any]) -> None:
        """Writes one JSON document or row on a line of stdout."""
        self.data(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n")


def open_streams(quiet: bool = False) -> Streams:
    """Opens the streams of this process."""
    out, err = _console(sys.stdout), _console(sys.stderr)
    dumb = os.environ.get("TERM", "") in ("dumb", "unknown")
    return Streams(out, err, live=out.is_terminal and err.is_terminal and not dumb, quiet=quiet)


def _console(stream: TextIO) -> Console:
    terminal = stream.isatty()
    # NO_COLOR alone still leaves bold in Rich; no colour system means no escape codes at all.
    plain = bool(os.environ.get("NO_COLOR")) or not terminal or os.environ.get("TERM") == "dumb"
    width = None if terminal or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=terminal,
        width=width,
        emoji=False,
        markup=True,
        highlight=False,
        legacy_windows=False,
    )


def silence_stdout() -> None:
    """Points stdout at nothing, so that the exit of the process does not fail on a closed pipe."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
