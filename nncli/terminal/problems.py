"""Problems as a person reads them, and as JSON."""

from __future__ import annotations

from typing import Any

from nncli.errors import Problem, printable
from nncli.messages.catalogue import hint_of, message_of
from nncli.terminal.streams import Streams


def show_problem(streams: Streams, problem: Problem) -> None:
    """Writes one problem to stderr: place, code and message; the line with a caret; the hint.

    Errors are shown also where `quiet` silences everything else.
    """
    style = {"error": "bold red", "warning": "yellow", "note": "cyan"}[problem.severity]
    place = problem.place
    start = f"{printable(place.file)}:{place.line}:{place.column}: " if place else ""
    console = streams.err
    console.print(start, end="", markup=False, soft_wrap=True)
    console.print(f"{problem.severity}[{problem.code}]", end="", style=style, markup=False, soft_wrap=True)
    console.print(f": {message_of(problem)}", markup=False, soft_wrap=True)
    if place and place.text.strip():
        text, column = _window(place.text, place.column)
        console.print(f"    {text}", markup=False, soft_wrap=True, style="dim")
        console.print(f"    {' ' * (column - 1)}^", markup=False, soft_wrap=True, style=style)
    hint = hint_of(problem)
    if hint:
        console.print(f"hint: {hint}", markup=False, soft_wrap=True)


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
        "hint": hint_of(problem) or None,
    }
