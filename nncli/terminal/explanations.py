"""Explanations as a person reads them, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from nncli.explaining.explanations import Explanation, Part
from nncli.terminal.streams import Streams

WIDTH: Final = 80
# Names longer than this have the rest of their row on a line of its own.
WIDEST_NAME: Final = 34


def show_explanation(streams: Streams, explanation: Explanation) -> None:
    """Prints what a word is, what it takes, and an example."""
    streams.title(f"{explanation.name}: {explanation.kind}")
    if explanation.text:
        streams.data(textwrap.fill(explanation.text, WIDTH) + "\n")
    blocks = [
        "".join(_facts(explanation.facts)),
        "".join(_rows(explanation.parts)),
        textwrap.indent(explanation.example, "  "),
    ]
    for block in blocks:
        if block:
            streams.data("\n" + block)


def show_groups(streams: Streams, groups: Mapping[str, Sequence[str]]) -> None:
    """Prints what can be asked, by groups."""
    for number, (name, words) in enumerate(groups.items()):
        streams.data("\n" if number else "")
        streams.title(name)
        text = textwrap.fill(
            "  ".join(words), WIDTH, initial_indent="  ", subsequent_indent="  ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        streams.data(text + "\n")


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(label) for label, _ in facts), default=0) + 2
    for label, value in facts:
        yield _hung(label.ljust(width), value)


def _rows(parts: Sequence[Part]) -> Iterator[str]:
    names = [len(part.name) for part in parts if len(part.name) <= WIDEST_NAME]
    width = max(names, default=0) + 2
    for part in parts:
        default = f"default {part.default}" if part.default not in ("", "required") else part.default
        if part.default == "from what flows in":
            default = part.default
        said = "; ".join(word for word in (part.text, part.takes, default) if word)
        if len(part.name) > WIDEST_NAME:
            yield f"  {part.name}\n"
            yield _hung(" " * (width + 2), said)
        else:
            yield _hung("  " + part.name.ljust(width), said)


def _hung(start: str, text: str) -> str:
    """Wraps a text behind its start."""
    filled = textwrap.fill(
        text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_long_words=False
    )
    return (filled or start).rstrip() + "\n"
