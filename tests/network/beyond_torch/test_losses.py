from __future__ import annotations

import pytest
import torch
from torch import nn

from nncli.network.beyond_torch.losses import FocalLoss, SigmoidFocalLoss

DRAW = torch.Generator().manual_seed(0)
LOGITS = torch.randn(50, 4, generator=DRAW, dtype=torch.float64)
CLASSES = torch.randint(4, (50,), generator=DRAW)
BITS = torch.randint(2, (50, 4), generator=DRAW).double()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_without_gamma_it_is_cross_entropy(reduction: str) -> None:
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    some = CLASSES.clone()
    some[::7] = -100
    focal, plain = (
        FocalLoss(0.0, weight, reduction=reduction),
        nn.CrossEntropyLoss(weight, reduction=reduction),
    )
    assert torch.allclose(focal(LOGITS, some), plain(LOGITS, some))
    binary = SigmoidFocalLoss(0.0, -1.0, reduction)
    assert torch.allclose(binary(LOGITS, BITS), nn.BCEWithLogitsLoss(reduction=reduction)(LOGITS, BITS))


def test_what_is_likely_already_counts_less() -> None:
    probability = LOGITS.softmax(1).gather(1, CLASSES[:, None]).squeeze(1)
    expected = (1 - probability) ** 2 * -probability.log()
    assert torch.allclose(FocalLoss(2.0, reduction="none")(LOGITS, CLASSES), expected)
    right = torch.where(BITS == 1, LOGITS.sigmoid(), 1 - LOGITS.sigmoid())
    alpha = torch.where(BITS == 1, 0.25, 0.75)
    assert torch.allclose(SigmoidFocalLoss()(LOGITS, BITS), (alpha * (1 - right) ** 2 * -right.log()).mean())


def test_pixels_have_their_classes_second() -> None:
    logits, classes = LOGITS.reshape(5, 10, 4).movedim(2, 1), CLASSES.reshape(5, 10)
    assert torch.allclose(FocalLoss()(logits, classes), FocalLoss()(LOGITS, CLASSES))


@pytest.mark.parametrize("kind", [FocalLoss, SigmoidFocalLoss])
def test_gradients_are_those_of_differences(kind: type[nn.Module]) -> None:
    target = CLASSES[:6] if kind is FocalLoss else BITS[:6]
    assert torch.autograd.gradcheck(lambda x: kind()(x, target), LOGITS[:6].clone().requires_grad_())


def test_arguments_that_make_no_sense_are_refused() -> None:
    for wrong in (
        lambda: FocalLoss(-1.0),
        lambda: SigmoidFocalLoss(alpha=2.0),
        lambda: FocalLoss(reduction="x"),
    ):
        with pytest.raises(ValueError):
            wrong()
