"""Updates: what lies between a loss and new weights."""

from __future__ import annotations

import json

import torch
from torch import nn

from nncli.training.schedules import Horizon
from nncli.training.updating import build_updater
from tests.training.jobs import call, spec


def _network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def test_goes_on_with_the_same_bits() -> None:
    training = spec(optimizer=call("SGD", lr=0.1, momentum=0.9), clip_gradients=0.5).training
    assert training is not None
    rows = torch.linspace(-1, 1, 15).reshape(5, 3)
    whole, first, second = _network(), _network(), _network()
    updaters = [build_updater(training, module, Horizon(5, 5)) for module in (whole, first, second)]
    for _ in range(5):
        updaters[0].take(whole(rows).square().sum())
    for _ in range(3):
        updaters[1].take(first(rows).square().sum())
    second.load_state_dict(first.state_dict())
    tensors, scalars = updaters[1].tensors(), json.loads(json.dumps(updaters[1].scalars()))
    assert all(key.startswith(("0.weight/", "0.bias/", "2.weight/", "2.bias/")) for key in tensors)
    updaters[2].restore(tensors, scalars)
    for _ in range(2):
        updaters[2].take(second(rows).square().sum())
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))
