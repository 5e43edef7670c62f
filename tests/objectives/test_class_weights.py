from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from nncli.errors import SpecError
from nncli.objectives.class_weights import balanced_weights
from nncli.objectives.objective_checks import build_objective
from nncli.objectives.objectives import Truth
from nncli.training.evaluation import evaluate
from tests.training.jobs import BINARY, CLASSES, NUMBER, classifier, data, job, spec

WEIGHTS = {"a": 1.0, "b": 2.0, "c": 4.0}


def test_balanced_classes_count_alike() -> None:
    weights = balanced_weights(("a", "b", "c"), torch.tensor([0] * 6 + [1] * 3))
    assert weights == {"a": 0.5, "b": 1.0, "c": 1.0}
    assert weights["a"] * 6 == weights["b"] * 3


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "NLLLoss", "FocalLoss", "MultiMarginLoss"])
def test_losses_of_classes_take_weights(loss: str) -> None:
    built = build_objective(spec(loss, class_weights=WEIGHTS), {"kind": CLASSES}, (3,), None)
    assert built.terms[0].function.weight.tolist() == [1, 2, 4]


def test_a_binary_loss_weighs_its_positive() -> None:
    written = spec("BCEWithLogitsLoss", class_weights={"no": 2.0, "yes": 6.0})
    built = build_objective(written, {"ill": BINARY}, (1,), None)
    expected = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0]))
    output, truth = torch.tensor([[0.5], [-1.0]]), torch.tensor([[1.0], [0.0]])
    assert torch.equal(built.loss(output, Truth(truth)), expected(output, truth))


@pytest.mark.parametrize(
    ("loss", "target", "weights", "code"),
    [
        ("MSELoss", NUMBER, WEIGHTS, "class-weights-unfit"),
        ("CrossEntropyLoss", CLASSES, {"a": 1.0}, "class-weights-classes"),
        ("CrossEntropyLoss", CLASSES, {**WEIGHTS, "d": 1.0}, "class-weights-classes"),
        ("CrossEntropyLoss", CLASSES, {**WEIGHTS, "a": 0.0}, "class-weights-classes"),
        ("HuberLoss", BINARY, {"no": 1.0, "yes": 2.0}, "class-weights-loss"),
    ],
)
def test_weights_that_do_not_fit_are_refused(loss: str, target: Any, weights: Any, code: str) -> None:
    width = (3,) if target is CLASSES else (1,)
    with pytest.raises(SpecError) as caught:
        build_objective(spec(loss, class_weights=weights), {target.name: target}, width, None)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_part_is_judged_by_the_weighted_mean_of_all_its_rows() -> None:
    module = classifier()
    prepared, _ = job(spec(class_weights=WEIGHTS), module, data(validation=700))
    assert prepared.validation is not None
    found = evaluate(module, prepared.validation, prepared.judge, 4).figures["loss"]
    part = data(validation=700).parts["validation"]
    weight = torch.tensor([1.0, 2.0, 4.0])
    whole = nn.functional.cross_entropy(module.eval()(part.input("features")), part.target("kind"), weight)
    assert found == pytest.approx(whole.item(), rel=1e-5)


def test_balanced_sampling_shows_every_class_as_often() -> None:
    prepared, _ = job(spec(sampling="balanced"), classifier(), data(rows=300))
    classes = prepared.train.classes()
    counts = torch.bincount(classes[prepared.order(0)])
    assert counts.max() - counts.min() <= 1
    assert not torch.equal(prepared.order(0), prepared.order(1))
    assert torch.equal(prepared.order(1), prepared.order(1))
