"""A step in parts, and what limits it."""

from __future__ import annotations

from itertools import accumulate, cycle

import pytest
import torch

from nncli.training import timing
from nncli.training.timing import Limit, StepTimes, limit_of, peak_flops, time_step
from tests.training.jobs import job, spec

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("times", "share", "limit"),
    [
        (StepTimes(4, 2, 2, 1), 0.9, "data"),
        (StepTimes(0, 2, 2, 1), 0.9, "arithmetic"),
        (StepTimes(0, 2, 2, 4), 0.1, "optimizer"),
        (StepTimes(0, 2, 2, 1), 0.1, "memory"),
        (StepTimes(0, 2, 2, 1), None, "memory"),
        (StepTimes(0, 2e-4, 2e-4, 1e-4), 0.1, "calls"),
    ],
)
def test_what_limits(times: StepTimes, share: float | None, limit: Limit) -> None:
    assert limit_of(times, share) == limit


@pytest.mark.parametrize("training", [{}, {"accumulate": 2}])
def test_the_parts_of_a_step_are_measured(
    training: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock is read five times in a step, with so much between: data, with losses, gradients, optimiser.
    ticks = accumulate(cycle([0.0, 1.0, 3.0, 7.0, 2.0]))
    monkeypatch.setattr(timing, "_SECONDS", 0.02)
    monkeypatch.setattr(timing, "_clock", lambda _: lambda: next(ticks))
    prepared, state = job(spec(**training))  # type: ignore[arg-type]
    times = time_step(prepared, state)
    assert times == StepTimes(pytest.approx(1.0), pytest.approx(2.0), pytest.approx(5.0), pytest.approx(2.0))
    assert times.whole == pytest.approx(10.0)


def test_the_peak_is_that_of_the_numbers_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_SIDE", 64)
    assert peak_flops("auto", CPU) > 1e6
    assert peak_flops("bf16", CPU) > 1e6
