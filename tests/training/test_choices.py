"""What is chosen comes back from JSON, and a run with it goes on with the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nncli.spec.optimising import AverageSpec
from nncli.training.choices import Choices, applied
from nncli.training.job import TrainJob
from nncli.training.linear_kernels import Products, onednn_product
from nncli.training.loop import train
from nncli.training.state import TrainState
from tests.training.jobs import PLACE, call, job, spec

ALL = Products(True, True, True)
SOME = Choices(2, {(4, 16): ALL, (16, 3): Products(weights=True)}, channels_last=True, compiled=True)
SWITCHES = [Choices(channels_last=True), Choices(compiled=True), Choices(wide_attention=True)]


def test_choices_come_back() -> None:
    assert Choices.from_json(SOME.to_json()) == SOME
    assert all(Choices.from_json(each.to_json()) == each for each in SWITCHES)
    assert Choices().to_json() == {} and Choices.from_json({}) == Choices()
    assert SOME.to_json()["onednn"] == {"4 to 16": ["output", "inputs", "weights"], "16 to 3": ["weights"]}


@pytest.mark.parametrize(
    "document",
    [[], None, {"threads": 0}, {"threads": True}, {"onednn": 3}, {"onednn": {"4": ["output"]}}]
    + [{"onednn": {"4 to 3": names}} for names in (["else"], "output", {"output": 1}, [["output"]], [{}])],
)
def test_another_form_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match=r"choices|invalid literal"):
        Choices.from_json(document)


def network() -> nn.Sequential:
    torch.manual_seed(3)
    convolutions = (nn.Conv2d(1, 6, 2, padding=1), nn.ReLU(), nn.Conv2d(6, 4, 2))
    return nn.Sequential(nn.Unflatten(1, (1, 2, 2)), *convolutions, nn.Flatten(), nn.Linear(16, 3))


@contextmanager
def chosen(choices: Choices, **training: Any) -> Iterator[tuple[TrainJob, TrainState]]:
    written = spec(optimizer=call("AdamW", lr=0.01), epochs=4, **training)
    prepared, state = job(written, network())
    with applied(choices, state.networks):
        yield prepared, state


def bits(state: TrainState) -> dict[str, Tensor]:
    # All but the losses since the last checkpoint, which begin anew.
    groups = {kind: tensors for kind, tensors in state.tensors().items() if kind != "trace"}
    flat = {f"{kind}/{name}": each for kind, tensors in groups.items() for name, each in tensors.items()}
    return {name: each.detach().clone() for name, each in flat.items()}


@pytest.mark.skipif(onednn_product() is None, reason="torch has no such product here")
@pytest.mark.parametrize("choices", [Choices(linear={(16, 3): ALL}), Choices(channels_last=True)])
@pytest.mark.parametrize("training", [{}, {"average": AverageSpec(PLACE, ema=0.9)}, {"accumulate": 3}])
def test_a_run_goes_on_with_the_same_bits(choices: Choices, training: dict[str, Any]) -> None:
    with chosen(choices, **training) as (prepared, state):
        list(train(prepared, state, lambda: False))
        whole = bits(state)
    looks = iter(range(7))
    with chosen(choices, **training) as (prepared, state):
        list(train(prepared, state, lambda: next(looks, None) is None))
        saved = state.tensors().items()
        tensors = {
            kind: {name: each.contiguous().clone() for name, each in all_.items()} for kind, all_ in saved
        }
        scalars = state.scalars()
        assert state.step == 6
    with chosen(choices, **training) as (prepared, state):
        state.restore(tensors, scalars)
        list(train(prepared, state, lambda: False))
        again = bits(state)
    assert whole.keys() == again.keys()
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_weights_of_convolutions_lie_channels_last_and_come_back() -> None:
    with chosen(Choices(channels_last=True)) as (_, state):
        weight = state.networks["network"].get_parameter("3.weight")
        assert weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
    assert weight.is_contiguous()
