"""Which call of a forward gives the first numbers that are not finite."""

from __future__ import annotations

import math

import torch
from torch import Tensor, fx, nn

from nncli.training.origins import watched


class _Masked(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        masked = values.masked_fill(values < 0, -math.inf)
        shares = torch.softmax(masked, 1)
        return torch.log(shares) * 2.0 + 1.0


def test_a_mask_that_a_softmax_takes_up_is_no_fault_and_a_logarithm_is() -> None:
    graph = fx.symbolic_trace(_Masked())
    with watched([graph]) as watches:
        graph.forward(torch.tensor([[1.0, 2.0], [1.0, -1.0]]))
    (watch,) = watches
    assert watch.origin is not None
    assert watch.origin.node.target is torch.log and watch.origin.largest <= 1
    assert "forward" not in graph.__dict__


def test_what_is_finite_has_no_origin() -> None:
    graph = fx.symbolic_trace(_Masked())
    with watched([graph]) as watches:
        graph.forward(torch.tensor([[3.0, 2.0]]))
    assert watches[0].origin is None and watches[0].largest < 10


def test_a_forward_that_was_there_comes_back() -> None:
    graph = fx.symbolic_trace(_Masked())
    graph.__dict__["forward"] = quick = lambda values: values
    with watched([graph]):
        assert graph.__dict__["forward"] is not quick
    assert graph.__dict__["forward"] is quick
