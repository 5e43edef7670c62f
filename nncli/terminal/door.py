"""The one door of every command: what it raises becomes words and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from nncli.errors import Exit, NncliError, printable
from nncli.messages.catalogue import failure
from nncli.near_paths import unreadable
from nncli.own_lines import own_line, raised
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams


def through_door(
    command: Callable[[], int], streams: Streams, debug: bool = False, interrupted: Exit = Exit.ABORTED
) -> int:
    """Runs a command and returns its exit code, `interrupted` after a signal.

    Nothing but `--debug` shows a traceback.
    """
    try:
        return command()
    except KeyboardInterrupt:
        streams.err.print("interrupted")
        return interrupted
    except Exception as error:
        if debug:
            traceback.print_exc()
        known = known_failure(error)
        if known is None:
            _show_bug(streams, error)
            return Exit.BUG
        for problem in known.problems:
            show_problem(streams, problem)
        return known.exit_code


def known_failure(error: Exception) -> NncliError | None:
    """Recognises what is no bug of nncli; None where it is one.

    Beside nncli's own errors: memory that ran out in torch or Python, as `memory-exhausted`, a path
    that the system refuses wherever it is touched first, as `file-unreadable`, and what a layer of
    `--code` raised, as `code-raised`.
    """
    if isinstance(error, NncliError):
        return error
    if isinstance(error, OSError) and isinstance(error.filename, str):
        reason = (error.strerror or type(error).__name__).lower()
        return unreadable(Path(error.filename), reason)
    text = str(error)
    out = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    if out or "DefaultCPUAllocator" in text or "out of memory" in text:
        # Only where it is needed, since it loads torch.
        from nncli.terminal.exhausted import exhausted

        return exhausted(text)
    where = own_line(error)
    return failure("code-raised", where=where, reason=raised(error)) if where else None


def _show_bug(streams: Streams, error: Exception) -> None:
    last = traceback.extract_tb(sys.exc_info()[2])[-1]
    where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
    what = printable(f"{type(error).__name__}: {error}")
    streams.err.print(f"error[bug]: nncli failed at {where}: {what}", soft_wrap=True)
    streams.err.print("hint: the same command with --debug shows the traceback for a report", soft_wrap=True)
