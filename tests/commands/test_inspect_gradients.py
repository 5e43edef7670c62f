"""`nncli inspect-gradients` on a run: on its own rows, and on others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers
from tests.end_to_end.specs import flowers as table


def test_findings_of_a_run_point_at_the_lines_of_its_spec(tmp_path: Path) -> None:
    layers = "  - Linear: 8\n  - Sigmoid\n" * 8
    write_flowers(tmp_path, FLOWERS.replace("  - Linear: 8\n  - ReLU\n", layers))
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1).code == 0
    (document,) = invoke(tmp_path, "inspect-gradients", "run", "--json").rows()
    (finding, *_) = document["findings"]
    assert (finding["layer"], finding["file"]) == ("linear", "run/spec.yaml")
    lines = (tmp_path / "run" / "spec.yaml").read_text().splitlines()
    assert lines[finding["line"] - 1] == "  - Linear: 8"
    assert "(run/spec.yaml:8)" in invoke(tmp_path, "inspect-gradients", "run").out


def test_dropout_is_the_same_in_every_look(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("  - ReLU\n", "  - ReLU\n  - Dropout: 0.5\n"))
    assert invoke(tmp_path, "train", "flowers.yaml", "--run", "run", "--epochs", 1).code == 0
    first, again = (invoke(tmp_path, "inspect-gradients", "run", "--json").out for _ in range(2))
    assert first == again


@pytest.mark.parametrize("source", ["run", "flowers.safetensors"])
def test_other_rows_are_taken_by_file(source: str, flowers: Trained, tmp_path: Path) -> None:
    shutil.copytree(flowers.run, tmp_path / "run")
    assert invoke(tmp_path, "export", "run", "--output", "flowers.safetensors").code == 0
    answer = invoke(tmp_path, "inspect-gradients", source)
    assert answer.code == 4
    assert "--data FILE" in answer.err
    (tmp_path / "more.csv").write_text(table(20))
    (document,) = invoke(tmp_path, "inspect-gradients", source, "--data", "more.csv", "--json").rows()
    assert [layer["name"] for layer in document["layers"]] == ["linear", "relu", "linear_2"]
    assert document["layers"][0]["gradient"]["rms"] > 0


def test_other_rows_are_no_option_of_a_spec(flowers: Trained) -> None:
    answer = invoke(flowers.folder, "inspect-gradients", "flowers.yaml", "--data", "flowers.csv")
    assert answer.code == 2
    assert "hint: `--set data.train=FILE` changes the data of a spec" in answer.err
