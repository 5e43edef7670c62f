"""Updates: what lies between a loss and new weights."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from nncli.spec.items import Call
from nncli.spec.optimising import AverageSpec
from nncli.training.schedules import Horizon
from nncli.training.updating import Updater, build_updater, kept_per_weight
from tests.training.jobs import PLACE, call, spec


def _network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def _loss(module: nn.Module) -> torch.Tensor:
    output: torch.Tensor = module(torch.linspace(-1, 1, 15).reshape(5, 3))
    return (output - 1).square().sum()


def _step(updater: Updater, module: nn.Module) -> None:
    updater.take(_loss(module), lambda: (_loss(module),))


@pytest.mark.parametrize(
    "optimizer",
    [call("SGD", lr=0.1, momentum=0.9), call("Muon"), call("LBFGS", max_iter=4, history_size=3)],
    ids=lambda each: each.name,
)
def test_goes_on_with_the_same_bits(optimizer: Call) -> None:
    training = spec(optimizer=optimizer, clip_gradients={"norm": 0.5}).training
    assert training is not None
    whole, first, second = _network(), _network(), _network()
    updaters = [build_updater(training, module, Horizon(5, 5)) for module in (whole, first, second)]
    for _ in range(5):
        _step(updaters[0], whole)
    for _ in range(3):
        _step(updaters[1], first)
    second.load_state_dict(first.state_dict())
    tensors, scalars = updaters[1].tensors(), json.loads(json.dumps(updaters[1].scalars()))
    assert all(key.startswith(("0.weight/", "0.bias/", "2.weight/", "2.bias/")) for key in tensors)
    updaters[2].restore(tensors, scalars)
    for _ in range(2):
        _step(updaters[2], second)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))


def test_lbfgs_equals_torch_with_a_closure() -> None:
    training = spec(optimizer=call("LBFGS", lr=0.5, line_search_fn="strong_wolfe")).training
    assert training is not None
    ours, theirs = _network(), _network()
    updater = build_updater(training, ours, Horizon(5, 5))
    optimizer = torch.optim.LBFGS(theirs.parameters(), lr=0.5, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = _loss(theirs)
        loss.backward()
        return loss

    for _ in range(3):
        _step(updater, ours)
        optimizer.step(closure)  # type: ignore[arg-type]
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_muon_takes_matrices_and_adamw_the_rest() -> None:
    def network() -> nn.Sequential:
        torch.manual_seed(2)
        normed = weight_norm(nn.Linear(4, 3))
        return nn.Sequential(nn.Embedding(5, 4), normed, nn.LayerNorm(3), nn.Linear(3, 2))

    training = spec(optimizer=call("Muon", lr=0.02, weight_decay=0.0)).training
    assert training is not None
    ours, theirs = network(), network()
    updater = build_updater(training, ours, Horizon(5, 5))
    matrices = [theirs[1].parametrizations.weight.original1, theirs[3].weight]
    others = [p for p in theirs.parameters() if all(p is not each for each in matrices)]
    parts = [
        torch.optim.Muon(matrices, lr=0.02, weight_decay=0.0),
        torch.optim.AdamW(others, lr=0.02, weight_decay=0.0, fused=True),
    ]
    rows = torch.tensor([0, 1, 2, 4])
    for _ in range(4):
        loss = ours(rows).square().sum()
        updater.take(loss, lambda: (ours(rows).square().sum(),))
        for part in parts:
            part.zero_grad()
        theirs(rows).square().sum().backward()
        for part in parts:
            part.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_an_average_is_one_more_number_for_each_weight() -> None:
    plain = spec(optimizer=call("AdamW")).training
    averaged = spec(optimizer=call("AdamW"), average=AverageSpec(PLACE, ema=0.9)).training
    assert plain is not None and averaged is not None
    assert (kept_per_weight(plain), kept_per_weight(averaged)) == (2, 3)


def test_an_average_leaves_the_directions_of_a_spectral_norm_as_they_are() -> None:
    training = spec(optimizer=call("SGD", lr=0.1), average=AverageSpec(PLACE, ema=0.5)).training
    assert training is not None
    torch.manual_seed(1)
    module = nn.Sequential(spectral_norm(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 2))
    updater = build_updater(training, module, Horizon(5, 5))
    for _ in range(4):
        _step(updater, module)
    learned = module[0].parametrizations.weight
    weight, direction = learned.original.detach().clone(), learned[0]._u.clone()
    with updater.averaged():
        assert not torch.equal(learned.original, weight)
        assert torch.equal(learned[0]._u, direction)
        assert torch.allclose(torch.linalg.matrix_norm(module.eval()[0].weight, 2), torch.ones(()), atol=0.05)
    assert not any("_u" in name for name in updater.tensors())
