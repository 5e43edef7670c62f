"""A network whose weights have norms, through every command that reads its weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.end_to_end.program import invoke, results

SPEC = """
name: normed
data: builtin:iris
network:
  parametrize: [{match: "*.weight", spectral_norm: {}}]
  layers:
    - Linear: 8
    - ReLU
    - Dropout: 0.2
    - Linear: 6
      parametrize: weight_norm
    - ReLU
    - Linear: $classes
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 1e-2}}
  groups: [{match: "*.weight", weight_decay: 0.0}, {match: "linear.bias", lr: 1e-3}]
  freeze: "linear_3.weight"
  average: {ema: 0.9}
  epochs: 4
  batch_size: 32
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("normed")
    (folder / "normed.yaml").write_text(SPEC)
    answer = invoke(folder, "train", "normed.yaml", "--run", "whole", "--threads", 1)
    assert answer.code == 0, answer.err
    return folder


def test_a_run_goes_on_with_the_same_bits(folder: Path) -> None:
    begun = invoke(
        folder, "train", "normed.yaml", "--run", "half", "--threads", 1, "--set", "training.epochs=2"
    )
    assert begun.code == 0, begun.err
    gone_on = invoke(
        folder, "train", "normed.yaml", "--run", "half", "--threads", 1, "--resume", "--epochs", 4
    )
    assert gone_on.code == 0, gone_on.err
    tensors = [load_file(folder / run / "model.safetensors") for run in ("whole", "half")]
    assert tensors[0].keys() == tensors[1].keys()
    assert all(torch.equal(tensor, tensors[1][name]) for name, tensor in tensors[0].items())
    assert {"linear.parametrizations.weight.original", "linear.parametrizations.weight.0._u"} <= {*tensors[0]}


def test_steps_are_done_again_and_other_commands_read_the_run(folder: Path) -> None:
    for command in (
        ("check", "whole", "--replay", 3),
        ("evaluate", "whole", "--json"),
        ("inspect-gradients", "whole"),
        ("summary", "normed.yaml"),
        ("export", "whole", "--output", "normed.py"),
    ):
        answer = invoke(folder, *command)
        assert answer.code == 0, (command, answer.err)
        if command[0] == "inspect-gradients":
            assert all(name in answer.out for name in ("linear", "linear_2", "linear_3"))
    assert "weight_norm(nn.Linear(8, 6))" in (folder / "normed.py").read_text()


def test_the_statistics_of_steps_are_by_layer(folder: Path) -> None:
    _, _, statistics = results(folder / "whole")
    first = statistics.decode().splitlines()[0]
    assert all(f'"{name}"' in first for name in ("linear", "linear_2", "linear_3"))
    assert "original" not in first
