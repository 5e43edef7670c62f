from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nncli.runs.weights_file import read_weights
from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke


def test_a_file_is_written_whole_and_never_over_another(flowers: Trained, tmp_path: Path) -> None:
    (tmp_path / "net.safetensors").write_text("precious")
    arguments = ("export", flowers.run, "--output", "net.safetensors")
    answer = invoke(tmp_path, *arguments)
    assert answer.code == 8
    assert (tmp_path / "net.safetensors").read_text() == "precious"
    answer = invoke(tmp_path, *arguments, "--overwrite")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith("67 parameters, ")
    assert " written to net.safetensors as safetensors\n" in answer.err
    assert answer.err.endswith("largest difference to the network: 0 of its largest output\n")
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


def test_an_export_can_be_exported_again_to_the_same_bytes(flowers: Trained, tmp_path: Path) -> None:
    assert invoke(tmp_path, "export", flowers.run, "--output", "one.safetensors").code == 0
    assert invoke(tmp_path, "export", "one.safetensors", "--output", "two.safetensors").code == 0
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "two.safetensors").read_bytes()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    answer = invoke(tmp_path, "export", "other", "--output", "net.safetensors")
    assert answer.code == 5
    assert "error[run-foreign]" in answer.err
    assert not (tmp_path / "net.safetensors").exists()


def test_a_folder_that_is_not_there_is_an_error_of_the_command_line(flowers: Trained, tmp_path: Path) -> None:
    answer = invoke(tmp_path, "export", flowers.run, "--output", "absent/net.safetensors")
    assert answer.code == 2
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("ending", ["py", "pt2", "onnx"])
def test_the_ending_chooses_the_format(ending: str, flowers: Trained, tmp_path: Path) -> None:
    answer = invoke(tmp_path, "export", flowers.run, "--output", f"net.{ending}", "--json")
    assert answer.code == 0, answer.err
    (row,) = answer.rows()
    assert row["file"] == f"net.{ending}"
    assert row["bytes"] == (tmp_path / f"net.{ending}").stat().st_size
    assert row["difference"] < 1e-6


def test_a_name_and_a_format_that_do_not_agree_are_refused(flowers: Trained, tmp_path: Path) -> None:
    for arguments in (("--output", "net.bin"), ("--output", "net.safetensors", "--format", "onnx")):
        answer = invoke(tmp_path, "export", flowers.run, *arguments)
        assert answer.code == 2
        assert "error[export-ending" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_spec_is_exported_with_initial_weights_and_no_data(tmp_path: Path) -> None:
    spec = "network: {inputs: {row: [4]}, layers: [Linear: 3, ReLU]}"
    (tmp_path / "small.yaml").write_text(spec)
    assert invoke(tmp_path, "export", "small.yaml", "--output", "small.safetensors").code == 0
    assert sorted(read_weights(tmp_path / "small.safetensors").tensors) == ["linear.bias", "linear.weight"]
    wider = ("--set", "network.layers.0.Linear=5")
    assert invoke(tmp_path, "export", "small.yaml", "-o", "wide.safetensors", *wider).code == 0
    assert read_weights(tmp_path / "wide.safetensors").tensors["linear.bias"].shape == (5,)


def test_an_untrained_spec_with_data_becomes_a_file_that_predicts(flowers: Trained, tmp_path: Path) -> None:
    assert invoke(flowers.folder, "export", "flowers.yaml", "-o", tmp_path / "new.safetensors").code == 0
    assert invoke(flowers.folder, "predict", tmp_path / "new.safetensors", "flowers.csv").code == 0


def test_a_run_is_exported_as_it_is(flowers: Trained, tmp_path: Path) -> None:
    answer = invoke(tmp_path, "export", flowers.run, "-o", "net.py", "--set", "vars.width=3")
    assert answer.code == 2
    assert "error[set-on-run]" in answer.err


GAN = """
networks:
  maker: {inputs: {noise: [4]}, layers: [Linear: 3]}
  judge: {inputs: {row: [3]}, layers: [Linear: 1]}
"""


def test_several_networks_are_one_file_or_one_is_chosen(tmp_path: Path) -> None:
    (tmp_path / "gan.yaml").write_text(GAN)
    answer = invoke(tmp_path, "export", "gan.yaml", "-o", "gan.safetensors", "--json")
    assert answer.rows()[0]["networks"] == ["maker", "judge"]
    names = ["judge.linear.bias", "judge.linear.weight", "maker.linear.bias", "maker.linear.weight"]
    assert sorted(read_weights(tmp_path / "gan.safetensors").tensors) == names
    for target in ("gan.yaml", "gan.safetensors"):
        answer = invoke(tmp_path, "export", target, "-o", "gan.py")
        assert answer.code == 2
        assert f"several networks in {target}, and one is needed: maker, judge" in answer.err
        chosen = invoke(tmp_path, "export", target, "-o", f"{target}.py", "--network", "judge")
        assert chosen.code == 0
    assert (tmp_path / "gan.yaml.py").read_text() == (tmp_path / "gan.safetensors.py").read_text()
    answer = invoke(tmp_path, "export", "gan.yaml", "-o", "j.py", "--network", "juge")
    assert (answer.code, "did you mean `judge`?" in answer.err) == (2, True)


def test_one_network_of_several_is_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "gan.yaml").write_text(GAN)
    assert invoke(tmp_path, "export", "gan.yaml", "-o", "one.safetensors", "--network", "judge").code == 0
    assert sorted(read_weights(tmp_path / "one.safetensors").tensors) == ["linear.bias", "linear.weight"]
    assert invoke(tmp_path, "export", "one.safetensors", "-o", "again.safetensors").code == 0
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_the_program_says_what_it_lacks_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text("network: {inputs: {row: [4]}, layers: [Linear: 3]}")
    assert invoke(tmp_path, "export", "small.yaml", "-o", "small.py").code == 0
    command = [sys.executable, "small.py"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    weights = tmp_path / "small.safetensors"
    wanted = f"There are no weights yet; this writes them: nncli export RUN --output '{weights}'\n"
    assert answer.stderr == wanted
    assert invoke(tmp_path, "export", "small.yaml", "-o", "small.safetensors").code == 0
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout[:8]) == (0, "tensor([")
    (tmp_path / "safetensors.py").write_text("raise ImportError")
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stderr == "The weights are read by safetensors: pip install safetensors\n"
