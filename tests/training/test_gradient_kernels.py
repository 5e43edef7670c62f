"""The engine behind `backward`, and kernels over many tensors, against what torch offers in public."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nncli.training import gradient_kernels
from nncli.training.gradient_kernels import FiniteCheck


@pytest.mark.parametrize("only", [False, True])
def test_backward_is_torchs_own(only: bool) -> None:
    found = []
    for way in (lambda loss, inputs: loss.backward(inputs=inputs), gradient_kernels.backward):
        torch.manual_seed(4)
        first, second = nn.Linear(3, 4), nn.Linear(4, 1)
        inputs = list(second.parameters()) if only else None
        for _ in range(2):
            # Twice: gradients that are not dropped add up.
            way(second(first(torch.randn(5, 3)).tanh()).square().mean(), inputs)
        found.append([p.grad for p in (*first.parameters(), *second.parameters())])
    assert gradient_kernels._engine() is not None
    for own, theirs in zip(*found, strict=True):
        assert own is theirs is None or torch.equal(own, theirs)
    assert (found[1][0] is None) is only


def test_the_one_that_is_shared_stays_one() -> None:
    weight = nn.Parameter(torch.tensor(2.0))
    for _ in range(3):
        weight.grad = None
        gradient_kernels.backward(weight * 1.0)
        weight.grad.mul_(5)
    assert gradient_kernels._one(torch.float32, torch.device("cpu")).item() == 1.0


def test_without_the_engine_torch_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_kernels, "_engine", lambda: None)
    weight = nn.Parameter(torch.tensor(2.0))
    gradient_kernels.backward(weight**2)
    assert weight.grad is not None and weight.grad.item() == 4.0


def _weights(*values: Tensor) -> nn.ParameterList:
    return nn.ParameterList(nn.Parameter(each.clone()) for each in values)


LARGEST = torch.finfo(torch.float32).max


@pytest.mark.parametrize("has_kernel", [True, False])
@pytest.mark.parametrize("number", [1.0, LARGEST, -LARGEST, float("inf"), -float("inf"), float("nan")])
def test_one_number_that_is_not_finite_is_found(
    number: float, has_kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_kernel:
        monkeypatch.setattr(gradient_kernels, "_finite_check", lambda: None)
    assert (gradient_kernels._finite_check() is not None) is has_kernel
    gradients = [torch.full((3, 4), LARGEST), torch.arange(5.0), torch.tensor(-0.0)]
    module = _weights(*gradients, torch.zeros(2))
    are_finite = FiniteCheck(module)
    assert are_finite()
    for place in range(3):
        tensors = [each.clone() for each in gradients]
        tensors[place].view(-1)[-1] = number
        before: list[Tensor] = [each.clone() for each in tensors]
        for weight, gradient in zip(module, tensors, strict=False):
            weight.grad = gradient
        # Twice: what was found is not found once more where it is gone.
        assert are_finite() is (abs(number) <= LARGEST)
        # Not a bit of them is changed.
        assert all(
            torch.equal(each.view(torch.int32), old.view(torch.int32))
            for each, old in zip(tensors, before, strict=True)
        )
        tensors[place].zero_()
        assert are_finite()


def test_gradients_of_other_kinds_are_looked_through_too() -> None:
    module = _weights(torch.ones(3), torch.ones(2, dtype=torch.bfloat16))
    for weight in module:
        weight.grad = weight.detach().clone()
    are_finite = FiniteCheck(module)
    assert are_finite()
    module[1].grad[0] = float("nan")
    assert not are_finite()


def test_sparse_gradients_are_left_alone() -> None:
    module = nn.Sequential(nn.Embedding(5, 2, sparse=True), nn.Linear(2, 1))
    module(torch.tensor([1, 3])).sum().backward()
    are_finite = FiniteCheck(module)
    assert are_finite()
    module[1].bias.grad[0] = float("inf")
    assert not are_finite()
