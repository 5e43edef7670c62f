from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import nn

from nncli.errors import SpecError
from nncli.training.kernels import FusedAdam, FusedSGD, Optimizer
from nncli.training.optimizer_state import load_state, state_scalars, state_tensors
from nncli.training.optimizers import (
    build_optimizer,
    optimizer_classes,
    state_per_weight,
)
from tests.training.jobs import PLACE, call


def _network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 2, bias=False))


def _steps(module: nn.Module, optimizer: Optimizer, count: int) -> None:
    rows = torch.linspace(-1, 1, 15).reshape(5, 3)
    for _ in range(count):
        optimizer.zero_grad()
        module(rows).square().sum().backward()
        optimizer.step()


def refused(name: str, *positions: object, **keywords: object) -> Any:
    with pytest.raises(SpecError) as caught:
        build_optimizer(call(name, *positions, **keywords), _network())
    return caught.value.problems[0]


def test_takes_the_fused_kernels_unless_told_otherwise() -> None:
    assert isinstance(build_optimizer(call("AdamW", 0.1), _network()), FusedAdam)
    assert isinstance(build_optimizer(call("SGD"), _network()), FusedSGD)
    assert type(build_optimizer(call("SGD", fused=False), _network())) is torch.optim.SGD
    assert type(build_optimizer(call("Adam", foreach=True), _network())) is torch.optim.Adam


def test_whole_numbers_stand_for_numbers() -> None:
    optimizer = build_optimizer(call("Adam", lr=1, betas=(0, 0.9)), _network())
    assert optimizer.param_groups[0]["betas"] == (0.0, 0.9)


@pytest.mark.parametrize("lr", [float("nan"), float("inf"), -0.1, -1, "fast", True, (0.1, 0.2)], ids=str)
def test_a_learning_rate_must_be_a_number_in_range(lr: object) -> None:
    problem = refused("AdamW", lr=lr)
    assert problem.code in ("argument-range", "argument-type")
    assert problem.path == "training.optimizer.AdamW.lr"
    assert problem.place.line == 30


def test_a_position_is_answered_at_its_place() -> None:
    assert refused("SGD", -0.5).place.line == 20


@pytest.mark.parametrize(
    ("name", "keywords", "code"),
    [
        ("Adamw", {}, "optimizer-unknown"),
        ("Optimizer", {}, "optimizer-unknown"),
        ("AdamW", {"learning_rate": 0.1}, "argument-unknown"),
        ("Adam", {"betas": (0.9, 1.0)}, "argument-range"),
        ("SGD", {"momentum": 1.5}, "argument-range"),
        ("SGD", {"nesterov": True}, "optimizer-refused"),
        ("SGD", {"nesterov": True, "fused": False}, "optimizer-refused"),
        ("RMSprop", {"alpha": -1.0}, "optimizer-refused"),
        ("SparseAdam", {}, "optimizer-sparse"),
    ],
)
def test_refusals(name: str, keywords: dict[str, object], code: str) -> None:
    assert refused(name, **keywords).code == code


def test_the_nearest_name_is_offered() -> None:
    assert refused("adamw").facts["nearest"] == "AdamW"


def test_networks_that_it_cannot_change() -> None:
    for module, name, code in (
        (nn.Sequential(nn.Flatten()), "AdamW", "nothing-to-learn"),
        (nn.Sequential(nn.Embedding(4, 2, sparse=True)), "AdamW", "optimizer-sparse"),
        (nn.Sequential(nn.Conv1d(2, 2, 3)), "Muon", "optimizer-refused"),
    ):
        with pytest.raises(SpecError) as caught:
            build_optimizer(call(name), module)
        assert (caught.value.problems[0].code, caught.value.problems[0].place) == (code, PLACE)


def test_sparse_gradients_where_they_fit() -> None:
    for name in ("SGD", "SparseAdam", "Adagrad"):
        module = nn.Sequential(nn.Embedding(4, 2, sparse=True))
        optimizer = build_optimizer(call(name), module)
        module(torch.tensor([1, 2])).sum().backward()
        optimizer.step()


@pytest.mark.parametrize("name", sorted(set(optimizer_classes()) - {"LBFGS", "SparseAdam"}))
def test_every_optimiser_goes_on_with_the_same_bits(name: str) -> None:
    whole = _network()
    optimizer = build_optimizer(call(name), whole)
    _steps(whole, optimizer, 7)

    first = _network()
    optimizer = build_optimizer(call(name), first)
    _steps(first, optimizer, 3)
    tensors = {key: value.clone() for key, value in state_tensors(optimizer, first).items()}
    scalars = json.loads(json.dumps(state_scalars(optimizer, first)))
    assert all(key.startswith(("0.weight/", "2.weight/")) for key in tensors)

    second = _network()
    second.load_state_dict(first.state_dict())
    optimizer = build_optimizer(call(name), second)
    load_state(optimizer, second, tensors, scalars)
    _steps(second, optimizer, 4)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))


def test_settings_come_back() -> None:
    module = _network()
    optimizer = build_optimizer(call("AdamW", lr=0.5), module)
    scalars = json.loads(json.dumps(state_scalars(optimizer, module)))
    other = build_optimizer(call("AdamW", lr=0.1), module)
    load_state(other, module, {}, scalars)
    assert other.param_groups[0]["lr"] == 0.5
    assert other.param_groups[0]["betas"] == (0.9, 0.999)


@pytest.mark.parametrize(
    ("name", "keywords", "moments"),
    [
        ("SGD", {"lr": 0.1}, 0),
        ("SGD", {"lr": 0.1, "momentum": 0.9}, 1),
        ("AdamW", {}, 2),
        ("Adam", {"amsgrad": True}, 3),
        ("RMSprop", {}, 1),
        ("SparseAdam", {}, 2),
        ("Muon", {}, 1),
        ("LBFGS", {"history_size": 5}, 13),
    ],
)
def test_the_state_for_each_weight_is_measured(name: str, keywords: dict[str, Any], moments: int) -> None:
    assert state_per_weight(call(name, **keywords)) == moments


def test_an_optimiser_that_keeps_sums_keeps_little() -> None:
    assert 0 < state_per_weight(call("Adafactor")) < 0.1
