"""Runs that are killed or stopped end with the same bits as a run that nobody disturbed."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from nncli.runs.rows import read_rows
from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import Answer, contents, interrupted, process, results

KILLS = int(os.environ.get("NNCLI_TORTURE_KILLS", "2"))
STEPS = 12 * 157


def _arguments(run: Path) -> tuple[object, ...]:
    return "train", "stateful.yaml", "--run", run, "--resume", "--threads", 1


def _continued_at(answer: Answer) -> int:
    found = re.search(r"continuing at step ([\d,]+) of ([\d,]+)", answer.err)
    assert found, answer.err
    assert int(found[2].replace(",", "")) == STEPS
    return int(found[1].replace(",", ""))


def test_a_killed_run_ends_with_the_same_bits_and_repeats_no_step(stateful: Trained) -> None:
    run, reached = stateful.folder / "killed", 0
    for kill in range(KILLS):
        # One to three more epochs and then the end, wherever the process is by then.
        answer = interrupted(stateful.folder, 1 + kill % 3, [signal.SIGKILL], *_arguments(run))
        if answer.code == 0:
            break
        assert answer.code == -signal.SIGKILL, answer.err
        if kill:
            assert _continued_at(answer) >= reached > 0
        assert all(row["step"] > reached for row in answer.rows())
        # What was told to the reader is saved: the next process must not run it again.
        reached = answer.rows()[-1]["step"]
    answer = process(stateful.folder, *_arguments(run), "--json")
    assert answer.code == 0, answer.err
    assert _continued_at(answer) >= reached > 0
    assert all(row["step"] > reached for row in answer.rows() if row["kind"] == "epoch")
    assert results(run) == results(stateful.run)
    assert (run / "resolved.yaml").read_bytes() == (stateful.run / "resolved.yaml").read_bytes()


def test_a_run_that_signals_stopped_ends_with_the_same_bits(stateful: Trained) -> None:
    run, stopped_at = stateful.folder / "stopped", 0
    for number in (signal.SIGTERM, signal.SIGINT):
        answer = interrupted(stateful.folder, 2, [number], *_arguments(run))
        assert answer.code == 75, answer.err
        if stopped_at:
            assert _continued_at(answer) == stopped_at
        last = answer.rows()[-1]
        stopped_at = last["step"]
        assert last == {"version": 1, "kind": "interrupted", "run": str(run), "step": stopped_at}
        assert f"interrupted and saved at step {stopped_at:,} of {STEPS:,}" in answer.err
        assert "the same command with --resume goes on" in answer.err
        assert (run / "checkpoints" / f"{stopped_at:06}").is_dir()
    # Two signals at once: the second does not wait for the first.
    answer = interrupted(stateful.folder, 1, [signal.SIGTERM, signal.SIGINT], *_arguments(run))
    assert answer.code == 130, answer.err
    assert process(stateful.folder, *_arguments(run)).code == 0
    assert results(run) == results(stateful.run)
    events = [row["event"] for row in read_rows(run / "log.jsonl")]
    assert [event for event in events if event not in ("epoch", "checkpoint")] == [
        *("started", "interrupted", "resumed", "interrupted", "resumed", "resumed", "done")
    ]


def test_a_done_run_says_so_and_changes_nothing(stateful: Trained) -> None:
    before = contents(stateful.run)
    answer = process(stateful.folder, *_arguments(stateful.run))
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"{stateful.run} is done; nothing to do\n"
    assert contents(stateful.run) == before
