"""What is done to gradients, and averages of weights, against loops written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn

from nncli.data.sampling import batch_bounds, sample_order
from nncli.errors import NncliError, SpecError
from nncli.spec.optimising import AverageSpec, RegulariseSpec, Span
from nncli.spec.weights import PatternAt
from nncli.training.evaluation import evaluate
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from nncli.training.state import TrainState
from tests.training.jobs import PLACE, call, classifier, data, job, spec

EMA = AverageSpec(PLACE, ema=0.9)
SWA = AverageSpec(PLACE, swa=Span(50, "%", PLACE))


def _trained(written: Any, module: nn.Sequential | None = None) -> tuple[list[EpochRow], TrainState]:
    prepared, state = job(written, module)
    return [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)], state


def _by_hand(
    module: nn.Module,
    epochs: int,
    update: Callable[[list[torch.Tensor], torch.optim.Optimizer], None],
    group: int = 1,
    after_epoch: Callable[[], None] = lambda: None,
) -> nn.Module:
    """Trains as a person would write it; `update` gets the losses of some batches."""
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, fused=True)
    part = data().parts["train"]
    for epoch in range(epochs):
        order = sample_order(part.rows, 0, epoch)
        bounds = batch_bounds(part.rows, 8)
        for first in range(0, len(bounds), group):
            optimizer.zero_grad()
            losses = []
            for start, stop in bounds[first : first + group]:
                rows = order[start:stop]
                output = module(part.input("features")[rows])
                losses.append(nn.functional.cross_entropy(output, part.target("kind")[rows]))
            update(losses, optimizer)
        after_epoch()
    return module


def _same(ours: nn.Module, theirs: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


SGD = call("SGD", lr=0.1, momentum=0.9)


@pytest.mark.parametrize("size", [2, 5, 9])
def test_batches_are_added_up_and_an_epoch_ends_with_an_update(size: int) -> None:
    _, state = _trained(spec(optimizer=SGD, epochs=2, accumulate=size))

    def update(losses: list[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        for loss in losses:
            (loss / len(losses)).backward()
        optimizer.step()

    assert _same(state.networks["network"], _by_hand(classifier(), 2, update, size))


def test_a_run_of_steps_ends_with_an_update() -> None:
    _, state = _trained(spec(optimizer=SGD, steps=7, accumulate=4))
    left = [7]

    def update(losses: list[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        losses = losses[: left[0]]
        left[0] -= len(losses)
        for loss in losses:
            (loss / len(losses)).backward()
        if losses:
            optimizer.step()

    assert _same(state.networks["network"], _by_hand(classifier(), 2, update, 4))


@pytest.mark.parametrize(("value", "norm"), [(0.01, None), (None, 0.1), (0.02, 0.05)])
def test_gradients_are_clipped(value: float | None, norm: float | None) -> None:
    _, state = _trained(spec(optimizer=SGD, epochs=2, clip_gradients={"value": value, "norm": norm}))
    module = classifier()

    def update(losses: list[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        losses[0].backward()
        if value is not None:
            nn.utils.clip_grad_value_(module.parameters(), value)
        if norm is not None:
            nn.utils.clip_grad_norm_(module.parameters(), norm)
        optimizer.step()

    assert _same(state.networks["network"], _by_hand(module, 2, update))


@pytest.mark.parametrize("match", [(), ("*.weight",)])
def test_weights_are_pulled_to_zero_as_by_a_term_of_the_loss(match: tuple[str, ...]) -> None:
    pulled = RegulariseSpec(0.01, tuple(PatternAt(each, PLACE) for each in match), PLACE)
    _, state = _trained(spec(optimizer=SGD, epochs=2, regularise=pulled))
    module = classifier()

    def update(losses: list[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        weights = [p for name, p in module.named_parameters() if not match or name.endswith("weight")]
        (losses[0] + 0.01 * sum(each.abs().sum() for each in weights)).backward()
        optimizer.step()

    assert _same(state.networks["network"], _by_hand(module, 2, update))


@pytest.mark.parametrize("average", [EMA, SWA], ids=["ema", "swa"])
def test_averages_are_those_of_torch_and_are_judged_and_kept(average: AverageSpec) -> None:
    rows, state = _trained(spec(optimizer=SGD, epochs=4, average=average, keep_best="train.loss"))
    module = classifier()
    make = get_swa_multi_avg_fn() if average.ema is None else get_ema_multi_avg_fn(average.ema)
    averaged = AveragedModel(module, multi_avg_fn=make)
    epochs = []

    def update(losses: list[torch.Tensor], optimizer: torch.optim.Optimizer) -> None:
        losses[0].backward()
        optimizer.step()
        if average.ema is not None:
            averaged.update_parameters(module)

    def after_epoch() -> None:
        epochs.append(None)
        if average.ema is None and len(epochs) >= 2:
            averaged.update_parameters(module)

    assert _same(state.networks["network"], _by_hand(module, 4, update, after_epoch=after_epoch))
    prepared, _ = job(spec())
    assert prepared.validation is not None
    expected = evaluate(averaged.module, prepared.validation, prepared.judge, 8).figures
    assert rows[-1].validation is not None
    assert rows[-1].validation["loss"] == expected["loss"]
    state.best_weights = {}
    kept = state.weights_to_keep()
    for name, parameter in averaged.module.named_parameters():
        assert torch.equal(kept[f"network/{name}"], parameter)
    assert _same(state.networks["network"], module)


def test_running_statistics_are_averaged_with_the_weights() -> None:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    _, state = _trained(spec(optimizer=SGD, epochs=1, average=EMA), module)
    state.best_weights = {}
    kept = state.weights_to_keep()
    assert not torch.equal(kept["network/1.running_mean"], state.weights()["network/1.running_mean"])
    assert kept["network/1.num_batches_tracked"].item() == 5


@pytest.mark.parametrize("optimizer", [SGD, call("AdamW", lr=0.05)], ids=lambda each: each.name)
@pytest.mark.parametrize("average", [EMA, SWA], ids=["ema", "swa"])
def test_a_run_is_resumed_at_any_batch(optimizer: Any, average: AverageSpec) -> None:
    written = spec(
        optimizer=optimizer,
        epochs=3,
        accumulate=3,
        average=average,
        regularise=RegulariseSpec(0.01, (), PLACE),
        clip_gradients={"norm": 0.5},
    )
    rows, whole = _trained(written)
    prepared, state = job(written)
    found: list[EpochRow] = []
    while len(found) < 3:
        left = iter([False])
        every = train(prepared, state, lambda left=left: next(left, True))  # type: ignore[misc]
        found += [row for row in every if isinstance(row, EpochRow)]
        tensors = {key: {n: t.clone() for n, t in group.items()} for key, group in state.tensors().items()}
        scalars = json.loads(json.dumps(state.scalars()))
        prepared, state = job(written)
        state.restore(tensors, scalars)
    assert [row.validation for row in found] == [row.validation for row in rows]
    assert state.scalars() == whole.scalars()
    ours, theirs = state.tensors(), whole.tensors()
    for group, named in theirs.items():
        assert named.keys() == ours[group].keys()
        assert all(torch.equal(ours[group][name], tensor) for name, tensor in named.items())


def test_what_waits_for_more_batches_is_in_the_checkpoint() -> None:
    prepared, state = job(spec(epochs=1, accumulate=3, average=EMA))
    left = iter([False] * 4)
    list(train(prepared, state, lambda: next(left, True)))
    names = set(state.tensors()["updaters"])
    assert {"network/0.weight/gradient", "network/0.weight/average", "network/0.weight/exp_avg"} <= names
    scalars = state.scalars()["updaters"]
    assert isinstance(scalars, dict)
    assert scalars["network"]["accumulated"] == {"taken": 4, "waiting": 1, "wanted": 2}


def test_what_cannot_be_added_up_is_refused() -> None:
    for optimizer, module in (
        (call("LBFGS"), None),
        (call("SGD"), nn.Sequential(nn.Embedding(4, 3, sparse=True))),
    ):
        with pytest.raises(NncliError) as caught:
            job(spec(optimizer=optimizer, accumulate=2), module)
        assert caught.value.problems[0].code == "accumulate-unfit"


def test_a_pattern_that_pulls_nothing_is_refused() -> None:
    pulled = RegulariseSpec(0.01, (PatternAt("heed.*", PLACE),), PLACE)
    with pytest.raises(SpecError) as caught:
        job(spec(regularise=pulled))
    assert caught.value.problems[0].code == "pattern-matches-nothing"
