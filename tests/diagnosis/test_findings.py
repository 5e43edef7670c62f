from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from nncli.diagnosis.findings import Finding, find
from nncli.diagnosis.probes import probe
from nncli.training.loop import train
from tests.training.jobs import call, data, job, spec


def findings(module: nn.Sequential, epochs: int = 0, **training: Any) -> tuple[Finding, ...]:
    prepared, state = job(spec(epochs=max(epochs, 1), **training), module, data(rows=300))
    if epochs:
        list(train(prepared, state, lambda: False))
    return find(probe(prepared, state, 8))


def stack(depth: int, width: int, activation: Callable[[], nn.Module], gain: float = 1.0) -> nn.Sequential:
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Linear(4, width), activation()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), activation()]
    layers.append(nn.Linear(width, 3))
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Linear):
                layer.weight *= gain
    return nn.Sequential(*layers)


SGD = call("SGD", lr=0.1)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU, nn.Sigmoid])
@pytest.mark.parametrize("optimizer", [SGD, call("AdamW", lr=3e-3)], ids=["SGD", "AdamW"])
@pytest.mark.parametrize("epochs", [0, 10])
def test_healthy_networks_raise_no_alarm(activation: Any, optimizer: Any, epochs: int) -> None:
    assert findings(stack(2, 32, activation), epochs, optimizer=optimizer) == ()


def test_healthy_networks_of_other_kinds() -> None:
    torch.manual_seed(0)
    small = nn.Sequential(nn.Linear(4, 3))
    normed = nn.Sequential(
        nn.Linear(4, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(8, 2),
        nn.ReLU(),
        nn.Linear(2, 3),
    )
    nn.init.zeros_(zero_start := nn.Linear(8, 3).weight)
    zeroed = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    zeroed[2].weight.data = zero_start.detach()
    for module in (small, normed, zeroed):
        assert findings(module) == ()


def test_a_deep_stack_of_sigmoids_vanishes() -> None:
    (found,) = findings(stack(12, 16, nn.Sigmoid), optimizer=SGD)
    assert (found.id, found.severity, found.layer) == ("vanishing_gradients", "warning", "0")
    assert (found.file, found.line) == ("spec.yaml", 40)
    assert found.value is not None and found.value < found.threshold
    assert "24" in found.evidence and found.advice


def test_adam_makes_up_for_a_small_gradient_that_is_not_too_small() -> None:
    (found,) = findings(stack(4, 16, nn.Sigmoid), optimizer=call("AdamW", lr=0.01))
    assert (found.id, found.severity) == ("vanishing_gradients", "note")
    (found,) = findings(stack(12, 16, nn.Sigmoid), optimizer=call("AdamW", lr=0.01))
    assert (found.id, found.severity) == ("vanishing_gradients", "warning")


def test_tiny_initial_weights_vanish_evenly() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Linear(4, 16, bias=False),
        nn.Tanh(),
        nn.Linear(16, 16, bias=False),
        nn.Tanh(),
        nn.Linear(16, 3, bias=False),
    )
    with torch.no_grad():
        for layer in module[::2]:
            layer.weight *= 1e-4
    (found,) = findings(module, optimizer=SGD)
    assert found.id == "vanishing_gradients"
    assert "before any training" in found.evidence


def test_large_weights_explode() -> None:
    found = findings(stack(8, 32, nn.ReLU, gain=12.0), optimizer=SGD)
    assert [f.id for f in found] == ["exploding_gradients"]
    assert found[0].value is not None and found[0].value > found[0].threshold


def test_dead_units() -> None:
    module = stack(2, 32, nn.ReLU)
    with torch.no_grad():
        module[2].bias[:20] = -1e6
    (found,) = findings(module)
    assert (found.id, found.severity, found.layer) == ("dead_units", "warning", "3")
    assert found.evidence == "21 of its 32 units were zero on all 300 rows"
    with torch.no_grad():
        module[2].bias[:] = -1e6
    (found,) = findings(module)
    assert (found.severity, found.value) == ("error", 1.0)


def test_a_few_dead_units_of_a_small_layer_are_no_fault() -> None:
    module = stack(1, 8, nn.ReLU)
    with torch.no_grad():
        module[0].bias[:6] = -1e6
    assert findings(module) == ()


def test_saturated_layers_at_the_start() -> None:
    module = stack(2, 16, nn.Tanh)
    with torch.no_grad():
        module[0].weight *= 500
    found = findings(module)
    assert [(f.id, f.layer) for f in found if f.id == "saturated_activations"] == [
        ("saturated_activations", "1")
    ]


def test_an_output_layer_may_saturate() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid())
    with torch.no_grad():
        module[0].weight *= 500
    assert findings(module, loss="MSELoss") == ()


class Root(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - x).sqrt() + x


def test_what_is_not_finite_hides_the_rest() -> None:
    module = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 8), Root(), nn.Linear(8, 3))
    (found,) = findings(module)
    assert (found.id, found.severity, found.layer) == ("nan_loss", "error", "1")
    assert "gradient" in found.evidence
    with torch.no_grad():
        module[1].weight[0, 0] = float("inf")
    (found,) = findings(module)
    assert (found.layer, found.value) == ("1", None)
    assert "output" in found.evidence
