"""The training loop: parity with torch, exact resume, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from nncli.data.sampling import batch_bounds, sample_order
from nncli.errors import DivergedError, SpecError
from nncli.messages.catalogue import message_of
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.rows import DoneRow, EpochRow, ProgressRow, Row, StoppedRow
from nncli.training.state import TrainState
from tests.training.jobs import call, classifier, data, job, spec


def never() -> bool:
    return False


def after(polls: int) -> Callable[[], bool]:
    left = iter(range(polls))
    return lambda: next(left, None) is None


def run(written: Any, module: nn.Sequential | None = None, **rows: Any) -> tuple[list[Row], TrainState]:
    prepared, state = job(written, module, data(**rows))
    return list(train(prepared, state, never)), state


def epochs(rows: list[Row]) -> list[EpochRow]:
    return [row for row in rows if isinstance(row, EpochRow)]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("AdamW", {"lr": 0.01}), ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True})],
)
def test_equals_a_hand_written_loop_bit_for_bit(name: str, arguments: dict[str, Any]) -> None:
    rows, state = run(spec(optimizer=call(name, **arguments), epochs=3, seed=5, clip_gradients={"norm": 0.5}))
    module = classifier()
    optimizer = getattr(torch.optim, name)(module.parameters(), fused=True, **arguments)
    loss_function = nn.CrossEntropyLoss()
    part = data().parts["train"]
    losses = []
    for epoch in range(3):
        order = sample_order(part.rows, 5, epoch)
        total, bounds = 0.0, batch_bounds(part.rows, 8)
        for first, last in bounds:
            rows_of_batch = order[first:last]
            loss = loss_function(
                module(part.input("features")[rows_of_batch]), part.target("kind")[rows_of_batch]
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 0.5)
            optimizer.step()
            total += loss.item()
        losses.append(total / len(bounds))
    assert [row.train["loss"] for row in epochs(rows)] == losses
    for mine, theirs in zip(state.networks["network"].parameters(), module.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_rows_tell_the_whole_story() -> None:
    rows, state = run(spec(epochs=2))
    assert [type(row) for row in rows if not isinstance(row, ProgressRow)] == [EpochRow, EpochRow, DoneRow]
    first = epochs(rows)[0]
    assert (first.epoch, first.step, first.samples) == (1, 5, 35)
    assert first.validation is not None and set(first.validation) == {"loss", "accuracy"}
    done = rows[-1]
    assert isinstance(done, DoneRow)
    assert (done.reason, done.epochs, done.steps) == ("epochs", 2, 10)
    assert done.best is not None and done.best.watch == "validation.loss"
    progress = next(row for row in rows if isinstance(row, ProgressRow))
    assert (progress.epoch, progress.step, progress.batch, progress.batches) == (1, 1, 1, 5)
    assert list(train(*job_of(state, epochs=2), never)) == [done]


def test_the_number_of_steps_is_known_before() -> None:
    assert job(spec(epochs=3))[0].total_steps() == 15
    assert job(spec(steps=7))[0].total_steps() == 7
    assert job(spec(minutes=5.0))[0].total_steps() is None


def job_of(state: TrainState, **training: Any) -> tuple[TrainJob, TrainState]:
    prepared, _ = job(spec(**training))
    return prepared, state


def test_stops_at_a_step_and_judges_what_it_has() -> None:
    rows, state = run(spec(steps=7))
    assert [(row.epoch, row.step) for row in epochs(rows)] == [(1, 5), (2, 7)]
    assert isinstance(rows[-1], DoneRow) and rows[-1].reason == "steps"
    assert state.batch == 0


@pytest.mark.parametrize("polls", range(1, 24))
def test_resume_from_any_step_gives_the_same_bits(polls: int) -> None:
    written = spec(epochs=3, keep_best="validation.accuracy", optimizer=call("Adam", lr=0.02))
    torch.manual_seed(2)
    prepared, whole = job(written, classifier(dropout=0.5))
    expected = epochs(list(train(prepared, whole, never)))

    prepared, state = job(written, classifier(dropout=0.5))
    rows = list(train(prepared, state, after(polls)))
    found = epochs(rows)
    if not isinstance(rows[-1], DoneRow):
        assert isinstance(rows[-1], StoppedRow) and rows[-1].step == state.step
        tensors = {g: {n: t.clone() for n, t in group.items()} for g, group in state.tensors().items()}
        scalars = json.loads(json.dumps(state.scalars()))
        torch.manual_seed(99)
        prepared, state = job(written, classifier(dropout=0.5))
        state.restore(tensors, scalars)
        found += epochs(list(train(prepared, state, never)))
    assert [(r.step, r.train, r.validation, r.improved) for r in found] == [
        (r.step, r.train, r.validation, r.improved) for r in expected
    ]
    assert state.best == whole.best
    for key, group in whole.tensors().items():
        mine = state.tensors()[key]
        assert mine.keys() == group.keys()
        assert all(torch.equal(mine[name], group[name]) for name in group), key


def test_a_run_by_the_clock_ends_in_an_epoch_and_counts_what_was_trained_before() -> None:
    rows, state = run(spec(minutes=1e-9))
    assert (epochs(rows)[0].step, state.batch) == (1, 0)
    assert isinstance(rows[-1], DoneRow) and rows[-1].reason == "minutes"
    prepared, state = job(spec(minutes=10.0))
    rows = list(train(prepared, state, after(3)))
    assert isinstance(rows[-1], StoppedRow) and 0 < state.seconds < 600
    saved = {**json.loads(json.dumps(state.scalars())), "seconds": 600.0}
    prepared, again = job(spec(minutes=10.0))
    again.restore(state.tensors(), saved)
    rows = list(train(prepared, again, never))
    assert [(row.epoch, row.step) for row in epochs(rows)] == [(1, 3)]
    assert isinstance(rows[-1], DoneRow) and rows[-1].reason == "minutes"


def test_a_stop_between_the_last_step_and_its_evaluation_is_kept() -> None:
    prepared, state = job(spec(epochs=1))
    rows = list(train(prepared, state, after(5)))
    assert isinstance(rows[-1], StoppedRow)
    assert (state.batch, state.epoch) == (5, 0)
    assert [type(row) for row in train(prepared, state, never)] == [EpochRow, DoneRow]


def test_a_stop_in_an_evaluation_leaves_the_epoch_open() -> None:
    rows = data(rows=8, validation=1500)
    (made, state), (other, whole) = job(spec(epochs=1), rows=rows), job(spec(epochs=1), rows=rows)
    (expected,) = epochs(list(train(other, whole, never)))
    # A look before the step, one at the end of the epoch, and then one between two batches of validation.
    looks = iter([False, False, True])
    assert list(train(made, state, lambda: next(looks)))[-1] == StoppedRow(1, 1)
    assert (state.epoch, state.batch) == (0, 1)
    assert all(part.training for part in state.networks["network"].modules())
    (found,) = epochs(list(train(made, state, never)))
    assert (found.train, found.validation) == (expected.train, expected.validation)


def test_stops_early_and_keeps_the_best_weights() -> None:
    written = spec(
        epochs=50,
        optimizer=call("SGD", lr=0.0),
        stop_early={"watch": "validation.loss", "patience": 3},
    )
    rows, state = run(written)
    assert isinstance(rows[-1], DoneRow)
    assert (rows[-1].reason, rows[-1].epochs) == ("stop_early", 4)
    assert rows[-1].best is not None and rows[-1].best.epoch == 1
    assert [row.improved for row in epochs(rows)] == [True, False, False, False]
    assert state.weights_to_keep().keys() == {
        "network/0.weight", "network/0.bias", "network/3.weight", "network/3.bias"
    }  # fmt: skip


def test_best_weights_are_those_of_their_epoch() -> None:
    prepared, state = job(spec(epochs=6, keep_best="validation.accuracy", optimizer=call("SGD", lr=3.0)))
    at_epoch = {}
    for row in train(prepared, state, never):
        if isinstance(row, EpochRow):
            at_epoch[row.epoch] = {name: t.clone() for name, t in state.weights().items()}
    assert state.best is not None
    kept = state.weights_to_keep()
    assert all(torch.equal(kept[name], t) for name, t in at_epoch[state.best.epoch].items())


def test_without_validation_the_last_weights_are_kept() -> None:
    rows, state = run(spec(), validation=0)
    assert epochs(rows)[-1].validation is None
    assert isinstance(rows[-1], DoneRow) and rows[-1].best is None
    assert torch.equal(state.weights_to_keep()["network/0.bias"], state.weights()["network/0.bias"])


def test_evaluation_leaves_modes_and_random_states_alone() -> None:
    module = classifier(dropout=0.5)
    prepared, state = job(spec(epochs=1), module)
    for row in train(prepared, state, never):
        if isinstance(row, EpochRow):
            assert module.training
    with_validation = torch.get_rng_state()
    module = classifier(dropout=0.5)
    list(train(*job(spec(epochs=1), module, data(validation=0)), never))
    assert torch.equal(with_validation, torch.get_rng_state())


class Root(nn.Module):
    """Finite forward, infinite gradient: the square root at zero."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - x).sqrt() + x


class Reciprocal(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / torch.zeros(())


def _stack(layer: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), layer, nn.Linear(8, 3))


def test_a_forward_that_is_not_finite_names_its_layer() -> None:
    prepared, state = job(spec(), _stack(Reciprocal()))
    before = {name: tensor.clone() for name, tensor in state.weights().items()}
    with pytest.raises(DivergedError) as caught:
        list(train(prepared, state, never))
    facts = caught.value.problems[0].facts
    assert (facts["layer"], facts["type"], facts["what"]) == ("3", "Reciprocal", "output")
    assert (facts["step"], facts["epoch"], facts["learning_rate"]) == (1, 1, 0.01)
    assert caught.value.problems[0].place is not None and caught.value.problems[0].place.line == 43
    assert all(torch.equal(before[name], tensor) for name, tensor in state.weights().items())


def test_a_gradient_that_is_not_finite_names_the_layer_before_its_origin() -> None:
    prepared, state = job(spec(), _stack(Root()))
    with pytest.raises(DivergedError) as caught:
        list(train(prepared, state, never))
    facts = caught.value.problems[0].facts
    assert (facts["layer"], facts["what"], facts["step"]) == ("2", "gradient or weight", 1)


def test_weights_that_are_not_finite_never_leave() -> None:
    prepared, state = job(spec(epochs=1, batch_size=64), _stack(Root()))
    with pytest.raises(DivergedError):
        list(train(prepared, state, never))
    prepared, state = job(spec(epochs=1), _stack(Root()))
    with pytest.raises(DivergedError):
        list(train(prepared, state, after(1)))


def test_a_learning_rate_that_is_far_too_large_is_answered() -> None:
    with pytest.raises(DivergedError) as caught:
        run(spec("MSELoss", call("SGD", lr=1e12), epochs=60), nn.Sequential(nn.Linear(4, 3)))
    assert "to 0.001" in str(caught.value.problems[0].facts["advice"])


def test_one_row_and_batch_normalisation() -> None:
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    with pytest.raises(SpecError) as caught:
        job(spec(batch_size=1), module)
    assert caught.value.problems[0].code == "batch-of-one"
    with pytest.raises(SpecError) as caught:
        job(spec(), module, data(rows=1))
    assert "there is 1 row to train on" in message_of(caught.value.problems[0])
    list(train(*job(spec(), None, data(rows=1)), never))
    list(train(*job(spec(batch_size=2), module), never))
    list(train(*job(spec(batch_size=1)), never))


@pytest.mark.parametrize(
    ("training", "code"),
    [
        ({"keep_best": "validation.acuracy"}, "figure-unknown"),
        ({"stop_early": {"watch": "train.accuracy"}}, "figure-unknown"),
    ],
)
def test_figures_to_watch_are_known(training: dict[str, Any], code: str) -> None:
    with pytest.raises(SpecError) as caught:
        job(spec(**training))
    assert caught.value.problems[0].code == code


def test_watching_validation_needs_rows() -> None:
    with pytest.raises(SpecError) as caught:
        job(spec(keep_best="validation.accuracy"), None, data(validation=0))
    assert caught.value.problems[0].code == "figure-without-rows"


def test_training_never_imports_dynamo() -> None:
    source = (
        "import sys\n"
        "from tests.training.jobs import job, spec, data\n"
        "from nncli.training.loop import train\n"
        "list(train(*job(spec()), lambda: False))\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_bf16_learns_the_same_in_other_steps_and_goes_on_with_the_same_bits() -> None:
    plain, first = job(spec(epochs=4))
    mixed, second = job(spec(epochs=4, precision="bf16"))
    rows = [
        [r for r in train(each, state, lambda: False) if isinstance(r, EpochRow)]
        for each, state in ((plain, first), (mixed, second))
    ]
    losses = [[row.train["loss"] for row in each] for each in rows]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.02)
    weights = second.weights()
    assert all(weight.dtype == torch.float32 for weight in weights.values())
    halfway, state = job(spec(epochs=4, precision="bf16"))
    list(train(halfway, state, lambda: state.step == 7))
    rest, again = job(spec(epochs=4, precision="bf16"))
    again.restore(state.tensors(), state.scalars())
    list(train(rest, again, lambda: False))
    assert all(torch.equal(again.weights()[name], weight) for name, weight in weights.items())
