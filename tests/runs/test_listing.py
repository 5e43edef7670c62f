from __future__ import annotations

from pathlib import Path

import pytest

from nncli.doctor.recorded_runs import read_history
from nncli.errors import WeightsError
from nncli.reports.course import read_course
from nncli.runs.comparing import compare_runs
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, create_run, update_state
from nncli.runs.listing import list_runs, listed
from nncli.runs.locks import RunLock, is_held
from tests.end_to_end.program import invoke

SPEC = """\
data: builtin:iris
network: [Linear: 8, Tanh, Linear: $classes]
training: {loss: CrossEntropyLoss, optimizer: {AdamW: {lr: 1e-2}}, epochs: 3}
"""


def trained(folder: Path, *arguments: str) -> Path:
    """Trains a run of some flowers, and gives its folder."""
    (folder / "flowers.yaml").write_text(SPEC)
    assert invoke(folder, "train", "flowers.yaml", "--quiet", *arguments).code == 0
    return max((folder / "runs" / "flowers").iterdir(), key=lambda path: int(path.name))


def test_runs_stand_in_the_order_of_people_with_the_epoch_of_their_best_figure(tmp_path: Path) -> None:
    first = trained(tmp_path)
    for number in (2, 10):
        first.with_name(str(number)).mkdir()
        for path in first.iterdir():
            if path.is_file():
                (first.with_name(str(number)) / path.name).write_bytes(path.read_bytes())
    found = list_runs(tmp_path)
    assert [each.path.name for each in found] == ["1", "2", "10"]
    one = found[0]
    assert (one.name, one.state, one.epoch, one.figure) == ("flowers", "done", 3, "validation.loss")
    assert one.best is not None and one.figures is not None and one.best == one.figures["validation.loss"]
    assert one.started is not None and one.seconds > 0
    other = listed(first, "train.nothing")
    assert (other.best, other.best_epoch) == (None, 0)


def test_the_figure_is_that_of_training_and_not_a_var_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(
        "vars: {keep_best: 3}\n" + SPEC.replace("epochs: 3", "epochs: $keep_best")
    )
    assert invoke(tmp_path, "train", "net.yaml", "--run", "run", "--quiet").code == 0
    assert "  keep_best: 3" in (tmp_path / "run" / "resolved.yaml").read_text()
    assert listed(tmp_path / "run").figure == "validation.loss"


def test_a_run_that_nobody_holds_was_killed(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with RunLock(run):
        update_state(run, "running")
        assert is_held(run) and listed(run).state == "training"
    assert not is_held(run) and listed(run).state == "killed"
    before = {path.name for path in run.iterdir()}
    assert not is_held(run) and {path.name for path in run.iterdir()} == before


def test_a_damaged_run_is_told_and_hides_no_other(tmp_path: Path) -> None:
    run = trained(tmp_path)
    (tmp_path / "runs" / "other").mkdir()
    (tmp_path / "runs" / "other" / "run.json").write_text("{}")
    assert [each.state for each in list_runs(tmp_path)] == ["done", "damaged"]
    RunFolder(run).metrics.write_text("no row\n")
    assert [each.state for each in list_runs(tmp_path)] == ["damaged", "damaged"]


@pytest.mark.parametrize(
    "row",
    [
        '"epoch":"b","step":5',
        '"epoch":1',
        '"epoch":1,"step":null',
        '"epoch":1,"step":5,"train":[0.5]',
        '"epoch":1,"step":5,"train":{"loss":"low"}',
        '"epoch":1,"step":5,"train":{"loss":Infinity}',
        '"epoch":1,"step":5,"learning_rate":{"a":"b"}',
    ],
)
def test_a_row_with_other_values_is_damage(row: str, tmp_path: Path) -> None:
    info = RunInfo(nncli="0", name="net", seed=0, spec_digest="")
    run = create_run(tmp_path / "run", info, "", "", {})
    run.metrics.write_text('{"version":1,"kind":"epoch",' + row + "}\n")
    assert [each.state for each in list_runs(tmp_path)] == ["damaged"]
    answer = invoke(tmp_path, "runs", ".")
    assert answer.code == 0 and "damaged" in answer.out, answer.err
    for read in (read_course, read_history):
        with pytest.raises(WeightsError) as caught:
            read(run.path, info)
        assert caught.value.problems[0].code == "rows-damaged"


def test_what_differs_is_told_by_path(tmp_path: Path) -> None:
    first, second = (
        trained(tmp_path),
        trained(tmp_path, "--set", "training.optimizer.AdamW.lr=0.1", "--seed", "3"),
    )
    found = compare_runs([first, second])
    assert {each.what: each.values for each in found.spec} == {
        "training.optimizer.AdamW.lr": ("0.01", "0.1"),
        "training.seed": ("0", "3"),
    }
    # The seed is said once, and figures that agree are no difference.
    assert not found.data and not found.environment
    assert "train.loss" in {each.what for each in found.figures}
    assert all(len(set(each.values)) == 2 for each in found.figures)
    same = compare_runs([first, first])
    assert not same.spec and not same.figures


def test_a_column_more_is_told_by_what_its_type_takes(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,y\n" + "".join(f"{n},{n % 7},{n % 2}\n" for n in range(60)))
    paths = []
    for inputs in ("{a: number}", "{a: number, b: number}"):
        (tmp_path / "net.yaml").write_text(
            f"data: {{train: rows.csv, inputs: {inputs}, targets: {{y: category}}}}\n"
            "network: [Linear: 4, Linear: $classes]\n"
            "training: {loss: CrossEntropyLoss, optimizer: AdamW, epochs: 1}\n"
        )
        assert invoke(tmp_path, "train", "net.yaml", "--quiet").code == 0
        paths.append(tmp_path / "runs" / "net" / str(len(paths) + 1))
    told = {each.what.removeprefix("data.inputs.b.") for each in compare_runs(paths).spec}
    assert "scale" in told and not told & {"lowercase", "pad", "begin", "truncate", "augment", "resize"}
