"""A network on sounds, from a spec to predictions of single files, and out as other formats."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.data.test_sound_folders import fill
from tests.end_to_end.program import interrupted, invoke, process, results

SPEC = """\
data:
  train: calls
  inputs: {sound: {type: audio, length: 150ms, augment: [Gain, {Shift: {rollover: false}}]}}
  targets: {label: category}
network:
  - MelSpectrogram: {n_fft: 128, n_mels: 16, f_min: 100}
  - AmplitudeToDB: {top_db: 60}
  - SpecAugment: [1, 3, 1, 2]
  - rearrange: b c mel t -> b (c mel) t
  - BatchNorm1d
  - Conv1d: [8, 3]
  - ReLU
  - AdaptiveAvgPool1d: 1
  - Flatten
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 0.02}}
  epochs: 12
  batch_size: 8
  metrics: [accuracy]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    fill(folder / "calls", count=16)
    (folder / "calls.yaml").write_text(SPEC)
    answer = process(folder, "train", "calls.yaml", "--run", "run", "--quiet", "--threads", 1)
    assert answer.code == 0, answer.err
    return folder


def test_it_learns_and_says_so_again(trained: Path) -> None:
    answer = invoke(trained, "evaluate", "run", "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["metrics"]["accuracy"] == 1


def test_a_file_and_a_folder_are_rows(trained: Path) -> None:
    rows = [invoke(trained, "predict", "run", path, "--format", "jsonl").rows() for path in
            ("calls/high/4.wav", "calls/low/3.mp3", "calls/low")]  # fmt: skip
    assert [row["label"] for row in rows[0] + rows[1]] == ["high", "low"]
    assert [row["label"] for row in rows[2]] == ["low"] * 16


def test_a_run_that_was_stopped_ends_with_the_same_bits(trained: Path) -> None:
    """What is drawn for sounds and spectrograms goes on where it was."""
    arguments = ("train", "calls.yaml", "--run", "stopped", "--resume", "--threads", 1)
    answer = interrupted(trained, 3, [signal.SIGTERM], *arguments)
    assert answer.code == 75, answer.err
    answer = process(trained, *arguments)
    assert answer.code == 0 and "continuing at step" in answer.err
    assert results(trained / "stopped") == results(trained / "run")


@pytest.mark.parametrize("file", ["net.pt2", "net.onnx", "net.py"])
def test_it_leaves_as_a_program_that_holds_the_spectrogram(trained: Path, file: str) -> None:
    """Every export is run beside the network before it is in place."""
    if file.endswith("onnx"):
        pytest.importorskip("onnxruntime")
    answer = invoke(trained, "export", "run", "--output", file)
    assert answer.code == 0, answer.err
    assert "largest difference" in answer.err
