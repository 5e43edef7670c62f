"""Layers of people's own, from `--code` to every use of the network that has them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import nncli
from nncli.errors import UsageError
from nncli.runs.info import read_run, update_state
from nncli.runs.weights_file import read_weights
from tests.code_files import LAYERS, write
from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke, process, results
from tests.end_to_end.specs import FLOWERS, write_flowers

SPEC = FLOWERS.replace("Linear: 8", "Gated: 8")
CODE = ("--code", "layers.py")
ROW = {"length": 3.1, "width": 1.2, "colour": "red"}


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("gated")
    write_flowers(folder, SPEC)
    write(folder)
    answer = invoke(folder, "train", "flowers.yaml", *CODE, "--run", "run", "--threads", 1)
    assert answer.code == 0, answer.err
    return Trained(folder, folder / "run", answer)


def test_a_run_notes_what_it_ran(gated: Trained) -> None:
    (file, digest), *_ = read_run(gated.run).code.items()
    assert file == "../layers.py"
    assert json.loads(read_weights(gated.run / "model.safetensors").metadata["nncli.code"]) == {
        "layers.py": digest
    }
    assert gated.answer.err.endswith("next: nncli evaluate run --code layers.py\n")
    assert sorted(path.name for path in gated.folder.iterdir()) == [
        *("flowers.csv", "flowers.yaml", "layers.py", "run"),
    ]


def test_a_file_that_no_layer_comes_from_is_not_asked_for_again(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    write(tmp_path)
    assert invoke(tmp_path, "train", "flowers.yaml", *CODE, "--run", "run", "--epochs", 1).code == 0
    assert "nncli.code" not in read_weights(tmp_path / "run" / "model.safetensors").metadata
    assert invoke(tmp_path, "evaluate", "run").code == 0


USES = [
    ("check", "flowers.yaml"),
    ("summary", "flowers.yaml"),
    ("evaluate", "run"),
    ("predict", "run", "flowers.csv"),
    ("inspect-gradients", "run"),
    ("inspect-gradients", "flowers.yaml"),
    ("export", "run", "--overwrite", "--output", "new.safetensors"),
    ("export", "flowers.yaml", "--overwrite", "--output", "new.pt2"),
]


@pytest.mark.parametrize("words", USES, ids=" ".join)
def test_every_use_takes_the_file_and_asks_for_it(words: tuple[str, ...], gated: Trained) -> None:
    assert invoke(gated.folder, *words, *CODE).code == 0
    answer = invoke(gated.folder, *words)
    if "run" in words:
        assert answer.code == 2
        assert answer.err.startswith("error[code-missing]: the network of run has layers of layers.py\n")
        assert "hint: add `--code layers.py`" in answer.err
    else:
        assert answer.code == 3
        assert "error[layer-unknown]: there is no layer `Gated`" in answer.err
        assert "your own come in by `--code FILE.py`" in answer.err


def test_a_file_that_changed_is_refused(gated: Trained, tmp_path: Path) -> None:
    changed = write(tmp_path, LAYERS.replace("1.5", "2.5"))
    answer = invoke(gated.folder, "evaluate", "run", "--code", changed)
    assert answer.code == 2
    assert answer.err.startswith("error[code-differs]: layers.py is not the file that run was trained with")
    again = invoke(gated.folder, "train", "flowers.yaml", "--run", "run", "--resume", "--code", changed)
    assert again.code == 5
    assert "error[run-differs]: run was made with another value of --code: layers.py " in again.err


def test_the_same_file_by_another_name_is_taken(gated: Trained, tmp_path: Path) -> None:
    assert invoke(gated.folder, "evaluate", "run", "--code", write(tmp_path, name="mine.py")).code == 0


def test_an_interrupted_run_goes_on_with_its_code_alone(tmp_path: Path) -> None:
    write_flowers(tmp_path, SPEC)
    write(tmp_path)
    train = ("train", "flowers.yaml", "--run", "run", "--threads", 1)
    assert invoke(tmp_path, *train, *CODE).code == 0
    before = results(tmp_path / "run")
    # A run that was killed before its last checkpoint.
    newest = max((tmp_path / "run" / "checkpoints").iterdir())
    update_state(tmp_path / "run", "running")
    for path in newest.iterdir():
        path.unlink()
    newest.rmdir()
    (tmp_path / "run" / "model.safetensors").unlink()
    without = invoke(tmp_path, *train, "--resume")
    assert without.code == 5
    assert "error[run-differs]" in without.err
    assert "hint: add `--code layers.py`" in without.err
    named = invoke(tmp_path, "evaluate", "run").err
    assert "nncli train flowers.yaml --code layers.py --run run --resume" in named
    assert invoke(tmp_path, *train, *CODE, "--resume").code == 0
    assert results(tmp_path / "run") == before


@pytest.mark.parametrize("ending", ["py", "pt2"])
def test_what_is_exported_needs_the_file_no_more(ending: str, gated: Trained, tmp_path: Path) -> None:
    output = tmp_path / f"flowers.{ending}"
    answer = invoke(gated.folder, "export", "run", *CODE, "--output", output)
    assert answer.code == 0, answer.err
    if ending == "py":
        text = output.read_text()
        assert "class Gated(nn.Module):" in text
        assert "def _squash(x):" in text
        assert "SumAndDifference" not in text
        assert "nncli_own_code" not in text


def test_a_notebook_names_the_file_too(gated: Trained) -> None:
    file = gated.folder / "layers.py"
    model = nncli.load(gated.run, code=file)
    assert nncli.load(str(gated.run), code=[str(file)]).predict(ROW) == model.predict(ROW)
    with pytest.raises(UsageError, match=r"layers\.py"):
        nncli.load(gated.run)


@pytest.mark.parametrize("text", ["[]", '{"layers.py": 1}', "{"])
def test_metadata_that_name_no_files_are_refused(text: str, gated: Trained, tmp_path: Path) -> None:
    from nncli.runs.weights_file import write_weights

    weights = read_weights(gated.run / "model.safetensors")
    write_weights(tmp_path / "odd.safetensors", weights.tensors, {**weights.metadata, "nncli.code": text})
    (tmp_path / "rows.csv").write_text("length,width,colour\n1,2,red\n")
    answer = invoke(tmp_path, "predict", "odd.safetensors", "rows.csv")
    assert answer.code == 5
    assert "carries no usable nncli.code" in answer.err


def test_a_layer_that_fails_while_it_trains_is_no_bug_of_nncli(tmp_path: Path) -> None:
    write_flowers(tmp_path, SPEC)
    write(tmp_path, LAYERS.replace("return _squash", "assert len(x) < 3, 'too many'\n        return _squash"))
    answer = process(tmp_path, "train", "flowers.yaml", *CODE, "--run", "run")
    assert answer.code == 2
    assert "error[code-raised]: layers.py:19 raised AssertionError: too many\n" in answer.err


def test_nothing_runs_that_was_not_named(tmp_path: Path) -> None:
    """A file beside the spec, with the very name of the layer, is not opened."""
    write_flowers(tmp_path, SPEC)
    for name in ("layers.py", "Gated.py", "flowers.py", "__init__.py", "sitecustomize.py"):
        write(tmp_path, f"open('ran', 'w')\n{LAYERS}", name)
    command = [sys.executable, "-P", "-m", "nncli", "check", "flowers.yaml"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 3
    assert not (tmp_path / "ran").exists()
