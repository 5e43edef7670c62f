from __future__ import annotations

import warnings

import pytest
import torch

from nncli.columns.targets import TargetSpec
from nncli.errors import SpecError
from nncli.messages.catalogue import message_of
from nncli.objectives.objectives import Prediction
from nncli.training.metrics import build_metrics, compute_metrics, confusion
from tests.training.jobs import BINARY, CLASSES, NUMBER, call


def figures(
    target: TargetSpec, said: Prediction, truth: torch.Tensor, *names: str
) -> dict[str, float | None]:
    metrics = build_metrics([call(name) for name in names] if names else None, {target.name: target})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compute_metrics(metrics, {target.name: said}, {target.name: truth}, lambda _, v: v)
    return dict(found)


def classes(*values: int) -> Prediction:
    index = torch.tensor(values)
    return Prediction(index, torch.nn.functional.one_hot(index, 3).float())


def test_classes() -> None:
    truth = torch.tensor([0, 0, 0, 1, 2, 2])
    said = classes(0, 0, 1, 1, 2, 0)
    found = figures(CLASSES, said, truth, "accuracy", "precision", "recall", "f1")
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["precision"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert found["recall"] == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)
    assert found["f1"] == pytest.approx((2 / 3 + 2 / 3 + 2 / 3) / 3)
    assert figures(CLASSES, said, truth).keys() == {"accuracy"}


def test_binary() -> None:
    scores = torch.tensor([0.1, 0.4, 0.35, 0.8])
    said = Prediction((scores > 0.5).long(), torch.stack([1 - scores, scores], 1), True)
    found = figures(BINARY, said, torch.tensor([0, 0, 1, 1]))
    assert list(found) == ["auroc", "accuracy"]
    assert found["auroc"] == pytest.approx(0.75)
    assert found["accuracy"] == pytest.approx(0.75)


def test_numbers_in_their_own_unit() -> None:
    metrics = build_metrics([call("rmse"), call("mae"), call("r2")], {"price": NUMBER})
    said = {"price": Prediction(torch.tensor([0.0, 1.0, 2.0]))}
    truth = {"price": torch.tensor([[0.0], [1.0], [4.0]])}
    found = compute_metrics(metrics, said, truth, lambda name, v: v * 10 + 5 if name == "price" else v)
    assert found["rmse"] == pytest.approx(20 / 3**0.5)
    assert found["mae"] == pytest.approx(20 / 3)
    assert found["r2"] == pytest.approx(1 - 4 / (26 / 3))
    assert list(figures(NUMBER, said["price"], truth["price"])) == ["rmse", "r2"]


def test_numbers_of_a_vector_have_a_unit_each() -> None:
    target = TargetSpec("place", "number", shape=(2,))
    metrics = build_metrics([call("mae")], {"place": target})
    said = {"place": Prediction(torch.tensor([[0.0, 1.0], [1.0, 1.0]]))}
    truth = {"place": torch.tensor([[0.0, 0.0], [0.0, 1.0]])}
    found = compute_metrics(metrics, said, truth, lambda _, v: v * torch.tensor([10.0, 1000.0]))
    assert found["mae"] == pytest.approx((10 + 1000) / 4)


def test_what_is_undefined_is_none_and_says_nothing() -> None:
    scores = torch.tensor([[0.2, 0.8], [0.7, 0.3]])
    one_class = Prediction(torch.tensor([1, 0]), scores, True)
    assert figures(BINARY, one_class, torch.tensor([1, 1]), "auroc") == {"auroc": None}
    assert figures(CLASSES, classes(0, 1), torch.tensor([0, 1]), "auroc") == {"auroc": None}
    assert figures(NUMBER, Prediction(torch.tensor([1.0])), torch.tensor([[2.0]]), "r2") == {"r2": None}
    same = torch.tensor([[2.0], [2.0]])
    assert figures(NUMBER, Prediction(torch.tensor([1.0, 3.0])), same, "r2", "rmse") == {
        "r2": None,
        "rmse": 1.0,
    }
    nan = Prediction(torch.tensor([float("nan"), 1.0]))
    assert figures(NUMBER, nan, torch.tensor([[1.0], [2.0]]), "rmse") == {"rmse": None}


def test_arguments_reach_torchmetrics() -> None:
    metrics = build_metrics([call("f1", average="micro")], {"kind": CLASSES})
    truth = torch.tensor([0, 0, 0, 1, 2, 2])
    found = compute_metrics(metrics, {"kind": classes(0, 0, 1, 1, 2, 0)}, {"kind": truth}, lambda _, v: v)
    assert found["f1"] == pytest.approx(4 / 6)
    with pytest.raises(SpecError) as caught:
        build_metrics([call("f1", averaged="micro")], {"kind": CLASSES})
    assert caught.value.problems[0].code == "argument-unknown"


def test_several_targets_have_prefixes() -> None:
    metrics = build_metrics(None, {"price": NUMBER, "ill": BINARY})
    assert [m.name for m in metrics] == ["price.rmse", "price.r2", "ill.auroc", "ill.accuracy"]
    metrics = build_metrics([call("mae"), call("accuracy")], {"price": NUMBER, "ill": BINARY})
    assert [m.name for m in metrics] == ["price.mae", "ill.accuracy"]


@pytest.mark.parametrize(
    ("name", "target", "code"),
    [
        ("acuracy", CLASSES, "metric-unknown"),
        ("accuracy", NUMBER, "metric-kind"),
        ("rmse", BINARY, "metric-kind"),
    ],
)
def test_refusals(name: str, target: TargetSpec, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_metrics([call(name)], {target.name: target})
    assert caught.value.problems[0].code == code
    assert message_of(caught.value.problems[0])


def test_confusion_has_a_row_for_each_true_class() -> None:
    counts = confusion(torch.tensor([0, 0, 1, 2]), torch.tensor([0, 1, 1, 0]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_a_share_is_the_number_that_people_write() -> None:
    truth = torch.zeros(20, dtype=torch.int64)
    said = classes(*([0] * 19), 1)
    assert figures(CLASSES, said, truth) == {"accuracy": 0.95}
