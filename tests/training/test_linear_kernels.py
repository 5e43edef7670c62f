"""Products by oneDNN are those of torch, gradients too, and are there only while a network is trained."""

from __future__ import annotations

import copy
from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional

from nncli.training.linear_kernels import Products, linear, linear_layers, onednn_product, products_by

EVERY = [Products(*each) for each in product((False, True), repeat=3)]
ALL = Products(True, True, True)
needs_onednn = pytest.mark.skipif(onednn_product() is None, reason="torch has no such product here")


@needs_onednn
@pytest.mark.parametrize("products", EVERY)
@pytest.mark.parametrize("shape", [(33, 20), (3, 7, 20), (1, 20)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_both_agree_forward_and_back(products: Products, shape: tuple[int, ...], has_bias: bool) -> None:
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(shape, generator=draw, requires_grad=True)
    weight = torch.randn(13, 20, generator=draw, requires_grad=True)
    bias = torch.randn(13, generator=draw, requires_grad=True) if has_bias else None
    leaves = [each for each in (x, weight, bias) if each is not None]
    ours, theirs = linear(x, weight, bias, products), functional.linear(x, weight, bias)
    assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    gradient = torch.randn(theirs.shape, generator=draw)
    found = [torch.autograd.grad(each, leaves, gradient) for each in (ours, theirs)]
    for mine, yours in zip(*found, strict=True):
        assert torch.allclose(mine, yours, rtol=1e-5, atol=1e-5)


@needs_onednn
def test_what_does_not_learn_gets_no_gradient() -> None:
    weight = torch.ones(2, 3, requires_grad=True)
    result = linear(torch.ones(4, 3), weight, torch.zeros(2), ALL)
    result.sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [[4.0] * 3] * 2


@needs_onednn
def test_gradients_of_gradients_are_refused_rather_than_wrong() -> None:
    x, weight = torch.ones(4, 3, requires_grad=True), torch.ones(2, 3, requires_grad=True)
    (of_x,) = torch.autograd.grad(linear(x, weight, None, ALL).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        of_x.sum().backward()


class Looks(nn.Linear):
    """A class above Linear, which has a forward of its own."""


def test_only_layers_of_a_chosen_size_change_and_only_in_training() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2), Looks(2, 8), nn.Linear(8, 2))
    names = list(module.state_dict())
    x = torch.randn(5, 4)
    before = module(x)
    with products_by([module], {(4, 8): ALL, (2, 8): ALL}):
        changed = [name for name, part in module.named_modules() if "forward" in part.__dict__]
        assert changed == ["0"]
        assert list(module.state_dict()) == names
        trained = module(x)
        assert "_Linear" in type(module[0](x).grad_fn).__name__ or onednn_product() is None
        copied = copy.deepcopy(module)
        copied[0].weight.data.zero_()
        assert not torch.equal(copied[0](x), module[0](x))
        module.eval()
        assert torch.equal(module(x), before)
    assert torch.allclose(trained, before, rtol=1e-5, atol=1e-6)
    assert not any("forward" in part.__dict__ for part in module.modules())


def test_layers_of_other_types_and_numbers_are_left_alone() -> None:
    shared = nn.Linear(2, 2)
    module = nn.Sequential(shared, shared, Looks(2, 2), nn.Linear(2, 2).double(), nn.Conv2d(1, 1, 1))
    assert [each is shared for each in linear_layers([module, module])] == [True]
