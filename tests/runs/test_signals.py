from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from nncli.runs.signals import StopSignal

WAIT = """
import signal, sys, time
from nncli.runs.signals import StopSignal
with StopSignal(before_exit=lambda: print("tidied", flush=True)) as stop:
    print("ready", flush=True)
    while stop.requested is None:
        signal.sigtimedwait([], 0.01)
    print(stop.requested, flush=True)
    while True:
        signal.sigtimedwait([], 0.01)
"""


@pytest.fixture(autouse=True)
def attentive() -> Iterator[None]:
    """A shell's background job begins with SIGINT ignored, and so would these tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _started(code: str = WAIT, *before: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([*before, sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_the_first_signal_is_only_noted(name: str) -> None:
    number = getattr(signal, name)
    # Under nohup a hang-up is ignored, and stays so.
    before = signal.signal(number, signal.default_int_handler)
    with StopSignal() as stop:
        assert stop.requested is None
        os.kill(os.getpid(), number)
        assert stop.requested == name
    assert signal.signal(number, before) is signal.default_int_handler


def test_the_second_signal_ends_at_once() -> None:
    process = _started()
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "SIGTERM\n"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=10)
    assert rest == "tidied\n"
    assert process.returncode == 130


def test_the_first_signal_breaks_where_nothing_can_be_saved_yet() -> None:
    with StopSignal(is_breaking=True) as outer:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGUSR1)
        # A library that swallowed it cannot make the loop inside forget it.
        with StopSignal() as inner:
            assert inner.requested == outer.requested == "SIGUSR1"


def test_the_echo_of_one_signal_is_no_second_one() -> None:
    with StopSignal() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested == "SIGTERM"


def test_nohup_keeps_ignoring_the_hangup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignal() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.requested is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_nothing_is_installed() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def look() -> None:
        with StopSignal() as stop:
            seen.extend([stop.requested, signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [None, before]
