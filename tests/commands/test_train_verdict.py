from __future__ import annotations

import signal
from pathlib import Path

import pytest

from nncli.doctor import after_training
from nncli.runs.info import read_run
from tests.end_to_end.program import invoke

SPEC = """\
data: builtin:iris
network: [Linear: $classes]
training: {loss: CrossEntropyLoss, optimizer: {AdamW: {lr: 1e-2}}, epochs: 1}
"""


def _raising(*_: object) -> None:
    raise ZeroDivisionError("a fault of the doctor")


@pytest.mark.parametrize("debug", [True, False])
def test_a_fault_in_judging_is_shown_with_debug_and_fails_no_run(
    debug: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after_training, "findings_after", _raising)
    (tmp_path / "spec.yaml").write_text(SPEC)
    before = ("--debug",) if debug else ()
    answer = invoke(tmp_path, *before, "train", "spec.yaml", "--run", "run")
    assert answer.code == 0 and read_run(tmp_path / "run").state == "done"
    assert ("ZeroDivisionError: a fault of the doctor" in answer.err) is debug


def test_a_signal_ends_the_judging_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    went_on = []

    def judged(*_: object) -> tuple[()]:
        # SIGINT is ignored where the tests run in the background of a shell.
        signal.raise_signal(signal.SIGTERM)
        went_on.append(True)
        return ()

    monkeypatch.setattr(after_training, "findings_after", judged)
    (tmp_path / "spec.yaml").write_text(SPEC)
    answer = invoke(tmp_path, "train", "spec.yaml", "--run", "run")
    assert answer.code == 0 and read_run(tmp_path / "run").state == "done" and not went_on
