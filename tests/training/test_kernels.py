"""The fused kernels against torch.optim's own classes, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nncli.training import kernels
from nncli.training.kernels import FusedAdam, FusedSGD, fused_optimizer
from nncli.training.optimizer_state import load_state, state_scalars, state_tensors

CASES: list[tuple[str, Mapping[str, object]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.01, "maximize": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {}),
    ("Adam", {"lr": 3e-3, "betas": (0.8, 0.99), "weight_decay": 0.1}),
    ("Adam", {"amsgrad": True, "eps": 1e-6}),
    ("AdamW", {"lr": 1e-2}),
    ("AdamW", {"weight_decay": 0.2, "amsgrad": True}),
    ("AdamW", {"maximize": True}),
]


def _network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(7, 33), nn.Tanh(), nn.Linear(33, 5))


def _one(module: nn.Module) -> list[dict[str, Any]]:
    return [{"params": list(module.parameters())}]


def _batches(count: int) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(5)
    return [
        (torch.randn(9, 7, generator=generator), torch.randn(9, 5, generator=generator)) for _ in range(count)
    ]


def _train(module: nn.Module, optimizer: kernels.Optimizer, batches: list[tuple[Tensor, Tensor]]) -> None:
    for rows, target in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(module(rows), target).backward()
        optimizer.step()


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_equals_torch_bit_for_bit(name: str, arguments: Mapping[str, object]) -> None:
    kind = getattr(torch.optim, name)
    ours, theirs = _network(), _network()
    fused = fused_optimizer(kind, _one(ours), arguments)
    reference = kind(theirs.parameters(), fused=True, **arguments)
    assert isinstance(fused, (FusedAdam, FusedSGD))
    _train(ours, fused, _batches(40))
    _train(theirs, reference, _batches(40))
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)
    mine, other = state_tensors(fused, ours), state_tensors(reference, theirs)
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[key], other[key]) for key in mine)


@pytest.mark.parametrize(("name", "arguments"), CASES[3:7])
def test_groups_equal_torch_bit_for_bit(name: str, arguments: Mapping[str, object]) -> None:
    def groups(module: nn.Sequential) -> list[dict[str, Any]]:
        return [
            {"params": [module[0].weight]},
            {"params": [module[0].bias, module[2].bias], "weight_decay": 0.0, "lr": 0.2},
            {"params": [module[2].weight], "lr": 1e-4},
        ]

    kind = getattr(torch.optim, name)
    ours, theirs = _network(), _network()
    _train(ours, fused_optimizer(kind, groups(ours), arguments), _batches(20))
    _train(theirs, kind(groups(theirs), fused=True, **arguments), _batches(20))
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_parameters_without_a_gradient_are_left_alone_and_may_come_later() -> None:
    used, later = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    optimizer = fused_optimizer(
        torch.optim.SGD, [{"params": [used, later]}], {"lr": 0.5, "momentum": 0.9, "dampening": 0.5}
    )
    used.grad = torch.ones(3)
    optimizer.step()
    assert later.tolist() == [1, 1, 1]
    assert used.tolist() == [0.5, 0.5, 0.5]
    later.grad = torch.ones(3)
    optimizer.step()
    assert later.tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_another_schema_falls_back_to_torch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "SCHEMAS", {name: (kernels.SCHEMAS[name][0], "(something else) -> ()")})
    kind = getattr(torch.optim, name)
    optimizer = fused_optimizer(kind, _one(_network()), {"lr": 0.25})
    assert type(optimizer) is kind
    assert optimizer.param_groups[0]["fused"] is True
    assert optimizer.param_groups[0]["lr"] == 0.25


def test_the_state_moves_between_our_class_and_torchs() -> None:
    ours, theirs = _network(), _network()
    fused = fused_optimizer(torch.optim.AdamW, _one(ours), {"lr": 1e-2})
    _train(ours, fused, _batches(10))
    theirs.load_state_dict(ours.state_dict())
    reference = torch.optim.AdamW(theirs.parameters(), fused=True)
    load_state(reference, theirs, state_tensors(fused, ours), state_scalars(fused, ours))
    _train(ours, fused, _batches(12)[10:])
    _train(theirs, reference, _batches(12)[10:])
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_zero_grad_can_keep_the_tensors() -> None:
    module = _network()
    optimizer = fused_optimizer(torch.optim.SGD, _one(module), {})
    module(torch.ones(1, 7)).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.any() for p in module.parameters())
    optimizer.zero_grad()
    assert all(p.grad is None for p in module.parameters())


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_what_a_scaler_leaves_out_is_left_out_as_in_torch(name: str, arguments: Mapping[str, object]) -> None:
    kind = getattr(torch.optim, name)
    ours, theirs = _network(), _network()
    fused = fused_optimizer(kind, _one(ours), arguments)
    reference = kind(theirs.parameters(), fused=True, **arguments)
    for module, optimizer in ((ours, fused), (theirs, reference)):
        scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
        for step, (rows, target) in enumerate(_batches(9)):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(module(rows), target)
            scaler.scale(loss).backward()
            if step in (3, 4, 7):
                module[0].weight.grad[2, 1] = float("inf")
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
        assert scaler.get_scale() == 0.5
    for mine, yours in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, yours)
        for key, value in reference.state[yours].items():
            assert torch.equal(fused.state[mine][key], value), key


def test_counts_part_where_gradients_do() -> None:
    kinds: list[Any] = [torch.optim.AdamW, None]
    found = []
    for kind in kinds:
        weights = [nn.Parameter(torch.full((3,), 1.0 + n)) for n in range(4)]
        groups = [{"params": weights[:3]}, {"params": weights[3:], "lr": 0.5}]
        optimizer = kind(groups, fused=True) if kind else fused_optimizer(torch.optim.AdamW, groups, {})
        # All together, then one is left out for a while, then all again.
        for step in range(9):
            for number, weight in enumerate(weights):
                weight.grad = (
                    None if number == 1 and 3 <= step < 6 else torch.full((3,), 0.1 * (step + number))
                )
            optimizer.step()
        found.append((weights, [float(optimizer.state[weight]["step"]) for weight in weights]))
    (theirs, their_steps), (ours, our_steps) = found
    assert our_steps == their_steps == [9.0, 6.0, 9.0, 9.0]
    assert all(torch.equal(one, other) for one, other in zip(theirs, ours, strict=True))
