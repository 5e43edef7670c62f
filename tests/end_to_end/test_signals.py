"""Signals in every phase of a run: exit 75 within ten seconds, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.end_to_end.phases import PHASES
from tests.end_to_end.program import environment, invoke, results
from tests.end_to_end.specs import FLOWERS, write_flowers

SPEC = FLOWERS.replace("batch_size: 16", "batch_size: 4") + "  checkpoint_every: 0s\n"
KINDS = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "twice")
# All of them by `make torture`; the others are as good as these.
FEW = {
    ("reading", "SIGTERM"),
    ("compiling", "SIGHUP"),
    ("training", "twice"),
    ("evaluating", "SIGUSR1"),
    ("saving", "SIGINT"),
}
ALL = [(phase, kind) for phase in PHASES for kind in KINDS]
CHOSEN = ALL if "NNCLI_TORTURE" in os.environ else sorted(FEW)
SECONDS = 10.0


def _sent(cwd: Path, phase: str, kind: str, *arguments: str) -> tuple[int, str, float]:
    """Starts a command that waits in a phase, sends signals, and tells how it ended and how long it took."""
    seen, its = os.pipe()
    command = [sys.executable, "-m", "tests.end_to_end.phases", phase, str(its), *arguments]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), pass_fds=[its]
        )
    finally:
        signal.signal(signal.SIGINT, before)
    os.close(its)
    with running, os.fdopen(seen, "rb") as marks:
        reached = marks.readline()
        if reached != phase.encode() + b"\n":
            _, err = running.communicate()
            raise AssertionError(f"{phase} was not reached: {err.decode()}")
        began = time.monotonic()
        if kind == "twice":
            running.send_signal(signal.SIGTERM)
            running.send_signal(signal.SIGINT)
        else:
            running.send_signal(getattr(signal, kind))
        _, err = running.communicate()
    return running.returncode, err.decode(), time.monotonic() - began


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write_flowers(folder, SPEC)
    assert invoke(folder, "train", "flowers.yaml", "--run", "run", "--threads", 1).code == 0
    return folder / "run"


@pytest.mark.skipif(os.name == "nt", reason="these signals are POSIX")
@pytest.mark.parametrize(("phase", "kind"), CHOSEN)
def test_a_signal_saves_and_the_same_command_goes_on(
    phase: str, kind: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_flowers(tmp_path, SPEC)
    # Nothing is in the cache yet, so that each phase is really there.
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path / "cache"))
    train = ("train", "flowers.yaml", "--run", "run", "--resume", "--threads", "1")
    code, err, seconds = _sent(tmp_path, phase, kind, *train)
    assert "Traceback" not in err
    assert seconds <= SECONDS
    assert code == (130 if kind == "twice" else 75), err
    if kind != "twice":
        assert err == "interrupted\n" or "goes on" in err.splitlines()[-1]
    answer = invoke(tmp_path, *train)
    assert answer.code == 0, answer.err
    assert results(tmp_path / "run") == results(whole)
    assert not list(tmp_path.rglob("*.partial"))
