"""A network that takes two views of an image: trained, judged, asked and exported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.image_folders import fill
from tests.end_to_end.program import invoke

SPEC = """\
data:
  train: pets
  inputs: {image: {type: image, views: [one, two], augment: [RandomHorizontalFlip]}}
  targets: {label: category}
blocks:
  look: {layers: [Conv2d: [4, 3], ReLU, AdaptiveAvgPool2d: 1, Flatten]}
network:
  inputs: [one, two]
  layers:
    - {look: , from: one, name: first}
    - {look: , from: two, share: first}
    - {cat: {dim: 1}, from: [first, x]}
    - Linear: $classes
training: {loss: CrossEntropyLoss, optimizer: AdamW, epochs: 1}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    fill(folder / "pets", "cat", "dog")
    (folder / "net.yaml").write_text(SPEC)
    answer = invoke(folder, "train", "net.yaml", "--run", "run", "--quiet")
    assert answer.code == 0, answer.err
    return folder


def test_a_single_file_flows_in_as_both(trained: Path) -> None:
    (row,) = invoke(trained, "predict", "run", "pets/cat/1.png", "--format", "jsonl").rows()
    assert row["label"] in ("cat", "dog")
    assert invoke(trained, "evaluate", "run").code == 0


def test_a_weights_file_says_the_same(trained: Path) -> None:
    assert invoke(trained, "export", "run", "--output", "net.safetensors").code == 0
    said = [invoke(trained, "predict", each, "pets/dog").out for each in ("run", "net.safetensors")]
    assert said[0] == said[1] and said[0].count("\n") == 9


def test_two_views_are_not_mixed(trained: Path) -> None:
    changed = "data.inputs.image.augment=[MixUp]"
    answer = invoke(trained, "check", "net.yaml", "--set", changed)
    assert answer.code == 3 and "the network also takes `two`" in answer.err
