from __future__ import annotations

import os
import random
import shlex
import shutil
from pathlib import Path

import pytest

from nncli.commands.check_run import check_run
from nncli.errors import NncliError
from nncli.messages.catalogue import hint_of, message_of
from nncli.runs.info import RunState, update_state
from nncli.runs.locks import RunLock
from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers

# Damages of a run folder that are tried; `make torture` tries 500.
COUNT = min(500, int(os.environ.get("NNCLI_TORTURE", "30")))
RESUME = "nncli train flowers.yaml --run run --resume"
OFTEN = FLOWERS + "  checkpoint_every: 0s\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that is done; nobody changes it."""
    folder = tmp_path_factory.mktemp("checked")
    write_flowers(folder, OFTEN)
    answer = invoke(folder, "train", "flowers.yaml", "--run", "run", "--threads", 1)
    assert answer.code == 0, answer.err
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def _flip(path: Path, byte: int = 10) -> None:
    content = bytearray(path.read_bytes())
    content[byte] ^= 4
    path.write_bytes(content)


def test_a_run_that_is_whole_is_ok(folder: Path) -> None:
    answer = invoke(folder, "check", "run", "run/model.safetensors")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "run: ok\n"
        "  state        done\n"
        "  checkpoints  step 18, 24\n"
        "  files        6 files as run.json notes them\n"
        "run/model.safetensors: ok\n"
        "  weights      4 tensors, as the digest in the file says\n"
    )
    assert invoke(folder, "check", "run", "--json").rows() == [{"version": 1, "ok": True, "problems": []}]


@pytest.mark.parametrize(
    ("file", "code", "hint"),
    [
        ("run.json", "run-damaged", "restore run.json from a copy, or train again"),
        ("spec.yaml", "run-damaged", "write spec.yaml again: cp flowers.yaml run/spec.yaml"),
        (
            "resolved.yaml",
            "run-damaged",
            "write resolved.yaml again: nncli check flowers.yaml --resolved > run/resolved.yaml",
        ),
        ("environment.json", "run-damaged", "restore environment.json from a copy, or train again"),
        ("metrics.jsonl", "rows-changed", "restore run/metrics.jsonl from a copy"),
        (
            "model.safetensors",
            "run-weights-damaged",
            f"its checkpoints give another: {RESUME}",
        ),
        (
            "checkpoints/000024/state.json",
            "checkpoint-spoilt",
            f"that of step 18 verifies, and --resume goes on there: {RESUME}",
        ),
    ],
)
def test_what_is_damaged_is_named_with_what_to_type(file: str, code: str, hint: str, copy: Path) -> None:
    _flip(copy / "run" / file)
    answer = invoke(copy, "check", "run")
    assert (answer.code, answer.out) == (5, "")
    assert answer.err.startswith(f"error[{code}]: ") and answer.err.count("error[") == 1
    assert answer.err.endswith(f"hint: {hint}\n")


def test_what_the_hints_say_heals(copy: Path) -> None:
    for file in ("spec.yaml", "resolved.yaml", "model.safetensors"):
        _flip(copy / "run" / file)
    for _ in range(3):
        answer = invoke(copy, "check", "run")
        *words, last = shlex.split(answer.err.split("hint: ")[1].split("\n")[0].partition(": ")[2])
        if words[0] == "cp":
            shutil.copy(copy / words[1], copy / last)
        elif words[-1] == ">":
            (copy / last).write_text(invoke(copy, *words[1:-1]).out)
        else:
            assert invoke(copy, *words[1:], last).code == 0
    assert invoke(copy, "check", "run", "--replay", 6).code == 0


def test_a_resolved_spec_that_was_changed_is_stated_again_by_resume(copy: Path, folder: Path) -> None:
    (copy / "run" / "resolved.yaml").write_text("name: other\n")
    (copy / "run" / "model.safetensors").unlink()
    assert invoke(copy, "train", "flowers.yaml", "--run", "run", "--resume").code == 0
    assert (copy / "run" / "resolved.yaml").read_bytes() == (folder / "run" / "resolved.yaml").read_bytes()


def test_a_run_that_was_killed_is_told_with_what_to_type(copy: Path) -> None:
    update_state(copy / "run", "running")
    with RunLock(copy / "run"):
        lines = invoke(copy, "check", "run").out.splitlines()
        assert lines[1] == "  state        training" and "next" not in lines[-1]
    lines = invoke(copy, "check", "run").out.splitlines()
    assert lines[1] == "  state        killed: it says that it trains, and no process does"
    assert lines[-1] == f"  next         {RESUME}"
    update_state(copy / "run", "interrupted")
    assert invoke(copy, "check", "run").out.endswith(f"  next         {RESUME}\n")


@pytest.mark.parametrize("state", ["running", "interrupted", "failed"])
def test_a_run_that_saved_nothing_is_sent_round_no_circle(state: RunState, copy: Path) -> None:
    (copy / "run" / "model.safetensors").unlink()
    shutil.rmtree(copy / "run" / "checkpoints")
    update_state(copy / "run", state)
    checked = invoke(copy, "check", "run")
    assert checked.code == 0 and checked.out.endswith(f"  next         {RESUME}\n")
    answer = invoke(copy, "evaluate", "run")
    assert answer.code == 5 and "error[run-unsaved]: run has no weights yet" in answer.err
    assert answer.err.endswith(f"train{'s it again' if state == 'failed' else 's it'}: {RESUME}\n")
    assert ("`nncli inspect-gradients run` says why" in answer.err) is (state == "failed")
    assert invoke(copy, *shlex.split(RESUME)[1:]).code == 0
    assert invoke(copy, "evaluate", "run").code == 0


def test_a_run_without_weights_that_trains_is_waited_for(copy: Path) -> None:
    (copy / "run" / "model.safetensors").unlink()
    shutil.rmtree(copy / "run" / "checkpoints")
    update_state(copy / "run", "running")
    with RunLock(copy / "run"):
        answer = invoke(copy, "evaluate", "run")
    assert answer.code == 5 and "hint: wait for its first checkpoint" in answer.err


def test_checkpoints_that_somebody_removed_are_missed(copy: Path) -> None:
    shutil.rmtree(copy / "run" / "checkpoints")
    answer = invoke(copy, "check", "run")
    assert answer.code == 5 and "error[checkpoints-gone]" in answer.err


def test_every_damage_of_a_run_folder_is_noticed(copy: Path) -> None:
    """Flips single bits and cuts files short, all over the folder, bytes alike likely."""
    run, draws = copy / "run", random.Random(7)
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.name != ".lock")
    sizes = [path.stat().st_size for path in files]
    for number in range(COUNT):
        # Every file comes by turns, so that small ones are damaged too.
        path = files[number % len(files)] if number % 2 else draws.choices(files, sizes)[0]
        content = path.read_bytes()
        if number % 3:
            damaged = bytearray(content)
            damaged[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
            path.write_bytes(damaged)
        else:
            path.write_bytes(content[: draws.randrange(len(content))])
        with pytest.raises(NncliError) as caught:
            check_run(run, 0, None)
        assert caught.value.exit_code == 5, (number, path)
        assert all(message_of(problem) for problem in caught.value.problems)
        path.write_bytes(content)
    assert check_run(run, 0, None).lines[0].endswith("run: ok")


def test_steps_done_again_give_the_recorded_losses(folder: Path) -> None:
    answer = invoke(folder, "check", "run", "--replay", 6)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith(
        "  replay       6 steps from step 18 give the recorded losses and the next checkpoint, bit for bit\n"
    )
    assert (
        "4 steps from step 18 give the recorded losses, bit"
        in invoke(folder, "check", "run", "--replay", 4).out
    )


def test_more_steps_than_were_recorded_are_refused(folder: Path) -> None:
    answer = invoke(folder, "check", "run", "--replay", 7)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith("hint: the longest stretch has 6 steps: --replay 6\n")


@pytest.mark.parametrize("target", ["flowers.yaml", "run/model.safetensors"])
def test_only_a_run_can_be_replayed(target: str, folder: Path) -> None:
    answer = invoke(folder, "check", target, "--replay", 1)
    assert (answer.code, answer.out) == (2, "")
    assert "error[replay-needs-run]" in answer.err


def test_other_data_is_refused_before_a_replay(copy: Path) -> None:
    table = (copy / "flowers.csv").read_text()
    (copy / "flowers.csv").write_text(table.replace("0.50", "0.51"))
    answer = invoke(copy, "check", "run", "--replay", 1)
    assert answer.code == 4 and "error[data-changed]" in answer.err
    assert "0.51" not in answer.err


def test_a_short_run_is_replayed_from_its_beginning(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--threads", 1).code == 0
    answer = invoke(tmp_path, "check", "run", "--replay", 24)
    assert "24 steps from step 0 give the recorded losses and the next checkpoint" in answer.out, answer.err


def test_a_checkpoint_of_another_release_is_told(copy: Path) -> None:
    (copy / "run" / "checkpoints" / "000024" / "manifest.json").write_text('{"version": 9}')
    with pytest.raises(NncliError) as caught:
        check_run(copy / "run", 0, None)
    (problem,) = caught.value.problems
    assert problem.code == "checkpoint-newer" and "nncli" in hint_of(problem)
