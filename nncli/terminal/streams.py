"""Where output goes: data to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TextIO, cast, final

from rich.console import Console, RenderableType
from rich.text import Text

from nncli.errors import printable
from nncli.messages.catalogue import failure

# Tables are not cut to the width of a terminal.
PIPE_WIDTH: Final = 4096
SHOW_CURSOR: Final = "\x1b[?25h"


@final
class _Writer:
    """A stream whose reader may go away: what is written after that goes nowhere.

    A run that somebody watches must not end because the terminal was closed. With `strict`, a
    failure that is no closed pipe raises ResourceError `disk-failed`: lost data is no success.
    """

    def __init__(self, stream: TextIO, *, strict: bool) -> None:
        self._stream = stream
        self._strict = strict
        self._gone = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Writes text as long as somebody reads it."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hands on what was written as long as somebody reads it."""
        self._try(self._stream.flush)

    def _try(self, step: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            step()
        except (OSError, ValueError) as error:
            self._gone = True
            if self._strict and not isinstance(error, BrokenPipeError):
                reason = getattr(error, "strerror", None) or str(error)
                raise failure("disk-failed", file=self._stream.name.strip("<>"), reason=reason) from error


@dataclass(frozen=True)
class Streams:
    """The two streams of a command; `live` is true where both are terminals that can redraw a line.

    With `debug` what is left aside elsewhere shows its traceback.
    """

    out: Console
    err: Console
    live: bool
    quiet: bool = False
    debug: bool = False

    def say(self, text: str = "", style: str | None = None) -> None:
        """Writes a line for a person to stderr, unless `--quiet`; control characters are spelt out."""
        if not self.quiet:
            self.err.print(printable(text), style=style, soft_wrap=True)

    def data(self, text: str) -> None:
        """Writes text to stdout: as it is, but on a terminal without what would steer it."""
        shown = "\n".join(map(printable, text.split("\n"))) if self.out.is_terminal else text
        self._write(shown)

    def document(self, document: Mapping[str, Any]) -> None:
        """Writes one JSON document or row on a line of stdout; a number that is not finite is null."""
        # Only --json needs it, and every answer waits for this module.
        from nncli.runs.rows import row_text

        self._write(row_text(document) + "\n")

    def title(self, text: str) -> None:
        """Writes a line above a table to stdout; it is never wrapped to the table's width."""
        self.out.print(Text(printable(text), style="bold"), soft_wrap=True)

    def table(self, table: RenderableType) -> None:
        """Writes a table to stdout, without the blanks that fill its last column.

        A terminal that is too narrow breaks its lines; Rich would break its numbers.
        """
        width, self.out.width = self.out.width, PIPE_WIDTH
        with self.out.capture() as captured:
            self.out.print(table)
        self.out.width = width
        self._write("\n".join(line.rstrip(" ") for line in captured.get().split("\n")))

    def restore_terminal(self) -> None:
        """Shows the cursor that a live display hides, for a process that ends at once."""
        if self.live:
            self.err.file.write(SHOW_CURSOR + "\n")
            self.err.file.flush()

    def _write(self, text: str) -> None:
        self.out.file.write(text)
        self.out.file.flush()


def open_streams(quiet: bool = False, debug: bool = False) -> Streams:
    """Opens the streams of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A label that the terminal's encoding does not have is spelt out.
        cast(Any, stream).reconfigure(errors="backslashreplace")
    out, err = _console(sys.stdout, strict=True), _console(sys.stderr, strict=False)
    dumb = os.environ.get("TERM", "") in ("dumb", "unknown")
    return Streams(out, err, live=out.is_terminal and err.is_terminal and not dumb, quiet=quiet, debug=debug)


def _console(stream: TextIO, *, strict: bool) -> Console:
    terminal = stream.isatty()
    # NO_COLOR alone still leaves bold in Rich; no colour system means no escape codes at all.
    plain = bool(os.environ.get("NO_COLOR")) or not terminal or os.environ.get("TERM") == "dumb"
    width = None if terminal or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(
        file=cast(TextIO, _Writer(stream, strict=strict)),
        color_system=None if plain else "auto",
        force_terminal=terminal,
        width=width,
        emoji=False,
        markup=False,
        highlight=False,
        legacy_windows=False,
    )
