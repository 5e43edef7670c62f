"""Which run a command goes on with, and when it refuses to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.commands.resuming import RunPlace
from tests.end_to_end.program import contents, invoke, results
from tests.end_to_end.specs import FLOWERS, STATEFUL, write_flowers


def _train(folder: Path, run: str, *arguments: object, code: int = 0) -> str:
    answer = invoke(folder, "train", "flowers.yaml", "--run", run, *arguments)
    assert answer.code == code, answer.err
    assert answer.out == ""
    return answer.err


def test_a_run_stopped_in_the_middle_of_epochs_ends_with_the_same_bits(
    tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    (tmp_path / "flowers.yaml").write_text(STATEFUL.replace("epochs: 12", "epochs: 3"))
    _train(tmp_path, "whole", "--threads", 1)
    for looks, reached in ((100, 100), (112, 211)):
        stop_after(looks)
        err = _train(tmp_path, "stopped", "--resume", "--threads", 1, code=75)
        assert f"interrupted and saved at step {reached} of 471" in err
    stop_after(0)
    assert "continuing at step 211 of 471" in _train(tmp_path, "stopped", "--resume", "--threads", 1)
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")


def test_resume_begins_a_run_that_never_began(tmp_path: Path, stop_after: Callable[[int], None]) -> None:
    write_flowers(tmp_path)
    err = _train(tmp_path, "new", "--resume")
    assert "continuing" not in err
    # A run that was killed before its first checkpoint has a folder and rows that nobody counts on.
    stop_after(1)
    _train(tmp_path, "cut", code=75)
    for path in sorted((tmp_path / "cut" / "checkpoints").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tmp_path / "cut" / "metrics.jsonl").write_text('{"epoch":1}\n')
    stop_after(0)
    assert "continuing" not in _train(tmp_path, "cut", "--resume")
    assert results(tmp_path / "cut") == results(tmp_path / "new")


def test_without_a_folder_the_newest_run_of_the_name_goes_on(
    tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    write_flowers(tmp_path)
    assert "run runs/flowers/1" in invoke(tmp_path, "train", "flowers.yaml").err
    stop_after(9)
    assert "run runs/flowers/2" in invoke(tmp_path, "train", "flowers.yaml").err
    stop_after(0)
    err = invoke(tmp_path, "train", "flowers.yaml", "--resume").err
    assert "run runs/flowers/2" in err
    assert "continuing at step 8 of 24" in err
    assert (
        invoke(tmp_path, "train", "flowers.yaml", "--resume").err == "runs/flowers/2 is done; nothing to do\n"
    )


@pytest.mark.parametrize("damage", [None, b"", b"cut"], ids=["lost", "emptied", "overwritten"])
def test_a_weights_file_that_is_lost_is_written_again_by_the_command_that_is_named(
    damage: bytes | None, tmp_path: Path
) -> None:
    write_flowers(tmp_path)
    _train(tmp_path, "run", "--seed", 3)
    before = results(tmp_path / "run")
    weights = tmp_path / "run" / "model.safetensors"
    weights.unlink() if damage is None else weights.write_bytes(damage)
    err = invoke(tmp_path, "evaluate", "run").err
    command = "nncli train flowers.yaml --set training.seed=3 --run run --resume"
    assert err.endswith(f": {command}\n")
    end = invoke(tmp_path, *shlex.split(command)[1:]).err
    assert "continuing at step 24 of 24" in end
    assert "validation.accuracy" in end
    assert results(tmp_path / "run") == before
    assert invoke(tmp_path, *shlex.split(command)[1:]).err == "run is done; nothing to do\n"


def test_the_figures_of_the_best_epoch_are_shown_after_a_resume_too(
    tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    spec = FLOWERS.replace("epochs: 4", "epochs: 20") + "  keep_best: validation.accuracy\n"
    write_flowers(tmp_path, spec)
    whole = _train(tmp_path, "whole").splitlines()
    best = next(line for line in whole if line.startswith("best"))
    # The accuracy reaches 1 before the end, and cannot rise any more.
    assert best.endswith("validation.accuracy 1.0000")
    assert "epoch 20" not in best
    stop_after(19 * 7)
    _train(tmp_path, "run", code=75)
    stop_after(0)
    resumed = _train(tmp_path, "run", "--resume").splitlines()
    table = whole[whole.index(best) : -1]
    assert len(table) == 4
    assert resumed[resumed.index(best) : -1] == table


@pytest.mark.parametrize("looks", [0, 9], ids=["done", "interrupted"])
@pytest.mark.parametrize("more", [(), ("--epochs", 6)])
def test_the_seed_of_a_run_need_not_be_given_again(
    more: tuple[object, ...], looks: int, tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    write_flowers(tmp_path)
    _train(tmp_path, "whole", "--seed", 3, *more)
    stop_after(looks)
    _train(tmp_path, "run", "--seed", 3, code=75 if looks else 0)
    stop_after(0)
    _train(tmp_path, "run", "--resume", *more)
    assert results(tmp_path / "run") == results(tmp_path / "whole")


@pytest.mark.parametrize("looks", [0, 9], ids=["done", "interrupted"])
def test_another_spec_set_or_seed_is_refused_by_name(
    looks: int, tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    spec = write_flowers(tmp_path)
    stop_after(looks)
    _train(tmp_path, "run", code=75 if looks else 0)
    stop_after(0)
    before = contents(tmp_path / "run")
    spec.write_text(FLOWERS + "# a remark\n")
    err = _train(tmp_path, "run", "--resume", "--set", "training.epochs=5", "--seed", 3, code=5)
    assert err.count("error[run-differs]") == 3
    assert "the digest of the spec" in err
    assert "--set" in err
    assert "--seed" in err
    after = contents(tmp_path / "run")
    assert {name: kept for name, kept in after.items() if name != ".lock"} == {
        name: kept for name, kept in before.items() if name != ".lock"
    }


def test_other_data_is_refused(tmp_path: Path, stop_after: Callable[[int], None]) -> None:
    write_flowers(tmp_path)
    stop_after(9)
    _train(tmp_path, "run", code=75)
    stop_after(0)
    table = (tmp_path / "flowers.csv").read_text()
    (tmp_path / "flowers.csv").write_text(table.replace("red", "green"))
    err = _train(tmp_path, "run", "--resume", code=5)
    assert err.count("error[") == 1
    assert "error[run-differs]" in err
    assert "the digest of the data" in err


def test_recorded_threads_are_taken_and_others_are_warned_of(
    tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    write_flowers(tmp_path)
    stop_after(9)
    _train(tmp_path, "run", "--threads", 1, code=75)
    assert "warning" not in _train(tmp_path, "run", "--resume", code=75)
    err = _train(tmp_path, "run", "--resume", "--threads", 2, code=75)
    assert "warning[bits-may-differ]" in err
    assert "threads: 1, now 2" in err
    recorded = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert (recorded["threads"], recorded["device"]) == (1, "cpu")


def test_a_changed_note_of_threads_is_refused(tmp_path: Path, stop_after: Callable[[int], None]) -> None:
    write_flowers(tmp_path)
    stop_after(9)
    _train(tmp_path, "run", "--threads", 1, code=75)
    path = tmp_path / "run" / "environment.json"
    path.write_text(path.read_text().replace('"threads": 1', '"threads": 2'))
    err = _train(tmp_path, "run", "--resume", code=5)
    assert "error[run-damaged]: run is damaged: environment.json is not as nncli wrote it" in err


def test_an_existing_run_is_never_overwritten(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    _train(tmp_path, "run")
    before = contents(tmp_path / "run")
    err = _train(tmp_path, "run", code=8)
    assert "error[run-exists]" in err
    assert "--resume" in err
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("precious")
    for place in ("notes", "notes/mine.txt"):
        for resume in ((), ("--resume",)):
            hint = _train(tmp_path, place, *resume, code=8).splitlines()[1]
            assert hint == "hint: it is no run folder: name another one with --run"
    assert contents(tmp_path / "run") == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    before = contents(tmp_path)
    err = _train(tmp_path, "run", "--dry-run")
    assert "one batch went forward and backward" in err
    assert "nothing was written" in err
    assert "for 24 steps" in err
    assert contents(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flowers.csv", "flowers.yaml"]


def test_a_checkpoint_that_is_damaged_is_passed_over_with_a_warning(
    tmp_path: Path, stop_after: Callable[[int], None]
) -> None:
    write_flowers(tmp_path, FLOWERS + "  checkpoint_every: 0s\n")
    _train(tmp_path, "whole")
    stop_after(9)
    _train(tmp_path, "run", code=75)
    (tmp_path / "run" / "checkpoints" / "000008" / "networks.safetensors").write_bytes(b"cut")
    stop_after(0)
    err = _train(tmp_path, "run", "--resume")
    assert "warning[checkpoint-damaged]" in err
    assert "continuing at step 6 of 24" in err
    assert results(tmp_path / "run") == results(tmp_path / "whole")


@pytest.mark.parametrize(
    ("recorded", "asked", "taken"),
    [
        ("cuda:1", "auto", "cuda"),
        ("cpu", "auto", "cpu"),
        ("cuda:0", "cpu", "cpu"),
        ("cpu", "cuda:0", "cuda:0"),
    ],
)
def test_the_recorded_kind_of_device_is_taken_unless_another_is_asked_for(
    recorded: str, asked: str, taken: str
) -> None:
    assert RunPlace(None, "net", environment={"device": recorded}).device_for(asked) == taken


def test_quiet_says_nothing_but_errors(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    assert _train(tmp_path, "run", "--quiet") == ""
    assert _train(tmp_path, "run", "--quiet", code=8).startswith("error[run-exists]")


PER_EPOCH = "  schedule: {StepLR: {step_size: 2, gamma: 0.5}}\n  average: {ema: 0.9}\n"


def test_a_finished_run_is_made_longer_as_if_it_had_been_so_from_the_start(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS + PER_EPOCH)
    _train(tmp_path, "whole", "--epochs", 6)
    _train(tmp_path, "run")
    err = _train(tmp_path, "run", "--resume", "--epochs", 6)
    assert "the run is made longer, from 4 to 6 epochs; the schedule goes on where it stands\n" in err
    assert results(tmp_path / "run") == results(tmp_path / "whole")
    for file in ("resolved.yaml",):
        assert (tmp_path / "run" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    assert _train(tmp_path, "run", "--resume", "--epochs", 6) == "run is done; nothing to do\n"
    err = _train(tmp_path, "run", "--resume", "--epochs", 5, code=2)
    assert "run was begun with 6 epochs, and 5 were asked for" in err


PHASES = """  phases:
    - {epochs: 1, optimizer: {SGD: {lr: 0.1}}, schedule: {CosineAnnealingLR: {}}}
    - {epochs: 2, schedule: {StepLR: {step_size: 2, gamma: 0.5}}}
"""


def test_a_run_with_phases_is_made_longer_in_the_last_of_them(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("  epochs: 4\n", "") + PHASES)
    _train(tmp_path, "whole", "--epochs", 5)
    _train(tmp_path, "run")
    err = _train(tmp_path, "run", "--resume", "--epochs", 5)
    assert "from 3 to 5 epochs, in its last phase; the schedule goes on where it stands\n" in err
    assert results(tmp_path / "run") == results(tmp_path / "whole")
    resolved = [(tmp_path / run / "resolved.yaml").read_bytes() for run in ("run", "whole")]
    assert resolved[0] == resolved[1] and b"epochs: 4" in resolved[0]
    assert "error[run-shorter]" in _train(tmp_path, "run", "--resume", "--epochs", 4, code=2)
    err = _train(tmp_path, "short", "--epochs", 1, code=3)
    assert "error[phases-short]: `epochs` is 1, but the phases before the last one take 1" in err


def test_a_share_of_the_last_phase_keeps_a_run_from_being_made_longer(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("  epochs: 4\n", "  phases: [{epochs: 1}, {epochs: 1}]\n"))
    write_flowers(tmp_path, (tmp_path / "flowers.yaml").read_text() + "  average: {swa: 50%}\n")
    _train(tmp_path, "run")
    err = _train(tmp_path, "run", "--resume", "--epochs", 6, code=3)
    assert "error[run-length-matters]: `50%` is a share of the run" in err


def test_an_interrupted_run_is_made_longer_too(tmp_path: Path, stop_after: Callable[[int], None]) -> None:
    write_flowers(tmp_path)
    stop_after(9)
    _train(tmp_path, "run", code=75)
    stop_after(0)
    assert "from 4 to 5 epochs\n" in _train(tmp_path, "run", "--resume", "--epochs", 5)


def test_a_run_whose_schedule_is_a_share_of_it_is_not_made_longer(tmp_path: Path) -> None:
    for schedule, said in (
        ("{CosineAnnealingLR: {}}", "`T_max` of CosineAnnealingLR, left out,"),
        ("{StepLR: {step_size: 2}, warmup: 10%}", "`10%`"),
    ):
        name = said.strip("`%,")[:2]
        write_flowers(tmp_path, FLOWERS + f"  schedule: {schedule}\n")
        _train(tmp_path, name)
        err = _train(tmp_path, name, "--resume", "--epochs", 6, code=3)
        assert f"error[run-length-matters]: {said} is a share of the run" in err


def test_nothing_else_may_differ_where_a_run_is_made_longer(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    _train(tmp_path, "run")
    err = _train(tmp_path, "run", "--resume", "--epochs", 6, "--set", "training.batch_size=8", code=5)
    assert "error[run-differs]" in err
    err = _train(
        tmp_path, "run", "--resume", "--set", "training.epochs=null", "--set", "training.steps=99", code=5
    )
    assert "error[run-differs]" in err
