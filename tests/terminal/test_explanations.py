from __future__ import annotations

import io

from rich.console import Console

from nncli.explaining.explanations import Explanation, Part
from nncli.terminal.explanations import show_explanation, show_groups
from nncli.terminal.streams import Streams

EXPLANATION = Explanation(
    name="Layer",
    kind="layer of somewhere",
    text="does " + "something long " * 12,
    facts=(("takes in", "[batch, features]"),),
    parts=(
        Part("width", "a whole number", "required"),
        Part("a_name_that_is_longer_than_all_the_columns", "a word", "none", "what it is for"),
        Part("bias", default="true"),
    ),
    example="- Layer: [3, bias: false]\n",
)


def shown(explanation: Explanation, width: int = 80) -> str:
    out = io.StringIO()
    show_explanation(
        Streams(Console(file=out, width=width), Console(file=io.StringIO()), live=False), explanation
    )
    return out.getvalue()


def test_it_fits_into_80_columns() -> None:
    lines = shown(EXPLANATION).splitlines()
    assert lines[0] == "Layer: layer of somewhere"
    assert max(map(len, lines)) <= 80
    assert "takes in  [batch, features]" in lines
    assert "  width  a whole number; required" in lines
    assert "  bias   default true" in lines
    assert lines[-1] == "  - Layer: [3, bias: false]"
    assert not any(line != line.rstrip() for line in lines)


def test_a_pipe_gets_the_same() -> None:
    assert shown(EXPLANATION, 4096) == shown(EXPLANATION)


def test_brackets_are_no_markup() -> None:
    text = shown(Explanation("[bold]x[/bold]", "[red]kind[/red]", "[link=a]b[/link]", example="- [i]\n"))
    for part in ("[bold]x[/bold]", "[red]kind[/red]", "[link=a]b[/link]", "- [i]"):
        assert part in text


def test_groups() -> None:
    out = io.StringIO()
    streams = Streams(Console(file=out, width=80), Console(file=io.StringIO()), live=False)
    show_groups(streams, {"first": ["a-b", "c"] * 30, "second": ["d"]})
    lines = out.getvalue().splitlines()
    assert (lines[0], lines[-2:]) == ("first", ["second", "  d"])
    assert max(map(len, lines)) <= 80 and "a-" not in {line.split()[-1] for line in lines if line}
