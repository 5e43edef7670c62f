from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from nncli.exports.safetensors_file import run_safetensors, write_safetensors
from nncli.runs.weights_file import read_weights
from tests.exports.subjects import METADATA, assert_close, batches, both, normed, tokens


def test_the_file_holds_weights_and_metadata(tmp_path: Path) -> None:
    subject, path = tokens(), tmp_path / "net.safetensors"
    write_safetensors(subject, path)
    assert_close(subject, run_safetensors(subject, path, batches(subject)))
    written = read_weights(path)
    assert METADATA.items() <= written.metadata.items()
    assert written.tensors.keys() == subject.tensors.keys()


def test_a_missing_weight_shows(tmp_path: Path) -> None:
    subject, path = tokens(), tmp_path / "net.safetensors"
    less = {name: tensor for name, tensor in subject.tensors.items() if name != "layers.1.mlp.linear_2.bias"}
    write_safetensors(replace(subject, tensors=less), path)
    assert run_safetensors(subject, path, batches(subject))[0][0].isnan().any()


def test_several_networks_lie_in_one_file_each_below_its_name(tmp_path: Path) -> None:
    subject, path = both(), tmp_path / "both.safetensors"
    write_safetensors(subject, path)
    written = read_weights(path).tensors
    assert {name.partition(".")[0] for name in written} == {"tokens", "pictures"}
    assert {f"tokens.{name}" for name in tokens().tensors} <= written.keys()
    for part in subject.parts():
        assert_close(part, run_safetensors(part, path, batches(part)))


def test_norms_of_weights_have_torchs_own_names(tmp_path: Path) -> None:
    subject, path = normed(), tmp_path / "net.safetensors"
    write_safetensors(subject, path)
    assert_close(subject, run_safetensors(subject, path, batches(subject)))
    layer = weight_norm(nn.Linear(4, 3))
    stored = read_weights(path).tensors
    own = {name.removeprefix("linear."): each for name, each in stored.items() if name.startswith("linear.")}
    layer.load_state_dict(own)
    assert torch.equal(layer.weight, subject.network.module.linear.weight)
