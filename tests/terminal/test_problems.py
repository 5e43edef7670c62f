from __future__ import annotations

import io

from nncli.errors import Place, Problem
from nncli.terminal.problems import as_document, show_problem
from nncli.terminal.streams import Streams, _console


def _shown(problem: Problem, quiet: bool = False) -> str:
    err = io.StringIO()
    consoles = _console(io.StringIO(), strict=True), _console(err, strict=False)
    show_problem(Streams(*consoles, live=False, quiet=quiet), problem)
    return err.getvalue()


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
