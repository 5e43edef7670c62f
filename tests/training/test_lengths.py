from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nncli.errors import SpecError
from nncli.preparing.prepared import prepare
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.training.job import TrainJob
from nncli.training.state import TrainState

HEAD = """
data:
  train: rows.csv
  inputs: {text: {type: text, tokenizer: words%s}}
  targets: {%s}
network:
"""
TRAINING = """
training: {loss: CrossEntropyLoss, optimizer: {AdamW: {lr: 1e-2}}, epochs: 1, batch_size: 8}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NNCLI_CACHE", str(tmp_path / "cache"))
    rows = []
    for number in range(120):
        words = [["red", "blue", "old", "new"][(number * 7 + at) % 4] for at in range(1 + number * 13 % 20)]
        rows.append(
            f"{' '.join(words)},{'ab'[number % 2]},{' '.join('XY'[len(word) % 2] for word in words)}\n"
        )
    (tmp_path / "rows.csv").write_text("text,label,tags\n" + "".join(rows))
    return tmp_path


def job(folder: Path, target: str, layers: str, words: str = "") -> tuple[TrainJob, TrainState]:
    text = HEAD % (words, target) + layers + TRAINING
    return prepare(parse_spec(text, Origin("spec.yaml", folder, text))).job(torch.device("cpu"))


RECURRENT = "  - Embedding: 8\n  - LSTM: 8\n    take: last\n  - Linear: $classes\n"
ATTENTION = "  - Embedding: 8\n  - SelfAttention: {heads: 2}\n  - mean: {dim: 1}\n  - Linear: $classes\n"
TAGGING = "  - Embedding: 8\n  - LSTM: 8\n  - Linear: $classes\n"
FIXED = "  - Embedding: 8\n  - Flatten\n  - Linear: $classes\n"


@pytest.mark.parametrize(
    ("target", "layers", "is_any"),
    [
        ("label: category", RECURRENT, True),
        ("label: category", ATTENTION, True),
        ("tags: tokens", TAGGING, True),
        ("label: category", FIXED, False),
    ],
)
def test_batches_are_as_long_as_their_rows_where_the_network_lets_them(
    folder: Path, target: str, layers: str, is_any: bool
) -> None:
    made, state = job(folder, target, layers)
    assert made.train.lengths is not None and made.validation is not None
    shortest = made.train.lengths.argsort()[:4]
    steps = made.train.inputs(shortest)[0].shape[1]
    assert (steps < 20) is is_any
    # What is judged has the length of the data, whoever stands beside it.
    assert made.validation.inputs(torch.tensor([0]))[0].shape[1] == 20
    module = state.networks[made.network]
    output = module(*made.train.inputs(shortest))
    assert made.judge.objective.loss(output, made.train.truth(shortest)).isfinite()


def test_an_epoch_has_little_padding(folder: Path) -> None:
    made, _ = job(folder, "label: category", RECURRENT)
    order = made.order(0)
    assert order.sort().values.tolist() == list(range(made.train.rows))
    batches = order.split(8)
    lengths = made.train.lengths
    assert lengths is not None
    steps = sum(int(made.train.inputs(rows)[0].numel()) for rows in batches)
    assert 1 - int(lengths.sum()) / steps < 0.15


def test_padding_at_the_start_is_not_read_by_recurrent_layers(folder: Path) -> None:
    with pytest.raises(SpecError) as caught:
        job(folder, "label: category", RECURRENT, ", pad: start")
    (problem,) = caught.value.problems
    assert problem.code == "padding-before" and problem.place is not None and problem.place.line == 4


def test_attention_leaves_padding_out_on_either_side(folder: Path) -> None:
    outputs = []
    for words in ("", ", pad: start"):
        torch.manual_seed(0)
        made, state = job(folder, "label: category", ATTENTION, words)
        module = state.networks[made.network].eval()
        outputs.append(module(*made.train.inputs(torch.arange(8))))
    assert torch.allclose(outputs[0], outputs[1], atol=1e-5)
