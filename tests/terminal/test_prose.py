from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.text import Text

from nncli.terminal.prose import wrapped

WORDS = "hint: lower the learning rate, or clip gradients: `clip_gradients: 1.0` does that"


@pytest.mark.parametrize("width", [14, 20, 33, 80, 200])
def test_lines_are_broken_between_words(width: int) -> None:
    lines = [each.plain for each in wrapped(Text(WORDS), width, 6)]
    words = " ".join(lines).split()
    assert words == WORDS.split()
    hang = 6 if width >= 12 else 0
    assert all(line.startswith(" " * hang) and line[hang] != " " for line in lines[1:])
    assert all(cell_len(line) <= width or len(line.split()) == 1 for line in lines)


def test_what_is_indented_stays_so_and_styles_stay_with_their_words() -> None:
    text = Text.assemble(("  why: ", "bold"), ("every layer is linear", "red"))
    lines = list(wrapped(text, 16, 7))
    assert [each.plain for each in lines] == ["  why: every", "       layer is", "       linear"]
    assert any(span.style == "red" for span in lines[-1].spans)


def test_a_narrow_terminal_gets_no_blanks_before_its_words() -> None:
    assert [each.plain for each in wrapped(Text("hint: one two"), 6, 6)] == ["hint:", "one", "two"]
