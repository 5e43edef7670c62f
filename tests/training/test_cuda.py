"""Training on CUDA: as on the CPU, the same bits after a resume, read ahead, and compiled."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import Tensor

from nncli.spec.optimising import AverageSpec, StageSpec
from nncli.training import held, loop
from nncli.training.choices import Choices, applied
from nncli.training.epoch_rows import EpochRows
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from nncli.training.state import TrainState
from nncli.training.unread import UnreadLosses
from tests.training import jobs
from tests.training.jobs import call, classifier, job, spec

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


@pytest.fixture
def on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CPU", torch.device("cuda"))


def _trained(dropout: float = 0.0, **training: Any) -> tuple[list[float], TrainState]:
    prepared, state = job(spec(epochs=4, **training), classifier(dropout))
    rows = [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)]
    losses = [row.train["loss"] for row in rows]
    return [each for each in losses if each is not None], state


def _weights(state: TrainState) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in state.weights().items()}


def test_it_learns_as_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    expected, _ = _trained(precision="float32")
    monkeypatch.setattr(jobs, "CPU", torch.device("cuda"))
    found, state = _trained(precision="float32")
    assert found == pytest.approx(expected, rel=1e-3)
    assert all(each.device.type == "cuda" for each in state.weights().values())


@pytest.mark.usefixtures("on_cuda")
def test_a_resumed_run_has_the_same_bits() -> None:
    _, whole = _trained(dropout=0.5)
    looks = iter(range(7))
    halfway, stopped = job(spec(epochs=4), classifier(0.5))
    list(train(halfway, stopped, lambda: next(looks, None) is None))
    rest, again = job(spec(epochs=4), classifier(0.5))
    again.restore(stopped.tensors(), json.loads(json.dumps(stopped.scalars())))
    list(train(rest, again, lambda: False))
    others = _weights(again)
    assert all(torch.equal(each, others[name]) for name, each in _weights(whole).items())


@pytest.mark.usefixtures("on_cuda")
def test_what_is_read_ahead_trains_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    expected, whole = _trained()
    monkeypatch.setattr(held, "MOST_HELD_BYTES", 0)
    found, state = _trained()
    assert found == expected
    others = _weights(state)
    assert all(torch.equal(each, others[name]) for name, each in _weights(whole).items())


@pytest.mark.usefixtures("on_cuda")
def test_a_compiled_network_learns_alike() -> None:
    expected, _ = _trained()
    prepared, state = job(spec(epochs=4))
    with applied(Choices(compiled=True), state.networks):
        rows = [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)]
    assert [row.train["loss"] for row in rows] == pytest.approx(expected, rel=1e-2)


@pytest.mark.usefixtures("on_cuda")
@pytest.mark.parametrize("precision", ["float32", "bf16", "fp16"])
@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_no_step_waits_for_the_device(precision: str, optimizer: str) -> None:
    prepared, state = job(
        spec(
            optimizer=call(optimizer, lr=0.01),
            schedule=(StageSpec(jobs.PLACE, call("CosineAnnealingLR")),),
            clip_gradients={"norm": 1.0},
            average=AverageSpec(jobs.PLACE, ema=0.9),
            precision=precision,
        )
    )
    rows = EpochRows(prepared.train, prepared.order(0), None, 0, 0)
    unread = UnreadLosses(prepared, state)
    first, *others = prepared.steps_of_epoch()
    # The first step begins what is kept, and its statistics are taken.
    loop._step(prepared, state, rows, first, unread)
    try:
        torch.cuda.set_sync_debug_mode("error")
        for batches in others:
            state.step += 1
            loop._step(prepared, state, rows, batches, unread)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    unread.read()
