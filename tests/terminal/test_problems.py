from __future__ import annotations

import io

import pytest
from rich.console import Console

from nncli.errors import Place, Problem
from nncli.terminal.problems import as_document, show_problem
from nncli.terminal.streams import Streams, _console


def _shown(problem: Problem, quiet: bool = False) -> str:
    err = io.StringIO()
    consoles = _console(io.StringIO(), strict=True), _console(err, strict=False)
    show_problem(Streams(*consoles, live=False, quiet=quiet), problem)
    return err.getvalue()


def _on_terminal(problem: Problem, width: int) -> list[str]:
    err = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    show_problem(Streams(err, err, live=False), problem)
    assert isinstance(err.file, io.StringIO)
    return err.file.getvalue().splitlines()


def test_the_caret_stands_below_the_column() -> None:
    place = Place("net.yaml", 7, 3, "  epoch: 4")
    problem = Problem("unknown-key", place, "training.epoch", {"key": "epoch", "nearest": "epochs"})
    assert _shown(problem) == (
        "net.yaml:7:3: error[unknown-key]: there is no key `epoch` here\n"
        "      epoch: 4\n"
        "      ^\n"
        "hint: did you mean `epochs`?\n"
    )
    assert _shown(problem, quiet=True) == _shown(problem)


def test_control_characters_and_tabs_do_not_move_the_caret() -> None:
    text = "\t\x1bab: [red]é"
    lines = _shown(
        Problem("unknown-key", Place("a\x1b.yaml", 1, text.index("b:") + 1, text), "ab", {"key": "ab"})
    ).split("\n")
    assert lines[0].startswith("a\\x1b.yaml:1:4: error")
    assert lines[1] == "     \\x1bab: [red]é"
    assert lines[1][lines[2].index("^")] == "b"


def test_a_long_line_is_cut_around_the_column() -> None:
    text = "x" * 5000 + "Y" + "x" * 5000
    lines = _shown(Problem("unknown-key", Place("a.yaml", 1, 5001, text), "a", {"key": "Y"})).split("\n")
    assert len(lines[1]) <= 104
    assert lines[1][lines[2].index("^")] == "Y"


@pytest.mark.parametrize("at", [1, 40, 300, 590, 600])
@pytest.mark.parametrize("width", [30, 80])
def test_a_line_wider_than_the_terminal_is_cut_around_the_caret(at: int, width: int) -> None:
    text = "x" * (at - 1) + "Y" + "x" * (600 - at)
    lines = _on_terminal(Problem("unknown-key", Place("a", 1, at, text), "a", {"key": "Y"}), width)
    caret = next(number for number, each in enumerate(lines) if each.strip() == "^")
    line = lines[caret - 1]
    assert len(line) == width and line[lines[caret].index("^")] == "Y"
    half = (width - 4) // 2
    assert line.startswith("    …") is (at - 1 > half) and line.endswith("…") is (600 - at >= half)


def test_sentences_hang_below_their_text_in_a_terminal() -> None:
    known = [f"name_{number}" for number in range(30)]
    problem = Problem("unknown-key", Place("a.yaml", 1, 1, "key: 1"), "key", {"key": "key", "known": known})
    lines = _on_terminal(problem, 40)
    assert max(map(len, lines)) <= 40
    start = next(at for at, line in enumerate(lines) if line.startswith("hint: "))
    assert all(line.startswith("      name_") for line in lines[start + 1 :]) and len(lines) > start + 5
    assert " ".join(" ".join(lines[start:]).split()) == f"hint: known keys: {', '.join(known)}"


def test_wide_characters_do_not_move_the_caret() -> None:
    problem = Problem("unknown-key", Place("a", 1, 4, "名前: 1"), "a", {"key": "x"})
    _, line, caret, *_ = _on_terminal(problem, 80)
    # Each of the two characters before the colon takes two cells.
    assert (line, caret) == ("    名前: 1", "         ^")


def test_a_document_has_every_key() -> None:
    problem = Problem("output-exists", facts={"file": "out.csv"})
    assert as_document(problem) == {
        "file": None,
        "line": None,
        "column": None,
        "path": None,
        "code": "output-exists",
        "severity": "error",
        "message": "`out.csv` exists",
        "given": None,
        "inside": None,
        "flow": None,
        "hint": "`--overwrite` replaces it",
    }
