"""Runs whose layers run a second time on the way back have the bits of those that keep everything."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.end_to_end.program import invoke

CODE = """
import torch
from torch import nn


class Noisy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.steps += self.training
        return x + 0.1 * torch.randn_like(x) if self.training else x
"""
SPEC = """
name: deep
data: builtin:digits
blocks:
  block:
    args: [channels]
    layers:
      - Conv2d: [$channels, 3, padding: same, bias: false]
      - BatchNorm2d
      - ReLU
      - Dropout: 0.2
      - Noisy
network:
  - block: 4
    repeat: 2
    checkpoint: true
  - Flatten
  - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 1e-3}}
  epochs: 2
  batch_size: 256
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deep")
    (folder / "noisy.py").write_text(CODE)
    (folder / "again.yaml").write_text(SPEC)
    (folder / "kept.yaml").write_text(SPEC.replace("checkpoint: true", "checkpoint: false"))
    for name in ("again", "kept"):
        _train(folder, name, name)
    return folder


def _train(folder: Path, spec: str, run: str, *options: object) -> None:
    files = ("--run", run, "--code", "noisy.py", "--threads", 1)
    answer = invoke(folder, "train", f"{spec}.yaml", *files, *options)
    assert answer.code == 0, answer.err


def _assert_equal(folder: Path, *runs: str) -> None:
    one, other = (load_file(folder / run / "model.safetensors") for run in runs)
    assert one.keys() == other.keys() and len(one) > 10
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    metrics = [(folder / run / "metrics.jsonl").read_bytes() for run in runs]
    assert metrics[0] == metrics[1]


def test_a_run_has_the_same_bits(folder: Path) -> None:
    _assert_equal(folder, "again", "kept")


def test_a_run_goes_on_with_the_same_bits(folder: Path) -> None:
    _train(folder, "again", "half", "--set", "training.epochs=1")
    _train(folder, "again", "half", "--resume", "--epochs", 2)
    _assert_equal(folder, "again", "half")


def test_the_summary_counts_with_it(folder: Path) -> None:
    kept = []
    for name in ("again", "kept"):
        answer = invoke(folder, "summary", f"{name}.yaml", "--code", "noisy.py", "--json")
        (document,) = answer.rows()
        kept.append(document["networks"]["network"]["memory"]["kept_bytes_per_row"])
    assert kept[0] < 0.5 * kept[1]
