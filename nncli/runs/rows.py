"""metrics.jsonl, statistics.jsonl and log.jsonl: one JSON object a line, added at the end."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from nncli.messages.catalogue import failure
from nncli.operating_system import BINARY, NO_FOLLOW
from nncli.runs.atomic import append_line, disk_errors, read_own, refuse_link

_COUNTS: Final = ("epoch", "step")
_GROUPS: Final = ("train", "validation", "gradients", "updates")


def row_text(row: Mapping[str, object]) -> str:
    """Writes a row as compact JSON in the order of its keys; a number that is not finite is null.

    All text is ASCII, so that no label reaches a terminal as a control character.
    """
    return json.dumps(_finite(row), separators=(",", ":"), allow_nan=False)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def append_row(path: Path, row: Mapping[str, object]) -> None:
    """Adds a row to a file of rows.

    Errors: disk-full, disk-failed, folder-read-only, file-linked.
    """
    append_rows(path, [row])


def append_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Adds several rows at once; see `append_row`."""
    append_line(path, "\n".join(map(row_text, rows)))


def read_rows(path: Path) -> list[dict[str, object]]:
    """Reads all rows; a last line that a crash cut short is left out, a missing file has none.

    Errors: rows-damaged, file-linked, file-not-regular.
    """
    try:
        *lines, _torn = read_own(path).split(b"\n")
    except FileNotFoundError:
        return []
    return [_row(path, number, line) for number, line in enumerate(lines, 1)]


def _row(path: Path, number: int, line: bytes) -> dict[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not _is_sound(row):
        raise failure("rows-damaged", file=path, line=number)
    return row


def _is_sound(row: Mapping[str, object]) -> bool:
    """Tells whether counts are counts and figures are numbers, so that readers need not ask."""
    kind = row.get("kind", row.get("event"))
    wanted = {"epoch": _COUNTS, "step": ("step",)}.get(str(kind), ())
    counts = all(type(row.get(key)) is int for key in _COUNTS if key in row or key in wanted)
    groups = all(_is_group(row.get(key)) for key in _GROUPS)
    rate, looks = row.get("learning_rate"), row.get("activations")
    return (
        counts
        and groups
        and (looks is None or (isinstance(looks, Mapping) and all(map(_is_group, looks.values()))))
        and _is_group({key: row.get(key) for key in ("loss", "seconds")})
        and (_is_number(rate) or _is_group(rate))
    )


def _is_group(value: object) -> bool:
    return value is None or (isinstance(value, Mapping) and all(map(_is_number, value.values())))


def _is_number(value: object) -> bool:
    """Tells whether a figure is one; null stands for what is undefined or not finite."""
    most = sys.float_info.max
    return value is None or (type(value) in (int, float) and -most <= cast(float, value) <= most)


def synced_size(path: Path) -> int:
    """Makes all rows survive a power loss and counts their bytes, for the state of a checkpoint.

    Errors: disk-failed, file-linked.
    """
    refuse_link(path)
    if not path.exists():
        return 0
    with disk_errors(path), open(path, "rb+") as file:
        os.fsync(file.fileno())
        return file.seek(0, os.SEEK_END)


def size_until(path: Path, step: int) -> int:
    """Counts the bytes of the rows that come before the first one of a later step.

    Errors: rows-damaged, file-linked, file-not-regular.
    """
    size_bytes = 0
    for number, line in enumerate(_content(path).split(b"\n")[:-1], 1):
        found = _row(path, number, line).get("step")
        if isinstance(found, int) and found > step:
            break
        size_bytes += len(line) + 1
    return size_bytes


def refuse_short(path: Path, size_bytes: int) -> None:
    """Refuses rows that are fewer than a checkpoint counted on. Errors: rows-short, file-linked."""
    content = _content(path)
    if size_bytes > len(content) or (size_bytes and content[size_bytes - 1 : size_bytes] != b"\n"):
        raise failure("rows-short", file=path, size_bytes=len(content), noted_bytes=size_bytes)


def _content(path: Path) -> bytes:
    refuse_link(path)
    return read_own(path) if path.exists() else b""


def truncate_after(path: Path, size_bytes: int | None = None) -> None:
    """Cuts a file of rows back to the size that a checkpoint noted, or to its last whole line.

    Errors: rows-short where rows that the checkpoint counted on are gone; file-linked,
    disk-failed, folder-read-only.
    """
    content = _content(path)
    keep = content.rfind(b"\n") + 1 if size_bytes is None else size_bytes
    refuse_short(path, keep)
    if keep < len(content):
        with disk_errors(path):
            descriptor = os.open(path, os.O_WRONLY | NO_FOLLOW | BINARY)
            with open(descriptor, "wb") as file:
                file.truncate(keep)
                os.fsync(file.fileno())
