"""What torch offers is explained from the installed torch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from nncli.columns.augmenting import Change, read_changes
from nncli.explaining.offers import (
    KINDS,
    example_of,
    explain_offers,
    image_changes,
    initialisers,
    sentence_of,
    sound_changes,
)
from nncli.objectives.losses import why_unfit
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.training.optimizers import build_optimizer

NAMES = [(kind.name, name) for kind in KINDS for name in kind.offered()]
# torch says nothing of these.
SILENT = {"CrossMapLRN2d", "NLLLoss2d"}


def test_a_convolution() -> None:
    (explanation,) = explain_offers("Conv2d")
    assert (explanation.name, explanation.kind) == ("Conv2d", "layer of torch.nn")
    assert explanation.text.startswith("applies a 2D convolution")
    assert dict(explanation.facts) == {
        "takes in": "[batch, channels, height, width]",
        "example": "[batch, 16, 32, 32] becomes [batch, 32, 15, 15]",
    }
    defaults = {part.name: part.default for part in explanation.parts}
    assert defaults["in_channels"] == "from what flows in"
    assert (defaults["kernel_size"], defaults["stride"], defaults["bias"]) == ("required", "1", "true")


def test_recurrent_layers_are_batch_first() -> None:
    (explanation,) = explain_offers("LSTM")
    assert {part.name: part.default for part in explanation.parts}["batch_first"] == "true"


def test_losses_say_what_their_target_is() -> None:
    (explanation,) = explain_offers("CrossEntropyLoss")
    facts = dict(explanation.facts)
    assert facts == {"target": "the number of its class", "probabilities": "softmax of the output"}
    (unfit,) = explain_offers("HingeEmbeddingLoss")
    assert "SoftMarginLoss" in dict(unfit.facts)["not used"] and unfit.example == ""


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=lambda part: part)
def test_everything_offered_has_a_sentence(kind: str, name: str) -> None:
    target = next(each for each in KINDS if each.name == kind).offered()[name]
    said = sentence_of(target)
    assert said or name in SILENT or kind == "function of tensors"
    assert not set("\\`\n") & set(said) and ":math:" not in said and "**" not in said


@pytest.mark.parametrize("name", [n for kind, n in NAMES if kind.startswith(("loss", "optimiser"))])
def test_examples_of_training_read(name: str) -> None:
    example = example_of(name)
    if not example:
        assert why_unfit(name, getattr(nn, name))
        return
    training = {"loss": "MSELoss", "optimizer": "Adam", "epochs": 1, **yaml.safe_load(example)["training"]}
    text = yaml.safe_dump({"data": "builtin:iris", "network": [{"Linear": 3}], "training": training})
    spec = parse_spec(text, Origin("example.yaml", Path(), text))
    assert spec.training is not None
    if spec.training.optimizer.name not in ("LBFGS", "SparseAdam", "Muon"):
        build_optimizer(spec.training.optimizer, nn.Linear(2, 2))


@pytest.mark.parametrize("name", [*image_changes(), *sound_changes()])
def test_examples_of_changes_read(name: str) -> None:
    text = f"{example_of(name)}  train: pets\n  targets: {{label: category}}\nnetwork: [Flatten]\n"
    spec = parse_spec(text, Origin("example.yaml", Path(), text))
    assert spec.data is not None
    (written,) = spec.data.inputs.values()
    known = image_changes() if written.type == "image" else sound_changes()
    (change,) = read_changes(written.augment, known)
    assert isinstance(change, Change) and change.made(known)


def test_a_change_says_what_it_takes() -> None:
    (explanation,) = explain_offers("RandomAffine")
    takes = {part.name: (part.takes, part.default) for part in explanation.parts}
    assert takes["degrees"] == ("a number or a list of 2", "required")
    assert takes["interpolation"] == ("nearest or bilinear", "nearest")


@pytest.mark.parametrize(("name", "argument"), [("LambdaLR", "lr_lambda"), ("CyclicLR", "scale_fn")])
def test_where_torch_takes_a_function_a_file_has_a_formula(name: str, argument: str) -> None:
    (explanation,) = explain_offers(name)
    (part,) = [part for part in explanation.parts if part.name == argument]
    assert "a formula" in part.takes and "formula" in part.text and "function" not in part.text


def test_initialisers_fill_a_tensor() -> None:
    assert {"kaiming_normal_", "zeros_"} <= set(initialisers())
    (explanation,) = explain_offers("trunc_normal_")
    assert [part.name for part in explanation.parts] == ["mean", "std", "a", "b"]
    assert torch.equal(initialisers()["zeros_"](torch.ones(2)), torch.zeros(2))


def test_an_unknown_name_is_not_explained() -> None:
    assert list(explain_offers("Conv2D")) == []
