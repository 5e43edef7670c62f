"""Losses that jump, and gradients that are mostly chance."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from nncli.diagnosis.history import history_of
from nncli.diagnosis.of_noise import noisy_gradients, unstable_loss
from nncli.errors import Place
from nncli.spec.items import Argument, Call

PLACE = Place("spec.yaml", 1, 1)


def told(losses: list[float], **more: Any) -> Any:
    """A run with these losses, whose best constant loses 1."""
    rows = [
        {"kind": "epoch", "epoch": number, "step": number, "train": {"loss": loss}}
        for number, loss in enumerate(losses, 1)
    ]
    optimizer = Call("SGD", PLACE, (), {"lr": Argument(1.0, PLACE)})
    training = SimpleNamespace(
        schedule=(), phases=(), batch_size=more.pop("batch_size", 32), accumulate=1, optimizer=optimizer
    )
    facts = {"training": training, "constant": 1.0, "outcome": None, "starts": (), "replays": None}
    facts |= {"facts": SimpleNamespace(rows=1000), "at": lambda path: path, "is_poor": True, **more}
    return cast(Any, SimpleNamespace(history=history_of(rows, (), "done", diverged=False), **facts))


FALLS = [1.0 / number for number in range(1, 21)]
JUMPS = [1.0, *[0.4, 0.8] * 8]


def test_a_loss_that_jumps_is_told_with_a_lower_rate() -> None:
    found = unstable_loss(told(JUMPS))
    assert found is not None and found.value is not None and found.value > 0.9
    assert found.patch is not None and found.patch.sets == ("training.optimizer.SGD.lr=0.2",)
    small = unstable_loss(told(JUMPS, batch_size=2))
    assert small is not None and small.patch is not None and small.patch.sets == ("training.batch_size=32",)


@pytest.mark.parametrize(
    "losses", [FALLS, [each + 0.012 * (-1) ** n for n, each in enumerate(FALLS)], JUMPS[:8], [0.5, 0.51] * 10]
)
def test_a_loss_that_falls_or_hardly_moves_is_not(losses: list[float]) -> None:
    assert unstable_loss(told(losses)) is None


def test_a_run_that_ended_well_is_not() -> None:
    assert unstable_loss(told(JUMPS, outcome=SimpleNamespace(score=0.95))) is None
    assert unstable_loss(told([*JUMPS, 0.2])) is None


@pytest.mark.parametrize(("noise", "is_told"), [(3000.0, True), (300.0, False), (None, False)])
def test_batches_far_below_the_noise_scale_are_noted(noise: float | None, is_told: bool) -> None:
    starts = (SimpleNamespace(noise=noise),)
    found = noisy_gradients(told(FALLS, starts=starts, outcome=SimpleNamespace(score=0.1)))
    assert (found is not None) is is_told
    if found is not None:
        assert found.severity == "note" and found.patch is not None
        assert found.patch.sets == ("training.batch_size=250",)
