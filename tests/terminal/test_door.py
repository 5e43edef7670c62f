from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.errors import Exit
from nncli.messages.catalogue import failure
from nncli.terminal.door import through_door
from nncli.terminal.streams import Streams, _console


def _answer(command: Callable[[], int], *, debug: bool = False) -> tuple[int, str]:
    err = io.StringIO()
    consoles = _console(io.StringIO(), strict=True), _console(err, strict=False)
    return through_door(command, Streams(*consoles, live=False), debug), err.getvalue()


def _raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


def test_the_code_of_a_command_is_handed_on() -> None:
    assert _answer(lambda: 1) == (1, "")


def test_a_refusal_is_said_with_its_hint() -> None:
    code, err = _answer(_raising(failure("output-exists", file="[b]out.csv")))
    assert code == 8
    assert err == "error[output-exists]: `[b]out.csv` exists\nhint: `--overwrite` replaces it\n"


def test_an_interruption_has_a_code_of_its_own() -> None:
    assert _answer(_raising(KeyboardInterrupt())) == (130, "interrupted\n")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 8 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    ],
)
def test_memory_that_ran_out_is_no_bug(error: Exception) -> None:
    code, err = _answer(_raising(error))
    assert code == 6
    assert err.startswith("error[memory-exhausted]: the memory is exhausted: ")


def test_a_bug_says_where_and_shows_no_traceback() -> None:
    code, err = _answer(_raising(ValueError("odd \x1b[2J value")))
    assert code == 70
    assert err.startswith("error[bug]: nncli failed at test_door.py:")
    assert "ValueError: odd \\x1b[2J value\n" in err
    assert err.endswith("hint: the same command with --debug shows the traceback for a report\n")


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    _answer(_raising(ValueError("odd")), debug=True)
    assert "Traceback" in capsys.readouterr().err


def test_a_path_that_the_system_refuses_is_no_bug(tmp_path: Path) -> None:
    def touch() -> int:
        return int((tmp_path / ("a" * 300)).is_dir())

    code, err = _answer(touch)
    assert code == Exit.USAGE
    assert "error[file-unreadable]: cannot read" in err and "file name too long" in err
