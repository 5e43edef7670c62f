from __future__ import annotations

import io
from typing import TextIO, cast

import pytest
from rich.console import Console
from rich.table import Table

from nncli.errors import ResourceError
from nncli.terminal.streams import Streams, _console
from tests.end_to_end.program import strict_json


class Terminal(io.StringIO):
    """A terminal that remembers what it was sent."""

    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    """A stream that takes a few writes and then fails."""

    name = "<stdout>"

    def __init__(self, error: OSError, writes: int) -> None:
        super().__init__()
        self.error, self.left, self.tried = error, writes, 0

    def write(self, text: str) -> int:
        self.tried += 1
        if self.tried > self.left:
            raise self.error
        return super().write(text)


def _streams(out: TextIO, err: TextIO | None = None, *, live: bool = False) -> Streams:
    consoles = _console(out, strict=True), _console(err or io.StringIO(), strict=False)
    return Streams(*consoles, live=live)


def test_data_is_as_it_is_in_a_pipe_and_spelt_out_on_a_terminal() -> None:
    text = "kind\n\x1b]0;title\x07\x9b5m,\u202e[red]é🌱\n"
    pipe, terminal = io.StringIO(), Terminal()
    _streams(pipe).data(text)
    _streams(terminal).data(text)
    assert pipe.getvalue() == text
    assert terminal.getvalue() == "kind\n\\x1b]0;title\\x07\\x9b5m,\\u202e[red]é🌱\n"


def test_documents_are_ascii_and_have_null_for_what_is_not_finite() -> None:
    out = io.StringIO()
    _streams(out).document({"version": 1, "a": float("nan"), "b": [float("inf"), {"c": "é\x9b"}]})
    assert out.getvalue().isascii()
    assert out.getvalue().endswith("}\n")
    assert strict_json(out.getvalue()) == {"version": 1, "a": None, "b": [None, {"c": "é\x9b"}]}


def test_titles_are_never_wrapped_and_tables_carry_no_blanks_at_their_ends() -> None:
    out = io.StringIO()
    streams = _streams(out)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("a", "b")
    table.add_row("a", "longer")
    streams.title("a title [bold] much wider than the table below it")
    streams.table(table)
    assert out.getvalue() == "a title [bold] much wider than the table below it\na  b\na  longer\n"


def test_a_terminal_that_is_too_narrow_breaks_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out = io.StringIO()
    streams = _streams(out)
    assert streams.out.width == 20
    table = Table(*("class" for _ in range(30)), box=None)
    table.add_row(*("1234567" for _ in range(30)))
    streams.table(table)
    assert out.getvalue().count("1234567") == 30
    assert streams.out.width == 20


def test_a_reader_that_left_is_no_error() -> None:
    gone = Broken(BrokenPipeError(), writes=1)
    streams = _streams(gone)
    for text in ("one\n", "two\n", "three\n"):
        streams.data(text)
    streams.document({"version": 1})
    streams.title("title")
    assert gone.getvalue() == "one\n"
    assert gone.tried == 2


def test_data_that_is_lost_is_an_error() -> None:
    with pytest.raises(ResourceError) as caught:
        _streams(Broken(OSError(28, "No space left on device"), writes=0)).data("row\n")
    (problem,) = caught.value.problems
    assert problem.code == "disk-failed"
    assert problem.facts == {"file": "stdout", "reason": "No space left on device"}


def test_what_a_person_reads_may_get_lost() -> None:
    gone = Broken(OSError(5, "Input/output error"), writes=0)
    streams = _streams(io.StringIO(), gone)
    streams.say("nobody reads this")
    streams.say("nor this")
    assert gone.tried == 1


def test_say_spells_out_and_keeps_quiet_when_told_to() -> None:
    err = io.StringIO()
    _streams(io.StringIO(), err).say("run \x1b[2J [b]x[/b] :smile: " + "w" * 200)
    assert err.getvalue() == "run \\x1b[2J [b]x[/b] :smile: " + "w" * 200 + "\n"
    consoles = Console(file=io.StringIO()), Console(file=cast(TextIO, err))
    before = err.getvalue()
    Streams(*consoles, live=False, quiet=True).say("nothing")
    assert err.getvalue() == before


@pytest.mark.parametrize(("live", "shown"), [(True, "\x1b[?25h\n"), (False, "")])
def test_the_cursor_comes_back_where_it_was_hidden(live: bool, shown: str) -> None:
    err = io.StringIO()
    _streams(io.StringIO(), err, live=live).restore_terminal()
    assert err.getvalue() == shown
