"""The process: signals, streams and the exit of `nncli` and `python -m nncli`."""

from __future__ import annotations

import os
import sys

from nncli.collecting import collect_rarely
from nncli.errors import Exit
from nncli.runs.signals import StopSignal


def main() -> None:
    """Runs the command line and leaves without the slow teardown of torch."""
    collect_rarely()
    _open_missing_streams()
    # What a signal ends leaves nothing half-written; training has handlers of its own once it can save.
    with StopSignal(is_breaking=True):
        code = _answer()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    os._exit(code)


def _answer() -> int:
    try:
        # A signal that comes while the options are still being imported ends quietly too.
        from nncli.cli import app

        app()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except KeyboardInterrupt:
        verb = next((each for each in sys.argv[1:] if not each.startswith("-")), "")
        return Exit.INTERRUPTED if verb == "train" else Exit.ABORTED
    return Exit.DONE


def _open_missing_streams() -> None:
    """Opens nothing in the place of a stream that the shell closed, before a file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - until the end


if __name__ == "__main__":
    main()
