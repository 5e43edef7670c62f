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
    assert set(tensors) == {"networks", "updaters", "random", "best"}
    assert set(tensors["networks"]) == set(tensors["best"])
    assert "network/0.weight/exp_avg" in tensors["updaters"]
    assert tensors["updaters"]["network/0.weight/step"].item() == 5
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


def test_a_run_that_goes_back_does_not_get_its_minutes_again() -> None:
    prepared, state = job(spec(epochs=1))
    list(train(prepared, state, lambda: False))
    state.seconds = 30.0
    state.take_snapshot()
    state.seconds = 50.0
    state.go_back(0.5)
    assert (state.seconds, state.mishaps.rewound) == (50.0, 1)


@pytest.mark.parametrize("wrong", [torch.zeros(3), torch.zeros(16, 4, dtype=torch.int8)])
def test_state_that_a_kernel_would_read_past_its_end_is_refused(wrong: torch.Tensor) -> None:
    prepared, state = job(spec(epochs=1), classifier())
    list(train(prepared, state, lambda: False))
    tensors, scalars = state.tensors(), state.scalars()
    tensors["updaters"]["network/0.weight/exp_avg"] = wrong
    _, other = job(spec(epochs=1), classifier())
    with pytest.raises(WeightsError) as caught:
        other.restore(tensors, scalars)
    assert "0.weight/exp_avg is" in message_of(caught.value.problems[0])


@pytest.mark.parametrize("key", ["epoch", "loss_sums", "best", "updaters"])
@pytest.mark.parametrize("value", [None, "many", -1.5])
def test_state_of_another_program_is_refused(key: str, value: object) -> None:
    prepared, state = job(spec(epochs=1), classifier())
    list(train(prepared, state, lambda: False))
    scalars = state.scalars()
    if (key, value) == ("best", None):
        del scalars[key]
    else:
        scalars[key] = value
    _, other = job(spec(epochs=1), classifier())
    with pytest.raises(WeightsError) as caught:
        other.restore(state.tensors(), scalars)
    assert caught.value.problems[0].code == "checkpoint-differs"
