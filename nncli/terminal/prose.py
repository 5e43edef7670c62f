"""Sentences in a terminal: broken between words, and continued below where their text began."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_WORD: Final = re.compile(r"\S+")


def print_prose(console: Console, text: Text, hang: int) -> None:
    """Prints a sentence: on one line into a pipe, in a terminal as `wrapped` breaks it."""
    lines = wrapped(text, console.width, hang) if console.is_terminal else [text]
    for line in lines:
        # A word that is wider than the terminal is left to it.
        console.print(line, soft_wrap=True)


def wrapped(text: Text, width: int, hang: int) -> Iterator[Text]:
    """Breaks a text between words at a width in cells; all lines but the first begin with `hang` blanks."""
    hang = hang if hang <= width // 2 else 0
    breaks, start, room = [], 0, width
    for word in _WORD.finditer(text.plain):
        has_words = bool(text.plain[start : word.start()].strip())
        if has_words and cell_len(text.plain[start : word.end()]) > room:
            breaks.append(word.start())
            start, room = word.start(), width - hang
    first, *others = text.divide(breaks)
    first.rstrip()
    yield first
    for each in others:
        each.rstrip()
        yield Text(" " * hang).append_text(each)
