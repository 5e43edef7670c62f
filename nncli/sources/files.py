"""A data file to a table: by its suffix, from bytes that are read once."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from nncli.errors import Problem
from nncli.messages.catalogue import nearest
from nncli.regular_files import NotRegularError, read_regular_file
from nncli.sources.delimited import read_delimited
from nncli.sources.json_lines import read_json_lines
from nncli.sources.parquet import read_parquet
from nncli.sources.tables import Reading, Table
from nncli.sources.text_files import read_text

Reader = Callable[[bytes, str, Reading], Table]

READERS: Final[dict[str, Reader]] = {
    ".csv": lambda content, file, reading: read_delimited(content, file, reading.delimiter or ",", reading),
    ".tsv": lambda content, file, reading: read_delimited(content, file, reading.delimiter or "\t", reading),
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".parquet": read_parquet,
    ".txt": read_text,
}


def format_problem(path: Path) -> Problem | None:
    """Says why a file of this suffix cannot be read as a table, if so."""
    if path.suffix.lower() in READERS:
        return None
    return Problem("data-format", facts={"file": path, "suffix": path.suffix, "known": list(READERS)})


def read_bytes(path: Path) -> bytes | Problem:
    """Reads a regular file, or says why it cannot be read, without a place."""
    try:
        return read_regular_file(path)
    except NotRegularError as error:
        kind = "a directory" if error.is_folder else "no regular file"
        return Problem("data-irregular", facts={"file": path, "kind": kind})
    except FileNotFoundError:
        facts = {"file": path, "nearest": nearest(path.name, _names_beside(path))}
        return Problem("data-missing", facts=facts)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Problem("data-closed", facts={"file": path, "reason": reason})


def _names_beside(path: Path) -> list[str]:
    with suppress(OSError):
        return os.listdir(path.parent)
    return []


def read_table(path: Path, content: bytes, file: str, reading: Reading) -> Table:
    """Reads the bytes of a file as its suffix says; `file` is its name in messages."""
    return READERS[path.suffix.lower()](content, file, reading)
