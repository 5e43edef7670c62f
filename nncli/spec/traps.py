"""Mistakes in YAML that people make often, and what to type instead.

libyaml says where it stopped and what it wanted there. What a person did is often a line or two further up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from nncli.errors import Place, Problem
from nncli.spec.misreadings import CLOSING, whole_value
from nncli.spec.names import STRUCTURES

Position: TypeAlias = tuple[int, int]

# Longer lines are explained by libyaml's own words: the patterns below look at a line again and again.
LONGEST_LINE: Final = 1000
MOST_LINES_ABOVE: Final = 200
# `- LayerNorm`: an item without a colon.
_BARE_ITEM: Final = re.compile(r"\s*(?:- +)+(\$?[A-Za-z][\w.]*)\s*(#.*)?$")
_WORD: Final = re.compile(r"\s*(\$?[A-Za-z]\w*)\s*(#.*)?$")
_KEY: Final = re.compile(
    r"\s*((?:- +)*)(\"[^\"]*\"|'[^']*'|[^\s#&*!|>'\"%@`\[\]{},-][^#\[\]{},]*?)\s*:(?=\s|$)"
)
_TIGHT_COLON: Final = re.compile(r"\s*(?:- +)*([A-Za-z_]\w*):([^\s:/].*?)\s*$")
_RESERVED: Final = ("an alias", "an anchor", "a tag", "a block scalar")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where libyaml stopped: its words, the position, and where the construct around it starts.

    Units: positions are line and column from 0.
    """

    problem: str
    context: str
    at: Position
    start: Position
    file: str
    lines: Sequence[str]

    @property
    def text(self) -> str:
        """The line it stopped at."""
        return self.line(self.at[0])

    def line(self, number: int) -> str:
        """A line by its number from 0; nothing behind the last."""
        return self.lines[number] if number < len(self.lines) else ""

    def place(self, line: int, column: int) -> Place:
        """The place of a position."""
        return Place(self.file, line + 1, column + 1, self.line(line))

    def above(self) -> int | None:
        """The nearest line above that is neither empty nor a comment."""
        for number in range(min(self.at[0], len(self.lines)) - 1, -1, -1):
            text = self.lines[number].strip()
            if text and not text.startswith("#"):
                return number
        return None


def explain_stop(stop: Stop) -> Problem:
    """Explains what libyaml stopped at."""
    above = stop.above()
    near = (stop.text, stop.line(stop.start[0]), stop.line(above or 0))
    if max(map(len, near)) <= LONGEST_LINE:
        for explain in (
            _brace,
            _tab,
            _reserved,
            _quote,
            _missing_dash,
            _bare_item,
            _tight_colon,
            _flow,
            _colon,
            _behind,
            _layout,
        ):
            problem = explain(stop)
            if problem is not None:
                return problem
    is_directive = "directive" in stop.context or "incompatible" in stop.problem
    code = "yaml-directive" if is_directive else "yaml-invalid"
    reason = " ".join(part for part in (stop.context, stop.problem) if part)
    return Problem(code, stop.place(*stop.at), "", {"reason": reason})


def _brace(stop: Stop) -> Problem | None:
    line, column = stop.at
    if column == 0 or stop.text[column - 1 : column + 1] != "${":
        return None
    inside = stop.text[column + 1 :].partition("}")[0]
    return Problem("brace-dollar", stop.place(line, column - 1), "", {"inside": inside})


def _tab(stop: Stop) -> Problem | None:
    line, column = stop.at
    indent = stop.text[: len(stop.text) - len(stop.text.lstrip())]
    if "\t" in indent:
        return Problem("tab-indent", stop.place(line, indent.index("\t")))
    return Problem("tab-indent", stop.place(line, column)) if stop.text[column : column + 1] == "\t" else None


def _reserved(stop: Stop) -> Problem | None:
    """Explains `match: *.bias`: YAML keeps some characters for itself at the start of a value."""
    is_reserved = any(words in stop.context for words in _RESERVED)
    closes = "node content" in stop.problem and stop.text[stop.at[1] : stop.at[1] + 1] in ("]", "}", ",")
    if not (is_reserved or closes or "cannot start any token" in stop.problem):
        return None
    at = stop.start if is_reserved else stop.at
    rest = stop.line(at[0])[at[1] :]
    value = rest[:1] + rest[1:].partition(" #")[0]
    if "flow" in stop.context or re.search(r"[\[{][^\]}]*$", stop.line(at[0])[: at[1]]):
        value = rest[:1] + re.split(r"[,\]}]", rest[1:])[0]
    return Problem("value-unquoted", stop.place(*at), "", {"value": value.strip(), "character": rest[:1]})


def _quote(stop: Stop) -> Problem | None:
    if "quoted scalar" not in stop.context and "double-quoted" not in stop.context:
        return None
    if "escape" in stop.problem or "hexadecimal" in stop.problem or "hexdecimal" in stop.problem:
        return Problem("escape-unknown", stop.place(*stop.at))
    return Problem(
        "quote-open", stop.place(*stop.start), "", {"quote": stop.line(stop.start[0])[stop.start[1]]}
    )


def _missing_dash(stop: Stop) -> Problem | None:
    """Explains `ReLU` or `Conv2d: 8` on a line of its own below the items of a list."""
    number = stop.start[0] if "expected ':'" in stop.problem else stop.at[0]
    text = stop.line(number)
    key, word = _KEY.match(text), _WORD.match(text)
    named = key.group(2) if key and not key.group(1) else ""
    is_item = named[:1].isupper() or named[:1] == "$" or named in STRUCTURES
    if not is_item and not (word and ("expected ':'" in stop.problem or "expected '-'" in stop.problem)):
        return None
    # Above it, nothing stands further left than the item that it could follow.
    for above in range(number - 1, max(-1, number - MOST_LINES_ABOVE), -1):
        line = stop.lines[above][:LONGEST_LINE]
        if not line.strip() or line.lstrip().startswith("#") or _indent(line) > _indent(text):
            continue
        if not line.lstrip().startswith("- "):
            return None
        facts = {"text": text.strip(), "where": "", "column": _indent(line) + 1}
        return Problem("dash-missing", stop.place(number, _indent(text)), "", facts)
    return None


def _bare_item(stop: Stop) -> Problem | None:
    """Explains `- LayerNorm` with `name: norm` below it."""
    above = stop.above()
    item = _BARE_ITEM.match(stop.lines[above]) if above is not None else None
    key = _KEY.match(stop.text)
    if above is None or item is None or key is None or key.group(1):
        return None
    if key.start(2) <= _indent(stop.lines[above]):
        return None
    facts = {"layer": item.group(1), "line": above + 1, "word": key.group(2)}
    return Problem("colon-missing", stop.place(above, item.end(1)), "", facts)


def _tight_colon(stop: Stop) -> Problem | None:
    """Explains `epochs:20`, which is one word until the next line brings a colon."""
    if "mapping values" not in stop.problem and "expected ':'" not in stop.problem:
        return None
    for line in (stop.start[0] if stop.context else None, stop.above()):
        found = _TIGHT_COLON.match(stop.line(line)) if line is not None and line < stop.at[0] else None
        if found and line is not None:
            meant = f"{found.group(1)}: {found.group(2)}"
            facts = {"text": meant.replace(": ", ":", 1), "meant": meant}
            return Problem("colon-space", stop.place(line, found.start(1)), "", facts)
    return None


def _flow(stop: Stop) -> Problem | None:
    """Explains what stops a list in [] or a mapping in {}."""
    if "flow" not in stop.context:
        return None
    line, column = stop.at
    found = re.search(r"[^\s,:\[\]{}]+$", stop.text[:column])
    if found and stop.text[column : column + 1] in ("[", "{"):
        facts = {"value": whole_value(stop.text, found.start())}
        return Problem("bracket-inside", stop.place(line, found.start()), "", facts)
    start = _unclosed(stop.lines) if line >= len(stop.lines) - 1 and not stop.text else stop.start
    opening = stop.line(start[0])[start[1] : start[1] + 1]
    closing = CLOSING.get(opening, "]")
    if line == start[0]:
        return Problem("comma-missing", stop.place(line, column), "", {"closing": closing})
    return Problem("bracket-open", stop.place(*start), "", {"opening": opening, "closing": closing})


def _unclosed(lines: Sequence[str]) -> Position:
    """Finds the last bracket that is open at the end of the text."""
    open_ones: list[Position] = []
    for number, line in enumerate(lines):
        for column, character in enumerate(line):
            if character in "[{":
                open_ones.append((number, column))
            elif character in "]}" and open_ones:
                open_ones.pop()
    return open_ones[-1] if open_ones else (0, 0)


def _colon(stop: Stop) -> Problem | None:
    """Explains `description: Digits: a network`, a second colon in one line."""
    key = _KEY.match(stop.text)
    value = stop.text[key.end() :].strip() if key else ""
    if "mapping values" not in stop.problem or key is None or key.end() > stop.at[1] or not value:
        return None
    return Problem(
        "colon-inside", stop.place(stop.at[0], stop.text.index(value, key.end())), "", {"text": value}
    )


def _behind(stop: Stop) -> Problem | None:
    """Explains what stands behind a value that is closed: `[0, 1] + x`, or `'it's'`."""
    key = _KEY.match(stop.text)
    value = stop.text[key.end() :].strip() if key else ""
    if (
        key is None
        or value[:1] not in ("[", "{", "'", '"')
        or stop.at[1] <= stop.text.index(value, key.end())
    ):
        return None
    at = (stop.at[0], stop.text.index(value, key.end()))
    return Problem("value-continues", stop.place(*at), "", {"character": value[0]})


def _layout(stop: Stop) -> Problem | None:
    """Explains lines that do not fit to those above."""
    place = stop.place(*stop.at)
    if "sequence entries are not allowed" in stop.problem:
        return Problem("dash-inside", place)
    bare = re.match(r"\s*-([A-Za-z].*)", stop.line(stop.start[0]))
    if "expected ':'" in stop.problem and bare:
        return Problem("dash-space", stop.place(*stop.start), "", {"meant": f"- {bare.group(1)}"})
    if "expected ':'" in stop.problem:
        return Problem(
            "key-without-colon", stop.place(*stop.start), "", {"text": stop.line(stop.start[0]).strip()}
        )
    if "<document start>" in stop.problem:
        above = stop.above() or 0
        is_second = stop.line(above).startswith("...")
        first = next((line.strip() for line in stop.lines if line.strip()), "")
        return (
            Problem("yaml-documents", place)
            if is_second
            else Problem("value-continues", place, "", {"character": first[:1]})
        )
    if stop.text.lstrip().startswith(":"):
        return Problem("key-form", place)
    if "block" in stop.context or "mapping values" in stop.problem:
        return _indent_problem(stop)
    return None


def _indent_problem(stop: Stop) -> Problem | None:
    """Finds the line above that this one was probably meant to line up with."""
    column = _indent(stop.text)
    nearest: Position | None = None
    lowest = LONGEST_LINE
    last = min(stop.at[0], len(stop.lines)) - 1
    for number in range(last, max(-1, last - MOST_LINES_ABOVE), -1):
        start = _start_of_block(stop.lines[number][:LONGEST_LINE], stop.text.lstrip().startswith("- "))
        if start is None or start >= lowest:
            continue
        lowest = start
        if nearest is None or abs(start - column) < abs(nearest[1] - column):
            nearest = (number, start)
    place = stop.place(stop.at[0], column)
    if nearest is None or nearest[1] == column:
        return Problem("list-and-keys", place)
    return Problem("indent-wrong", place, "", {"line": nearest[0] + 1, "column": nearest[1] + 1})


def _start_of_block(line: str, is_item: bool) -> int | None:
    """Finds the column at which a line starts an item, or a key."""
    if is_item:
        return _indent(line) if line.lstrip().startswith("- ") else None
    key = _KEY.match(line)
    return key.start(2) if key else None


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
