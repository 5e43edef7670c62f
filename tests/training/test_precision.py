"""Steps in float16: refused where they cannot be, scaled where they can, and gone on with bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from nncli.errors import SpecError
from nncli.messages.catalogue import message_of
from nncli.training import precision
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from nncli.training.state import TrainState
from tests.training import jobs
from tests.training.jobs import CPU, call, job, spec

IN_HALVES = {"precision": "fp16", "epochs": 4}


@pytest.fixture
def on_any_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the CPU do what few of them do quickly; torch does it for Linear on all."""
    monkeypatch.setattr(precision, "multiplies_halves", lambda _: True)


def test_a_processor_that_cannot_is_refused_with_what_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "multiplies_halves", lambda device: device.type != "cpu")
    with pytest.raises(SpecError) as caught:
        job(spec(precision="fp16"))
    assert caught.value.problems[0].code == "precision-unfit"
    assert "this processor" in message_of(caught.value.problems[0])


@pytest.mark.usefixtures("on_any_processor")
def test_an_optimiser_that_looks_again_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        job(spec(optimizer=call("LBFGS"), precision="fp16"))
    assert caught.value.problems[0].code == "precision-unfit"


def test_a_gpu_multiplies_halves() -> None:
    assert precision.multiplies_halves(torch.device("cuda"))
    assert isinstance(precision.multiplies_halves(CPU), bool)


@pytest.mark.usefixtures("on_any_processor")
@pytest.mark.parametrize("training", [{}, {"accumulate": 2}, {"clip_gradients": {"norm": 0.5}}])
def test_it_learns_nearly_the_same_as_in_float32(training: dict[str, object]) -> None:
    losses = []
    for numbers in ("float32", "fp16"):
        prepared, state = job(spec(**{**IN_HALVES, **training, "precision": numbers}))  # type: ignore[arg-type]
        rows = [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)]
        losses.append([row.train["loss"] for row in rows])
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert losses[1] != losses[0]


@pytest.mark.usefixtures("on_any_processor")
def test_a_step_that_overflows_is_left_out_and_the_scale_halved() -> None:
    _, state = job(spec(**IN_HALVES))  # type: ignore[arg-type]
    (updater,) = state.updaters.values()
    before = {name: each.clone() for name, each in state.weights().items()}
    weight = next(iter(state.networks.values())).get_parameter("0.weight")
    updater.take((weight * 1e38).sum(), lambda: ())
    assert all(torch.equal(each, before[name]) for name, each in state.weights().items())
    assert updater.scalars()["accumulated"]["scale"]["scale"] == 32768.0  # type: ignore[index]
    updater.take((weight * 2).sum(), lambda: ())
    assert not torch.equal(weight, before["network/0.weight"])


@pytest.mark.usefixtures("on_any_processor")
@pytest.mark.parametrize(("more", "skipped"), [({}, [3, 0]), ({"accumulate": 2}, [5, 0])])
def test_steps_that_are_left_out_are_counted(more: dict[str, object], skipped: list[int]) -> None:
    def again() -> tuple[TrainJob, TrainState]:
        prepared, state = job(spec(**{**IN_HALVES, **more, "epochs": 2}))  # type: ignore[arg-type]
        (update,) = prepared.updates

        def losses(*batch: Any) -> tuple[torch.Tensor, ...]:
            (loss,) = update.losses(*batch)
            # Scaled by 65,536 and its halves, the first gradients are beyond what float32 holds.
            return (loss * 1e34 if state.step < (3 if not more else 5) else loss,)

        return replace(prepared, updates=(replace(update, losses=losses),)), state

    prepared, state = again()
    rows = [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)]
    assert [row.skipped for row in rows] == skipped
    looks = iter(range(3))
    stopped, halfway = again()
    list(train(stopped, halfway, lambda: next(looks, None) is None))
    rest, other = again()
    other.restore(halfway.tensors(), json.loads(json.dumps(halfway.scalars())))
    rows = [row for row in train(rest, other, lambda: False) if isinstance(row, EpochRow)]
    assert [row.skipped for row in rows] == skipped


@pytest.mark.usefixtures("on_any_processor")
def test_it_goes_on_with_the_same_bits() -> None:
    prepared, state = job(spec(**IN_HALVES))  # type: ignore[arg-type]
    list(train(prepared, state, lambda: False))
    looks = iter(range(7))
    halfway, stopped = job(spec(**IN_HALVES))  # type: ignore[arg-type]
    list(train(halfway, stopped, lambda: next(looks, None) is None))
    rest, again = job(spec(**IN_HALVES))  # type: ignore[arg-type]
    again.restore(stopped.tensors(), json.loads(json.dumps(stopped.scalars())))
    list(train(rest, again, lambda: False))
    assert again.step == state.step
    assert all(torch.equal(each, again.weights()[name]) for name, each in state.weights().items())
    assert again.scalars()["updaters"] == state.scalars()["updaters"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda_it_learns_as_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "CPU", torch.device("cuda"))
    losses = []
    for numbers in ("float32", "fp16"):
        prepared, state = job(spec(epochs=4, precision=numbers))
        rows = [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)]
        losses.append([row.train["loss"] for row in rows])
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
