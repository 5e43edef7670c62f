from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nncli.errors import NncliError
from nncli.messages.catalogue import hint_of
from nncli.runs import locks
from nncli.runs.locks import RunLock

if TYPE_CHECKING:
    from tests.runs.conftest import Refused

HOLD = """
import sys
from pathlib import Path
from nncli.runs.locks import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_run_in_use_names_the_process(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(NncliError) as caught, RunLock(tmp_path):
        pass
    holder.communicate("")
    problem = caught.value.problems[0]
    assert (problem.code, caught.value.exit_code) == ("run-in-use", 8)
    assert f"kill {holder.pid}" in hint_of(problem)


def test_a_killed_process_lets_go(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()
    with RunLock(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_is_free_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with RunLock(tmp_path):
            pass


def test_two_locks_in_one_process_exclude_each_other(tmp_path: Path, refused: Refused) -> None:
    with RunLock(tmp_path), refused("run-in-use"), RunLock(tmp_path):
        pass


def test_a_planted_link_is_not_written_through(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "mine")
    with refused("file-linked"), RunLock(tmp_path / "run"):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_lock_file_of_nonsense_names_no_process(tmp_path: Path, refused: Refused) -> None:
    with RunLock(tmp_path):
        (tmp_path / ".lock").write_bytes(b"\xff; rm -rf")
        with refused("run-in-use"), RunLock(tmp_path):
            pass


def test_a_look_at_the_lock_is_no_use_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = RunLock(tmp_path).__enter__()
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        looking.__exit__(None, None, None)

    monkeypatch.setattr(locks.time, "sleep", nap)
    with RunLock(tmp_path):
        assert len(naps) == 1


def test_a_lock_that_stays_held_is_refused_soon(
    tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    naps: list[float] = []
    monkeypatch.setattr(locks.time, "sleep", naps.append)
    with RunLock(tmp_path), refused("run-in-use"), RunLock(tmp_path):
        pass
    assert 0 < sum(naps) <= 0.25


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_in_the_place_of_the_lock_hangs_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".lock")
    look = f"from pathlib import Path; from nncli.runs.locks import is_held; is_held(Path({str(tmp_path)!r}))"
    assert subprocess.run([sys.executable, "-c", look], timeout=60, check=False).returncode == 0
