"""Problems as a person reads them, and as JSON."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from nncli.errors import SET_FILE, Place, Problem, printable
from nncli.messages.catalogue import hint_of, message_of
from nncli.terminal.streams import Streams


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
    _line(streams, Text.assemble(start, code, f": {message_of(problem)}"))
    if place and place.text.strip():
        # What was typed is shown as it was typed.
        before = f"{SET_FILE} " if place.file == SET_FILE else ""
        text, column = _window(before + place.text, len(before) + place.column)
        _line(streams, Text(f"    {text}", "dim"), whole=True)
        _line(streams, Text(f"    {' ' * (column - 1)}^", style), whole=True)
    if given := problem.facts.get("given_by"):
        _line(streams, Text(f"given: {printable(str(given))}"))
    if entered := problem.facts.get("entered"):
        _line(streams, Text(f"inside: {printable(str(entered))}"))
    for way in _ways(problem):
        _line(streams, Text(f"flow: {way}"))
    hint = hint_of(problem)
    if hint:
        _line(streams, Text(f"hint: {hint}"))


def _ways(problem: Problem) -> list[str]:
    """Lists how what does not fit came to be."""
    flow = problem.facts.get("flow")
    return [printable(str(way)) for way in flow] if isinstance(flow, list) else []


def _where(place: Place) -> str:
    """Says `FILE:LINE:COLUMN`, or which of the `--set` arguments it is."""
    if place.file == SET_FILE:
        return f"{SET_FILE} {place.line}"
    return f"{printable(place.file)}:{place.line}:{place.column}"


def _line(streams: Streams, text: Text, *, whole: bool = False) -> None:
    """Writes a line; a terminal breaks prose between words, and a pipe gets it as one line."""
    streams.err.print(text, soft_wrap=whole or not streams.err.is_terminal)


def _window(text: str, column: int) -> tuple[str, int]:
    """Cuts a long line around the column; tabs become one space, so that the caret stands right."""
    shown = printable(text.replace("\t", " "))
    column = len(printable(text[: column - 1].replace("\t", " "))) + 1
    if len(shown) <= 100:
        return shown, column
    start = max(0, min(column - 50, len(shown) - 100))
    return shown[start : start + 100], column - start


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
