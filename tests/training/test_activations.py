"""Looks at activations: when they come, what they say, and that nothing else changes."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from nncli.errors import DataError, Problem
from nncli.recording.recorder import statistics_figures
from nncli.training import loop
from nncli.training.activations import is_look_due, look
from nncli.training.compiling import as_written
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.state import TrainState
from nncli.training.statistics import Health, next_due
from tests.training.jobs import data, job, spec

WIDTH = 6


def network(last_bias: float = 0.0) -> nn.Sequential:
    """A network whose first unit behind the ReLU can be made dead."""
    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Linear(4, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Dropout(0.3), nn.Linear(WIDTH, 5), nn.Tanh()
    )
    module.append(nn.Linear(5, 3))
    with torch.no_grad():
        module[1].bias[0] = last_bias  # type: ignore[index, operator]
    return module


def run(made: tuple[TrainJob, TrainState]) -> TrainState:
    prepared, state = made
    torch.manual_seed(4)
    list(train(prepared, state, lambda: False))
    return state


def test_a_look_is_rare_and_falls_on_steps_with_statistics() -> None:
    for size, space in ((8, 800), (32, 200)):
        prepared, _ = job(spec(batch_size=size), network(), data(rows=40))
        due = [step for step in range(1, 50_000) if next_due(step) == step and is_look_due(prepared, step)]
        assert due[:4] == [10, 50, space, 2 * space]
        assert all(len([each for each in due if each <= step]) <= 2 + step / space for step in due)


def test_a_look_says_how_layers_answer() -> None:
    prepared, state = job(spec(batch_size=32), network(last_bias=-50.0), data(rows=40))
    state.networks["network"].train()
    counters = look(prepared, state)
    assert list(counters) == ["0", "1", "2", "3", "4", "5", "6"]
    state.statistics.due = 10
    state.statistics.note_look(counters)
    (found,) = state.statistics.drain(10)
    assert found.activations["2"].dead == pytest.approx(1 / WIDTH)
    assert found.activations["2"].zeros > 1 / WIDTH
    assert found.activations["5"].saturated == 0 and found.activations["5"].dead is None
    # Batch normalisation sees the batch itself, as in a step.
    first = state.networks["network"].get_submodule("0")
    rows = torch.arange(32) * (40 // 32)
    with torch.no_grad():
        given = first(prepared.train.inputs(rows)[0])
    assert found.activations["0"].rms == pytest.approx(given.square().mean().sqrt().item(), rel=1e-5)


def test_of_few_rows_nothing_is_called_dead() -> None:
    prepared, state = job(spec(batch_size=5), network(last_bias=-50.0), data(rows=20))
    state.statistics.note_look(look(prepared, state))
    (found,) = state.statistics.drain(1)
    assert found.activations["2"].dead is None and found.activations["2"].zeros > 0


def test_looks_leave_weights_buffers_and_random_numbers_as_they_are() -> None:
    looked, plain = (job(spec(epochs=3), network()) for _ in range(2))
    plain[1].statistics.leave_out()
    first, second = run(looked), run(plain)
    assert [bool(each.activations) for each in first.statistics.drain(15)] == [False, True]
    for group, tensors in second.tensors().items():
        assert all(torch.equal(t, first.tensors()[group][name]) for name, t in tensors.items()), group


def test_a_look_follows_from_its_step_alone() -> None:
    whole = [
        json.dumps(statistics_figures(each))
        for each in run(job(spec(epochs=3), network())).statistics.drain(15)
    ]
    prepared, state = job(spec(epochs=3), network())
    torch.manual_seed(4)
    list(train(prepared, state, lambda: state.step == 7))
    early = [json.dumps(statistics_figures(each)) for each in state.statistics.drain(state.step)]
    kept, scalars = state.tensors(), json.loads(json.dumps(state.scalars()))
    again, other = job(spec(epochs=3), network())
    other.restore(kept, scalars)
    list(train(again, other, lambda: False))
    late = [json.dumps(statistics_figures(each)) for each in other.statistics.drain(15)]
    assert early + late == whole


def test_a_file_that_is_gone_ends_no_run_in_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise DataError([Problem("data-gone")])

    monkeypatch.setattr(loop, "look", gone)
    state = run(job(spec(epochs=3), network()))
    assert [bool(each.activations) for each in state.statistics.drain(15)] == [False, False]


def test_what_is_compiled_is_looked_at_layer_by_layer() -> None:
    module = nn.Linear(2, 2)
    module.__dict__["forward"] = quick = lambda values: values
    with as_written([module]):
        assert "forward" not in module.__dict__
    assert module.__dict__["forward"] is quick


def test_what_is_not_finite_is_null_in_the_row() -> None:
    from nncli.runs.rows import row_text
    from nncli.training.statistics import StepStatistics

    statistics = StepStatistics(10, None, {}, {}, {"0": Health(float("nan"), 0.25, None, 1.0)})
    row = json.loads(row_text(statistics_figures(statistics)))
    assert row["activations"] == {"0": {"rms": None, "zeros": 0.25, "saturated": 1.0}}
