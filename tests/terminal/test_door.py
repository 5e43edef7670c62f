from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from nncli.errors import Exit
from nncli.messages.catalogue import failure, hint_of, message_of
from nncli.terminal.door import through_door
from nncli.terminal.exhausted import exhausted
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


def test_memory_that_ran_out_comes_with_figures_and_what_to_type() -> None:
    text = (
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried "
    )
    (problem,) = exhausted(f"{text}to allocate 67108864 bytes.", batch_size=64).problems
    assert re.fullmatch(
        r"the memory is exhausted: 64\.0 MiB more were asked for; "
        r"this process had [\d.]+ [MG]iB, and [\d.]+ [MGT]iB are free",
        message_of(problem),
    )
    assert hint_of(problem).endswith(": --set training.batch_size=32 --set training.accumulate=2")
    (problem,) = exhausted("").problems
    assert "no more was given; this process had" in message_of(problem)
    assert hint_of(problem) == "a smaller `training.batch_size` needs less"
    (problem,) = exhausted(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 1 GiB free.\nMore"
    ).problems
    assert message_of(problem).endswith("Tried to allocate 2.00 GiB. GPU 0 has 1 GiB free.")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_memory_of_a_gpu_that_ran_out_is_no_bug() -> None:
    def ask() -> int:
        return len(torch.empty(2**44, device="cuda"))

    code, err = _answer(ask)
    assert code == 6 and "error[memory-exhausted]" in err and "GiB" in err


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
