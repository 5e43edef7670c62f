"""Problems as a person reads them, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rich.cells import cell_len
from rich.text import Text

from nncli.errors import SET_FILE, Place, Problem, printable
from nncli.messages.catalogue import hint_of, message_of
from nncli.terminal.prose import print_prose
from nncli.terminal.streams import Streams

_HANG: Final = 4
# Units: cells of a line of a file that are shown.
_PIPE_ROOM: Final = 100
_LEAST_ROOM: Final = 16


def show_problem(streams: Streams, problem: Problem) -> None:
    """Writes one problem to stderr: place, code and message; the line with a caret; the hint.

    A wrong value that came for `$name` tells where it was given. A problem of shapes tells in which call of
    a block and which copy of a loop it stands, and how what does not fit came to be. Errors are shown also
    where `quiet` silences everything else.
    """
    style = {"error": "bold red", "warning": "yellow", "note": "cyan"}[problem.severity]
    place = problem.place
    start = f"{_where(place)}: " if place else ""
    code = (f"{problem.severity}[{problem.code}]", style)
    print_prose(streams.err, Text.assemble(start, code, f": {message_of(problem)}"), _HANG)
    if place and place.text.strip():
        # What was typed is shown as it was typed.
        before = f"{SET_FILE} " if place.file == SET_FILE else ""
        room = streams.err.width - _HANG if streams.err.is_terminal else _PIPE_ROOM
        text, column = _window(before + place.text, len(before) + place.column, max(room, _LEAST_ROOM))
        blanks = " " * cell_len(text[: column - 1])
        streams.err.print(Text(f"{' ' * _HANG}{text}", "dim"), soft_wrap=True)
        streams.err.print(Text(f"{' ' * _HANG}{blanks}^", style), soft_wrap=True)
    for label, said in _said(problem):
        print_prose(streams.err, Text(f"{label}: {said}"), len(label) + 2)


def _said(problem: Problem) -> Iterator[tuple[str, str]]:
    """Lists what is told below a message, each with its label."""
    facts = problem.facts
    for label, name in (("given", "given_by"), ("inside", "entered")):
        if facts.get(name):
            yield label, printable(str(facts[name]))
    yield from (("flow", way) for way in _ways(problem))
    if hint := hint_of(problem):
        yield "hint", hint


def _ways(problem: Problem) -> list[str]:
    """Lists how what does not fit came to be."""
    flow = problem.facts.get("flow")
    return [printable(str(way)) for way in flow] if isinstance(flow, list) else []


def _where(place: Place) -> str:
    """Says `FILE:LINE:COLUMN`, or which of the `--set` arguments it is."""
    if place.file == SET_FILE:
        return f"{SET_FILE} {place.line}"
    return f"{printable(place.file)}:{place.line}:{place.column}"


def _window(text: str, column: int, room: int) -> tuple[str, int]:
    """Cuts a line that is wider than the room around the column; an ellipsis stands for what is left out.

    Tabs become one space, so that the caret stands right.
    """
    shown = printable(text.replace("\t", " "))
    column = len(printable(text[: column - 1].replace("\t", " "))) + 1
    if cell_len(shown) <= room:
        return shown, column
    # Wide characters take two cells.
    length = room if cell_len(shown) == len(shown) else room // 2
    start = max(0, min(column - 1 - length // 2, len(shown) - length))
    end = start + length
    before, after = "…" if start else "", "…" if end < len(shown) else ""
    return before + shown[start + len(before) : end - len(after)] + after, column - start


def as_document(problem: Problem) -> dict[str, Any]:
    """Writes one problem for `--json`."""
    place = problem.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "path": problem.path or None,
        "code": problem.code,
        "severity": problem.severity,
        "message": message_of(problem),
        "given": problem.facts.get("given_by") or None,
        "inside": problem.facts.get("entered"),
        "flow": _ways(problem) or None,
        "hint": hint_of(problem) or None,
    }
