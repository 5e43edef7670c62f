from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from nncli.data.sampling import batch_bounds, sample_order
from nncli.diagnosis.probes import probe
from nncli.training.loop import train
from tests.training.jobs import call, classifier, data, job, spec


def test_gradients_are_those_of_torch() -> None:
    prepared, state = job(spec())
    found = probe(prepared, state, 2)
    module = classifier()
    part = data().parts["train"]
    order, norms, losses = sample_order(35, 0, 0), [], []
    for first, last in batch_bounds(35, 8)[:2]:
        rows = order[first:last]
        module.zero_grad()
        loss = nn.functional.cross_entropy(module(part.input("features")[rows]), part.target("kind")[rows])
        loss.backward()
        losses.append(loss.item())
        gradients = [p.grad for p in module[0].parameters() if p.grad is not None]
        norms.append(math.sqrt(sum(g.double().square().sum().item() for g in gradients)))
    first_layer = found.layers[0]
    assert first_layer.gradient is not None
    assert first_layer.gradient.norm == pytest.approx(sum(norms) / 2, rel=1e-6)
    assert first_layer.gradient.rms == pytest.approx(sum(norms) / 2 / math.sqrt(80), rel=1e-6)
    assert found.loss == pytest.approx(sum(losses) / 2, rel=1e-6)
    assert (found.batches, found.rows, found.step) == (2, 35, 0)


def test_activations_are_those_of_all_rows() -> None:
    found = probe(*job(spec(), classifier()), 1)
    hidden = classifier()[:2](data().parts["train"].input("features"))
    activation = found.layers[1].activation
    assert activation is not None
    assert activation.mean == pytest.approx(hidden.mean().item(), abs=1e-6)
    assert activation.std == pytest.approx(hidden.std(correction=0).item(), rel=1e-5)
    assert activation.saturated_share == pytest.approx((hidden.abs() > math.tanh(3)).float().mean().item())
    assert activation.dead_share is None


def test_the_update_is_that_of_the_optimiser() -> None:
    prepared, state = job(spec(optimizer=call("SGD", lr=0.5)), classifier())
    found = probe(prepared, state, 1)
    layer = found.layers[0]
    assert layer.gradient is not None and layer.update_ratio is not None
    norm = math.sqrt(sum(w.square().sum().item() for w in classifier()[0].parameters()))
    assert layer.update_ratio == pytest.approx(0.5 * layer.gradient.norm / norm, rel=1e-4)


def test_what_is_measured_follows_from_the_seed() -> None:
    def looked(seed: int) -> float:
        torch.rand(3)
        return probe(*job(spec(seed=seed), classifier(dropout=0.5)), 2).loss

    assert looked(0) == looked(0)
    assert looked(0) != looked(1)


def test_nothing_is_changed_by_looking() -> None:
    looked, plain = job(spec(epochs=3), classifier(dropout=0.5)), job(spec(epochs=3), classifier(dropout=0.5))
    torch.manual_seed(4)
    list(train(*plain, lambda: False))
    torch.manual_seed(4)
    stops = iter([False, False, False, True])
    list(train(*looked, lambda: next(stops)))
    probe(*looked, 3)
    list(train(*looked, lambda: False))
    for group, tensors in plain[1].tensors().items():
        assert all(torch.equal(t, looked[1].tensors()[group][name]) for name, t in tensors.items()), group


def test_dead_units_are_counted_by_unit_over_all_rows() -> None:
    module = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 3))
    with torch.no_grad():
        module[0].bias[:12] = -1e6
    found = probe(*job(spec(), module), 1)
    activation = found.layers[1].activation
    assert activation is not None
    assert activation.dead_share == pytest.approx(0.6)
    assert activation.units == 20


def test_units_of_images_are_channels() -> None:
    module = nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
    )
    found = probe(*job(spec(), module), 1)
    activation = found.layers[2].activation
    assert activation is not None and activation.units == 4
    assert found.layers[0].gradient is None and found.layers[0].update_ratio is None


def test_more_batches_than_an_epoch_has() -> None:
    assert probe(*job(spec()), 1000).batches == 5
