"""Every exit code is reached by a real command, says why, and leaves nothing half-written.

75 and 130 are those of test_interruptions.py and test_predict.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nncli.runs.info import update_state
from nncli.runs.locks import RunLock
from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke, process
from tests.end_to_end.specs import FLOWERS, write_flowers

GIANT = FLOWERS.replace("Linear: 8", "Linear: 200000000000")


def test_a_spec_is_refused_with_3(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("ReLU", "Relu") + "  patience: 5\n")
    answer = process(tmp_path, "train", "flowers.yaml")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.count("error[") == 2
    assert "flowers.yaml:9:5: error[" in answer.err
    assert not (tmp_path / "runs").exists()


def test_data_is_refused_with_4_at_its_line(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    (tmp_path / "flowers.csv").write_text("length,width,colour,kind\n1,2,red,rose\n1,wide,red,rose\n" * 9)
    answer = process(tmp_path, "train", "flowers.yaml")
    assert (answer.code, answer.out) == (4, "")
    assert "wide" in answer.err
    assert not (tmp_path / "runs").exists()


def test_weights_are_refused_with_5(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"PK\x03\x04 a pickle of somebody")
    answer = process(tmp_path, "evaluate", "model.safetensors")
    assert (answer.code, answer.out) == (5, "")
    assert "error[weights-pickle]" in answer.err


def test_a_network_larger_than_memory_is_refused_with_6(tmp_path: Path) -> None:
    write_flowers(tmp_path, GIANT)
    answer = process(tmp_path, "train", "flowers.yaml", "--json")
    assert answer.code == 6
    (row,) = answer.rows()
    assert (row["version"], row["kind"], row["exit"]) == (1, "failed", 6)
    assert row["message"] in answer.err
    assert not (tmp_path / "runs").exists()


def test_a_run_that_diverges_ends_with_7_and_keeps_what_was_good(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("AdamW: {lr: 3e-2}", "SGD: {lr: 1e30}"))
    answer = process(tmp_path, "train", "flowers.yaml", "--run", "run", "--json")
    assert answer.code == 7
    row = answer.rows()[-1]
    assert (row["kind"], row["exit"]) == ("failed", 7)
    assert "error[diverged]" in answer.err
    assert re.search(r"its batch: flowers\.csv:\d+, flowers\.csv:\d+", row["message"])
    assert '"state": "failed"' in (tmp_path / "run" / "run.json").read_text()


def test_a_run_in_use_is_refused_with_8(flowers: Trained, tmp_path: Path) -> None:
    write_flowers(tmp_path)
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1).code == 0
    update_state(tmp_path / "run", "running")
    with RunLock(tmp_path / "run"):
        answer = process(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1, "--resume")
    assert (answer.code, answer.out) == (8, "")
    assert "error[run-in-use]" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("train",),
        ("train", "absent.yaml"),
        ("train", "flowers.yaml", "--epochs", "0"),
        ("train", "flowers.yaml", "--set", "training.epochs"),
        ("train", "flowers.yaml", "--device", "cuda:77"),
        ("train", "flowers.yaml", "--device", "tpu"),
        ("evaluate", "absent"),
        ("evaluate", "absent", "--split", "tests"),
        ("predict", "absent", "rows.csv"),
        ("predict", "absent", "rows.csv", "--format", "excel"),
        ("export", "absent", "--output", "x.safetensors", "--format", "onnx"),
        ("check", "flowers.yaml", "--resolved", "--json"),
        ("init", "builtin:irs"),
        ("init", "builtin:iris", "--output", "absent/iris.yaml"),
        ("init", "absent.csv"),
        ("trian", "flowers.yaml"),
    ],
    ids=" ".join,
)
def test_a_command_line_is_refused_with_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    write_flowers(tmp_path)
    answer = invoke(tmp_path, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err
    assert "Traceback" not in answer.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flowers.csv", "flowers.yaml"]


@pytest.mark.parametrize("verb", ["predict", "export"])
def test_a_folder_that_is_not_there_is_said_before_any_work(verb: str, flowers: Trained) -> None:
    rows = ("flowers.csv",) if verb == "predict" else ()
    output = "my files/said.csv" if verb == "predict" else "my files/said.onnx"
    answer = invoke(flowers.folder, verb, "run", *rows, "--output", output)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.endswith("hint: make it first: mkdir -p 'my files'\n")


def test_parquet_is_not_poured_into_a_terminal(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "predict", "run", "flowers.csv", "--format", "parquet")
    assert (answer.code, answer.out) == (2, "")
    assert "error[parquet-to-stdout]" in answer.err
