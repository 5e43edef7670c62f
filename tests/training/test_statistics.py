"""Statistics of steps: what is measured, when, and that nothing else changes."""

from __future__ import annotations

import math

import pytest
import torch

from nncli.training.loop import train
from nncli.training.statistics import Statistics, next_due
from tests.training.jobs import call, classifier, data, job, spec


def test_steps_are_few_early_and_fewer_later() -> None:
    due = [step for step in range(1, 12_000) if next_due(step) == step]
    assert due[:6] == [1, 10, 50, 100, 150, 200]
    assert due[due.index(5000) + 1] == 5100
    assert due[due.index(10_000) + 1] == 10_200
    assert all(next_due(step) >= step for step in range(1, 12_000))


def test_norms_are_those_of_torch() -> None:
    prepared, state = job(spec(optimizer=call("SGD", lr=0.5), steps=1, epochs=None), classifier())
    before = [weight.detach().clone() for weight in state.networks["network"].get_submodule("0").parameters()]
    list(train(prepared, state, lambda: False))
    (found,) = state.statistics.drain(state.step)
    layer = state.networks["network"].get_submodule("0")
    gradients = [weight.grad for weight in layer.parameters() if weight.grad is not None]
    norm = math.sqrt(sum(each.square().sum().item() for each in gradients))
    size = math.sqrt(sum(each.square().sum().item() for each in before))
    assert found.step == 1
    assert found.gradients["0"] == pytest.approx(norm, rel=1e-5)
    assert found.updates["0"] == pytest.approx(0.5 * norm / size, rel=1e-4)
    assert found.loss is not None and found.loss > 0


def test_the_loss_is_the_mean_since_the_statistics_before() -> None:
    statistics = Statistics()
    for step in range(1, 12):
        statistics.add_loss(step, float(step))
    first, second = statistics.drain(11)
    assert (first.step, first.loss) == (1, 1.0)
    assert (second.step, second.loss) == (10, 6.0)
    assert list(statistics.drain(11)) == []
    again = Statistics()
    again.restore(statistics.scalars(), 11)
    for step in range(12, 51):
        again.add_loss(step, 0.0)
    (third,) = again.drain(50)
    assert (third.step, third.loss) == (50, 11 / 40)


def test_the_last_losses_are_kept_through_a_resume() -> None:
    statistics = Statistics()
    for step in range(1, 31):
        statistics.add_loss(step, float(step))
    again = Statistics()
    again.restore(statistics.scalars(), 30)
    again.add_loss(31, 31.0)
    assert again.recent == {step: float(step) for step in range(12, 32)}


def test_the_bits_of_a_run_stay_as_they_are() -> None:
    measured, plain = (job(spec(epochs=3), classifier(dropout=0.5)) for _ in range(2))
    plain[1].statistics.leave_out()
    for prepared, state in (measured, plain):
        torch.manual_seed(4)
        list(train(prepared, state, lambda: False))
    assert [each.step for each in measured[1].statistics.drain(15)] == [1, 10]
    for group, tensors in plain[1].tensors().items():
        assert all(torch.equal(t, measured[1].tensors()[group][name]) for name, t in tensors.items()), group


def test_frozen_weights_and_layers_without_gradient_are_told() -> None:
    module = classifier()
    for weight in module[0].parameters():
        weight.requires_grad_(False)
    prepared, state = job(spec(), module, data())
    list(train(prepared, state, lambda: False))
    first = next(iter(state.statistics.drain(state.step)))
    assert set(first.gradients) == {"3"}


def test_a_step_that_only_adds_gradients_up_moved_nothing() -> None:
    prepared, state = job(spec(epochs=3, accumulate=5), classifier())
    list(train(prepared, state, lambda: False))
    first, tenth = state.statistics.drain(state.step)
    # The second update falls on step 10.
    assert (first.step, set(first.updates.values())) == (1, {None})
    assert all(each is not None and each > 0 for each in first.gradients.values())
    assert tenth.step == 10 and all(each is not None and each > 0 for each in tenth.updates.values())
