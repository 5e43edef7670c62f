from __future__ import annotations

import pytest
import torch
from torch import nn

from nncli.errors import WeightsError
from nncli.messages.catalogue import message_of
from nncli.training.loop import train
from tests.training.jobs import classifier, job, spec


def test_groups_and_names_of_a_checkpoint() -> None:
    prepared, state = job(spec(epochs=1))
    list(train(prepared, state, lambda: False))
    tensors = state.tensors()
    assert set(tensors) == {"networks", "optimizers", "random", "best"}
    assert set(tensors["networks"]) == set(tensors["best"])
    assert "network/0.weight/exp_avg" in tensors["optimizers"]
    assert tensors["optimizers"]["network/0.weight/step"].item() == 5
    assert state.scalars()["step"] == 5


def test_another_network_is_refused() -> None:
    prepared, state = job(spec(epochs=1))
    list(train(prepared, state, lambda: False))
    torch.manual_seed(0)
    _, other = job(spec(epochs=1), nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(), nn.Linear(8, 3)))
    with pytest.raises(WeightsError) as caught:
        other.restore(state.tensors(), state.scalars())
    assert "network/0.bias is [16], not [8]" in message_of(caught.value.problems[0])


def test_best_weights_do_not_move_with_training() -> None:
    prepared, state = job(spec(epochs=1), classifier())
    list(train(prepared, state, lambda: False))
    best = state.best_weights["network/0.weight"].clone()
    with torch.no_grad():
        state.networks["network"].get_parameter("0.weight").add_(1)
    assert torch.equal(state.weights_to_keep()["network/0.weight"], best)
