"""`nncli evaluate`: the right rows, the right figures, and the exit code that scripts act on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers
from tests.end_to_end.specs import flowers as table


def test_the_test_part_is_the_default_and_is_named(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "evaluate", "run")
    assert answer.code == 0
    assert answer.out.startswith("flowers on the test part, 18 rows\nloss ")
    assert "true class by row, predicted class by column\n" in answer.out
    assert answer.err == ""
    (document,) = invoke(flowers.folder, "evaluate", "run", "--json").rows()
    assert list(document) == ["version", "split", "data", "rows", "metrics", "baselines", "confusion"]
    assert (document["version"], document["split"], document["data"], document["rows"]) == (
        1,
        "test",
        None,
        18,
    )
    assert list(document["metrics"]) == ["loss", "accuracy"]
    assert document["confusion"]["classes"] == ["rose", "tulip", "weed"]


@pytest.mark.parametrize(("part", "rows"), [("train", 84), ("validation", 18), ("test", 18)])
def test_a_part_is_chosen_by_name(part: str, rows: int, flowers: Trained) -> None:
    (document,) = invoke(flowers.folder, "evaluate", "run", "--split", part, "--json").rows()
    assert (document["split"], document["rows"]) == (part, rows)


def test_validation_is_the_default_where_no_rows_are_left_for_a_test(tmp_path: Path) -> None:
    spec = FLOWERS.replace("  inputs:", "  split: {test: 0}\n  inputs:")
    write_flowers(tmp_path, spec)
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1).code == 0
    assert "on the validation part" in invoke(tmp_path, "evaluate", "run").out
    answer = invoke(tmp_path, "evaluate", "run", "--split", "test")
    assert answer.code == 4
    assert "error[part-missing]: the data has no test part; it has train, validation" in answer.err


def test_the_validation_part_gives_the_figures_that_training_saw(flowers: Trained) -> None:
    (document,) = invoke(flowers.folder, "evaluate", "run", "--split", "validation", "--json").rows()
    best = max(flowers.answer.err.splitlines(), key=lambda line: line.startswith("best "))
    assert f"{document['metrics']['loss']:.4f}" in best


@pytest.mark.parametrize(
    ("requirement", "code"),
    [("accuracy>=0", 0), ("accuracy<=1", 0), ("loss > 1e9", 1), ("accuracy>1", 1), ("loss<=1e9", 0)],
)
def test_a_requirement_decides_the_exit_code(requirement: str, code: int, flowers: Trained) -> None:
    answer = invoke(flowers.folder, "evaluate", "run", "--json", "--require", requirement)
    assert answer.code == code
    assert len(answer.rows()) == 1
    assert (f"missed: {requirement} (it is " in answer.err) == (code == 1)


def test_one_missed_requirement_is_enough(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "evaluate", "run", "--require", "loss>=0", "--require", "accuracy>1")
    assert answer.code == 1
    assert answer.err.count("missed:") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accuracy", "hint: quote it, or the shell takes the `>`: --require 'accuracy>=0.95'"),
        ("accuracy>=high", "hint: `high` is no number, as in --require 'accuracy>=0.95'"),
        ("accuracy>=nan", "`--require accuracy>=nan` is not FIGURE>=NUMBER"),
        ("accuracy=>0.9", "there are >=, <=, > and <: --require 'accuracy>=0.9'"),
        ("loss == 1", "hint: `==` is no sign here; there are >=, <=, > and <: --require 'loss>=1'"),
        ("accuracy>=90%", "hint: shares are numbers up to 1: --require 'accuracy>=0.9'"),
        ("0.9<accuracy", "hint: a figure, a sign and a number: --require 'accuracy>=0.95'"),
        ("acuracy>=0.9", "hint: did you mean `accuracy`?"),
    ],
)
def test_a_requirement_that_makes_no_sense_is_a_usage_error(text: str, said: str, flowers: Trained) -> None:
    answer = invoke(flowers.folder, "evaluate", "run", "--require", text)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_other_rows_are_evaluated_by_file(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text(table(30))
    (document,) = invoke(tmp_path, "evaluate", flowers.run, "--data", "more.csv", "--json").rows()
    assert (document["split"], document["data"], document["rows"]) == (None, "more.csv", 30)
    assert (
        "flowers on more.csv, 30 rows" in invoke(tmp_path, "evaluate", flowers.run, "--data", "more.csv").out
    )
    answer = invoke(tmp_path, "evaluate", flowers.run, "--data", "more.csv", "--split", "test")
    assert (answer.code, answer.out) == (2, "")
    answer = invoke(tmp_path, "evaluate", flowers.run, "--data", "less.csv")
    assert answer.code == 2
    assert "error[file-unreadable]: cannot read `less.csv`" in answer.err


def test_rows_without_their_target_cannot_be_evaluated(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("length,width,colour\n1,1,red\n")
    answer = invoke(tmp_path, "evaluate", flowers.run, "--data", "new.csv")
    assert answer.code == 4
    assert "error[columns-missing]" in answer.err


@pytest.mark.parametrize("content", [table().replace("rose", "secret"), "secret,secret\nx", "\x00"])
def test_data_that_changed_is_refused_and_not_read_out(
    content: str, tmp_path: Path, flowers: Trained
) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(flowers.folder, folder)
    (folder / "flowers.csv").write_text(content)
    answer = invoke(folder, "evaluate", "run")
    assert answer.code == 4
    assert "error[data-changed]" in answer.err
    assert "hint: `--data FILE` takes other rows" in answer.err
    assert "secret" not in answer.err + answer.out


def test_data_that_is_gone_is_an_error_of_the_data(tmp_path: Path, flowers: Trained) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(flowers.folder, folder)
    (folder / "flowers.csv").unlink()
    answer = invoke(folder, "evaluate", "run")
    assert answer.code == 4
    assert "error[data-gone]: `flowers.csv` cannot be read any more where the run found it" in answer.err
    assert "`--data FILE`" in answer.err


def test_a_run_moves_with_the_folder_of_its_spec(tmp_path: Path, flowers: Trained) -> None:
    folder = tmp_path / "else where"
    shutil.copytree(flowers.folder, folder)
    there, here = (invoke(place, "evaluate", "run", "--json") for place in (folder, flowers.folder))
    assert there.out == here.out


@pytest.mark.parametrize("place", ["run/flowers.csv", "flowers.csv", "here/flowers.csv"])
@pytest.mark.parametrize("stated", ["flowers.csv", "tables/flowers.csv"])
def test_a_run_that_was_moved_alone_finds_its_data_beside_it_or_here(
    stated: str, place: str, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    write_flowers(project, FLOWERS.replace("train: flowers.csv", f"train: {stated}"))
    (project / "tables").mkdir()
    (project / "flowers.csv").rename(project / stated)
    assert invoke(project, "train", "flowers.yaml", "--run", "runs/1", "--epochs", 1).code == 0
    before = invoke(project, "evaluate", "runs/1", "--json").out
    (tmp_path / "other" / "here").mkdir(parents=True)
    (project / "runs" / "1").rename(tmp_path / "other" / "run")
    here = tmp_path / "other" / "here"
    assert "error[data-gone]" in invoke(here, "evaluate", "../run").err
    (tmp_path / "other" / place).write_text(table())
    assert invoke(here, "evaluate", "../run", "--json").out == before
    (tmp_path / "other" / place).write_text(table(119))
    assert "error[data-changed]" in invoke(here, "evaluate", "../run").err


def test_a_run_and_its_exported_file_give_the_same_figures(flowers: Trained, tmp_path: Path) -> None:
    assert invoke(tmp_path, "export", flowers.run, "--output", "flowers.safetensors").code == 0
    figures = [
        invoke(tmp_path, "evaluate", source, "--data", flowers.folder / "flowers.csv", "--json").out
        for source in (flowers.run, "flowers.safetensors")
    ]
    assert figures[0] == figures[1]
    answer = invoke(tmp_path, "evaluate", "flowers.safetensors")
    assert answer.code == 4
    assert "error[data-not-recorded]" in answer.err
    assert "--data FILE" in answer.err


def test_figures_of_numbers_have_no_confusion(height: Trained) -> None:
    (document,) = invoke(height.folder, "evaluate", "run", "--json").rows()
    assert list(document["metrics"]) == ["loss", "rmse", "r2"]
    assert document["confusion"] is None
    assert "true class" not in invoke(height.folder, "evaluate", "run").out


def test_an_absolute_data_path_works_and_stays_out_of_the_weights_file(tmp_path: Path) -> None:
    elsewhere = tmp_path / "secret-place"
    write_flowers(elsewhere)
    spec = FLOWERS.replace("train: flowers.csv", f"train: {elsewhere / 'flowers.csv'}")
    (tmp_path / "flowers.yaml").write_text(spec)
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1).code == 0
    assert invoke(tmp_path, "evaluate", "run").code == 0
    assert invoke(tmp_path, "export", "run", "--output", "flowers.safetensors").code == 0
    for path in (tmp_path / "run" / "model.safetensors", tmp_path / "flowers.safetensors"):
        content = path.read_bytes()
        header = content[8 : 8 + int.from_bytes(content[:8], "little")].decode()
        assert "flowers.csv" in header
        for private in (str(tmp_path), "secret-place", Path.home().as_posix(), "root"):
            assert private not in header
