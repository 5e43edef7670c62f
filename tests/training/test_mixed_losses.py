"""The loss of rows that were mixed, against the formulas that people write by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as f

from nncli.columns.stored import Taken
from nncli.columns.targets import TargetSpec
from nncli.objectives.objective_checks import build_objective
from nncli.objectives.objectives import Truth
from nncli.spec.items import Call
from tests.training.jobs import BINARY, CLASSES, NUMBER, call, spec

ROWS = 6
SHARES = torch.tensor([1.0, 0.0, 0.25, 0.5, 0.9, 0.3])
INDEX = torch.tensor([0, 2, 1, 1, 0, 2])
BITS = torch.tensor([0, 1, 1, 0, 0, 1])
PRICES = torch.tensor([[1.5], [-2.0], [0.25], [3.0], [0.0], [-1.0]])
VALUES = {"kind": INDEX, "ill": BITS, "price": PRICES}


def mixed_loss(loss: str | Call, target: TargetSpec, output: Tensor, mask: Tensor | None = None) -> Tensor:
    built = build_objective(spec(loss), {target.name: target}, output.shape[1:], None)
    truth = built.arrange({target.name: Taken(VALUES[target.name], mask)})
    return built.loss(output, built.mixed(truth, SHARES))


def scores(width: int) -> Tensor:
    return torch.randn(ROWS, width, generator=torch.Generator().manual_seed(3))


def soft() -> Tensor:
    own = f.one_hot(INDEX, 3).float()
    return SHARES[:, None] * own + (1 - SHARES[:, None]) * own.roll(1, 0)


def in_shares(loss: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """The loss for both rows, in their shares; `loss` gives (N,) or (N, 1)."""
    own, other = loss(values).reshape(ROWS, -1), loss(values.roll(1, 0)).reshape(ROWS, -1)
    return (SHARES[:, None] * own + (1 - SHARES[:, None]) * other).mean()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_is_that_of_shares_of_classes(smoothing: float) -> None:
    found = mixed_loss(call("CrossEntropyLoss", label_smoothing=smoothing), CLASSES, scores(3))
    assert torch.allclose(found, f.cross_entropy(scores(3), soft(), label_smoothing=smoothing))


def test_a_sum_is_a_sum() -> None:
    found = mixed_loss(call("CrossEntropyLoss", reduction="sum"), CLASSES, scores(3))
    assert torch.allclose(found, f.cross_entropy(scores(3), soft(), reduction="sum"))


def test_two_classes_of_one_number_are_mixed_in_shares() -> None:
    own = BITS.float()[:, None]
    targets = SHARES[:, None] * own + (1 - SHARES[:, None]) * own.roll(1, 0)
    found = mixed_loss("BCEWithLogitsLoss", BINARY, scores(1))
    assert torch.allclose(found, f.binary_cross_entropy_with_logits(scores(1), targets))


def test_a_loss_that_bends_is_the_loss_for_both_rows_in_their_shares() -> None:
    """A soft target would be another one: the margin of the mean is not the mean of the margins."""
    signs = 2 * BITS.float()[:, None] - 1
    expected = in_shares(lambda y: f.soft_margin_loss(scores(1), y, reduction="none"), signs)
    assert torch.allclose(mixed_loss("SoftMarginLoss", BINARY, scores(1)), expected)
    expected = in_shares(lambda y: f.multi_margin_loss(scores(3), y, reduction="none"), INDEX)
    assert torch.allclose(mixed_loss("MultiMarginLoss", CLASSES, scores(3)), expected)


@pytest.mark.parametrize("loss", [f.mse_loss, f.smooth_l1_loss, f.l1_loss])
def test_numbers_are_mixed_themselves(loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    name = {f.mse_loss: "MSELoss", f.smooth_l1_loss: "SmoothL1Loss", f.l1_loss: "L1Loss"}[loss]
    numbers = SHARES[:, None] * PRICES + (1 - SHARES[:, None]) * PRICES.roll(1, 0)
    assert torch.allclose(mixed_loss(name, NUMBER, scores(1)), loss(scores(1), numbers))


def test_answers_that_are_missing_count_nothing() -> None:
    mask = torch.tensor([True, True, False, True, True, True])
    own, other = SHARES * mask, (1 - SHARES) * mask.roll(1, 0)
    each = f.cross_entropy(scores(3), INDEX, reduction="none")
    before = f.cross_entropy(scores(3), INDEX.roll(1, 0), reduction="none")
    expected = (own * each + other * before).sum() / (own + other).sum()
    assert torch.allclose(mixed_loss("CrossEntropyLoss", CLASSES, scores(3), mask), expected)
    both = mask & mask.roll(1, 0)
    numbers = SHARES[:, None] * PRICES + (1 - SHARES[:, None]) * PRICES.roll(1, 0)
    found = mixed_loss("MSELoss", NUMBER, scores(1), mask)
    assert torch.allclose(found, f.mse_loss(scores(1)[both], numbers[both]))


def test_weights_of_classes_count_in_the_shares_of_their_rows() -> None:
    """Where every row keeps all of itself, nothing is different from a batch that is not mixed."""
    weights = {"a": 1.0, "b": 2.0, "c": 5.0}
    built = build_objective(spec(class_weights=weights), {"kind": CLASSES}, (3,), None)
    truth = built.arrange({"kind": Taken(INDEX)})
    whole = built.mixed(truth, torch.ones(ROWS))
    assert torch.allclose(built.loss(scores(3), whole), built.loss(scores(3), truth))
    w = torch.tensor([*weights.values()])
    nll = -scores(3).log_softmax(1)
    rows = torch.arange(ROWS)
    own, other = SHARES * w[INDEX], (1 - SHARES) * w[INDEX.roll(1, 0)]
    expected = (own * nll[rows, INDEX] + other * nll[rows, INDEX.roll(1, 0)]).sum() / (own + other).sum()
    assert torch.allclose(built.loss(scores(3), built.mixed(truth, SHARES)), expected)


def test_shares_of_a_truth_turn_with_its_rows() -> None:
    before = Truth(INDEX, None, SHARES).before()
    assert before.shares is not None and torch.equal(before.shares, 1 - SHARES)
    assert torch.equal(before.values, INDEX.roll(1, 0))
