"""Files that a command was told to write, looked at before any work is done."""

from __future__ import annotations

import shlex
from pathlib import Path

from nncli.messages.catalogue import failure


def check_output(path: Path, *, overwrite: bool) -> None:
    """Refuses a file that is there, and one in a folder that is not.

    Raises BusyError `output-exists`, UsageError `output-folder`.
    """
    if path.exists() and not overwrite:
        raise failure("output-exists", file=str(path))
    check_folder(path)


def check_folder(path: Path) -> None:
    """Refuses a file in a folder that is not there. Raises UsageError `output-folder`."""
    folder = str(path.parent)
    if not path.parent.is_dir():
        raise failure("output-folder", file=str(path), folder=folder, command=shlex.quote(folder))
