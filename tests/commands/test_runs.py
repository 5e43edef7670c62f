from __future__ import annotations

import json
from pathlib import Path

import pytest

from nncli.terminal.figures import duration
from tests.end_to_end.program import invoke
from tests.runs.test_listing import SPEC, trained


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs, the second of which is better."""
    path = tmp_path_factory.mktemp("runs")
    trained(path)
    trained(path, "--set", "training.optimizer.AdamW.lr=0.1", "--epochs", "9")
    return path


def test_the_list_is_filtered_and_sorted(folder: Path) -> None:
    plain = invoke(folder, "runs")
    assert (plain.code, plain.err) == (0, "")
    lines = plain.out.splitlines()
    assert lines[0].split() == ["run", "state", "epochs", "best", "at", "trained", "started"]
    assert [line.split()[0] for line in lines[1:]] == ["runs/flowers/1", "runs/flowers/2"]
    best = invoke(folder, "runs", "--sort", "validation.loss", "--last", "1").out.splitlines()[1]
    assert best.startswith("runs/flowers/2") and "validation.loss" in best
    accuracy = json.loads(invoke(folder, "runs", "--sort", "validation.accuracy", "--json").out)["runs"]
    assert accuracy[-1]["best"] == max(each["best"] for each in accuracy)
    assert len(invoke(folder, "runs", "--name", "flo*", "--state", "done").out.splitlines()) == 3
    nothing = invoke(folder, "runs", "--name", "x*")
    assert len(nothing.out.splitlines()) == 1 and "none of 2 runs is like that" in nothing.err


def test_two_runs_are_compared(folder: Path) -> None:
    answer = invoke(folder, "runs", "--diff", "runs/flowers/1", "runs/flowers/2")
    assert answer.code == 0
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["training.epochs", "3", "9"] in rows and ["training.optimizer.AdamW.lr", "0.01", "0.1"] in rows
    document = json.loads(invoke(folder, "runs", "--diff", "runs/flowers/1", "runs/flowers/2", "--json").out)
    assert document["spec"]["training.epochs"] == ["3", "9"] and document["data"] == {}


def test_the_end_of_a_run_and_the_list_tell_the_same_time(tmp_path: Path) -> None:
    (tmp_path / "flowers.yaml").write_text(SPEC)
    for more in (("--epochs", "2"), ("--epochs", "4", "--resume")):
        answer = invoke(tmp_path, "train", "flowers.yaml", "--run", "run", *more)
        assert answer.code == 0, answer.err
        (run,) = json.loads(invoke(tmp_path, "runs", ".", "--json").out)["runs"]
        told = next(line for line in answer.err.splitlines() if line.startswith("trained"))
        assert told.endswith(f" in {duration(run['seconds'])} of training")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nowhere",), "runs-none"),
        (("--state", "dne"), "run-state"),
        (("--sort", "validation.acc"), "figure-of-no-run"),
        (("--diff", "runs/flowers/1", "runs/flowers/7"), "run-missing"),
    ],
)
def test_what_is_not_there_is_said(folder: Path, arguments: tuple[str, ...], code: str) -> None:
    answer = invoke(folder, "runs", *arguments)
    assert answer.code != 0 and f"error[{code}]" in answer.err, answer.err


def test_listing_does_not_wait_for_torch(folder: Path) -> None:
    import subprocess
    import sys

    script = "import sys; from nncli.commands import runs; assert 'torch' not in sys.modules"
    assert (
        subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False).returncode
        == 0
    )
