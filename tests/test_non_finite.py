"""NaN planted in data, losses, gradients and weights: what a run does about it, and what it saves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nncli.draws import Draw
from nncli.errors import DivergedError
from nncli.messages.catalogue import hint_of, message_of
from nncli.recording.recorder import Recorder, Saving
from nncli.runs.checkpoints import examined_checkpoints
from nncli.runs.info import RunInfo, changed_files, create_run, read_run
from nncli.runs.rows import read_rows
from nncli.spec.guards import OnNonFinite
from nncli.spec.items import Call
from nncli.spec.optimising import Span, StageSpec
from nncli.training import loop
from nncli.training.divergence import is_finite, refuse_non_finite_weights
from nncli.training.held import HeldPart
from nncli.training.job import TrainJob
from nncli.training.loop import train
from nncli.training.rows import EpochRow, RewoundRow, Row
from nncli.training.state import TrainState
from nncli.training.stepping import Moment
from tests.training.jobs import PLACE, call, data, job, spec

NAN = float("nan")
Made = tuple[TrainJob, TrainState]


def never() -> bool:
    return False


def network() -> nn.Sequential:
    torch.manual_seed(11)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 3))


def made(**training: Any) -> Made:
    """A job of ten steps, on data of its own."""
    return job(spec(**training), network(), data())


def changed(made: Made, change: Callable[[Moment, HeldPart, Tensor, Tensor], Tensor]) -> Made:
    """Puts something around the loss of a job: it sees where a batch stands, and changes what comes out."""
    prepared, state = made
    (update,) = prepared.updates

    def losses(part: HeldPart, rows: Tensor, draw: Draw | None, moment: Moment) -> tuple[Tensor, ...]:
        first = change(moment, part, rows, torch.zeros(()))
        (loss,) = update.losses(part, rows, draw, moment)
        return (loss + first,)

    return replace(prepared, updates=(replace(update, losses=losses),)), state


def in_data(step: int, made: Made) -> Made:
    prepared, _ = made
    first, _ = prepared.steps_of_epoch()[step % 5][0]
    row = int(prepared.order(step // 5)[first + 1])

    def plant(moment: Moment, part: HeldPart, rows: Tensor, zero: Tensor) -> Tensor:
        if moment.step >= step:
            part._ready[0][row, 2] = NAN
        return zero

    return changed(made, plant)


def in_loss(step: int, made: Made) -> Made:
    return changed(made, lambda moment, part, rows, zero: zero * NAN if moment.step == step else zero)


def in_gradient(step: int, made: Made) -> Made:
    _, state = made
    weight = state.networks["network"].get_parameter("0.weight")
    weight.register_hook(lambda gradient: gradient * NAN if state.step == step else None)
    return made


def in_weight(step: int, made: Made) -> Made:
    _, state = made
    weight = state.networks["network"].get_parameter("4.bias")

    def plant(*_: object) -> None:
        if state.step == step:
            with torch.no_grad():
                weight[1] = NAN

    state.networks["network"].get_submodule("0").register_forward_pre_hook(plant)
    return made


def at_first(step: int, made: Made) -> Made:
    """Makes the loss of a step NaN as long as the run did not go back, as a rate that is too large does."""
    _, state = made

    def plant(moment: Moment, part: HeldPart, rows: Tensor, zero: Tensor) -> Tensor:
        return zero * NAN if moment.step == step and state.mishaps.rewound == 0 else zero

    return changed(made, plant)


PLANTED = {"data": in_data, "loss": in_loss, "gradient": in_gradient, "weight": in_weight}


@pytest.mark.parametrize("step", range(10))
@pytest.mark.parametrize("where", PLANTED)
def test_a_planted_nan_stops_the_run_before_anything_bad_is_saved(
    where: str, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A checkpoint after every step.
    monkeypatch.setattr(loop, "_PROGRESS_EVERY", 0.0)
    prepared, state = PLANTED[where](step, made())
    run = create_run(tmp_path / "run", RunInfo(nncli="0", name="net", seed=0, spec_digest=""), "", "", {})
    recorder = Recorder(run, state, {}, Saving(1e-9, 99, partial(refuse_non_finite_weights, prepared, state)))
    with pytest.raises(DivergedError) as caught:
        for row in train(prepared, state, never):
            recorder.take(row)
    facts = caught.value.problems[0].facts
    # Weights that were wrong before a step are told with the step before.
    assert facts["step"] == max(step, 1) if where == "weight" else step + 1
    layer = {"data": "0", "loss": "CrossEntropyLoss", "gradient": "0", "weight": "4"}[where]
    assert facts["layer"] == layer
    steps = [found for _, found in examined_checkpoints(run.path)]
    assert len(steps) == step
    for found in steps:
        assert not isinstance(found, str)
        groups = (found.tensors["networks"], found.tensors["updaters"])
        assert all(bool(each.isfinite().all()) for group in groups for each in group.values())


def test_the_rows_of_the_data_are_named_and_what_to_do() -> None:
    prepared, state = in_data(3, made())
    with pytest.raises(DivergedError) as caught:
        list(train(prepared, state, never))
    (problem,) = caught.value.problems
    (row,) = problem.facts["samples"]  # type: ignore[misc]
    assert message_of(problem).endswith(
        f"of `0` (Linear) is not finite at step 4, epoch 1, with a learning rate of 0.01; "
        f"its batch: row {row + 1} of the training part"
    )
    assert (
        hint_of(problem)
        == "numbers of these rows are not finite once they are encoded: mend them, or leave them out"
    )


def test_of_a_whole_batch_five_rows_are_named() -> None:
    prepared, state = in_loss(0, made())
    with pytest.raises(DivergedError) as caught:
        list(train(prepared, state, never))
    text = message_of(caught.value.problems[0])
    assert text.count(" of the training part") == 5 and text.endswith(" and 3 more")


def _resumed(rows: list[Row], made: Made, again: Callable[[], Made]) -> tuple[list[Row], Made]:
    """Goes on in another job, from what a checkpoint of now would hold."""
    prepared, state = made
    tensors = {group: {n: t.clone() for n, t in named.items()} for group, named in state.tensors().items()}
    scalars = json.loads(json.dumps(state.scalars()))
    torch.manual_seed(99)
    prepared, state = again()
    state.restore(tensors, scalars)
    return rows + list(train(prepared, state, never)), (prepared, state)


def _is_same(ours: TrainState, theirs: TrainState) -> bool:
    assert ours.scalars() == theirs.scalars()
    one, other = ours.tensors(), theirs.tensors()
    return all(torch.equal(one[group][name], other[group][name]) for group in other for name in other[group])


def _told(rows: list[Row]) -> list[object]:
    return [
        (row.step, row.train, row.skipped) if isinstance(row, EpochRow) else row
        for row in rows
        if isinstance(row, (EpochRow, RewoundRow))
    ]


SKIP = OnNonFinite(policy="skip")
REWIND = OnNonFinite(policy="rewind", learning_rate_factor=0.5, times=2)


@pytest.mark.parametrize("where", ["data", "loss", "gradient"])
@pytest.mark.parametrize("more", [{}, {"accumulate": 2}], ids=["", "accumulate"])
def test_a_batch_that_is_skipped_changes_nothing_and_a_resume_agrees(
    where: str, more: dict[str, Any]
) -> None:
    def again() -> Made:
        return PLANTED[where](3, made(on_non_finite=SKIP, **more))

    prepared, whole = again()
    rows = list(train(prepared, whole, never))
    told = [row for row in rows if isinstance(row, EpochRow)]
    # The row is in every epoch, the rest comes once.
    assert [row.skipped for row in told] == ([1, 1] if where == "data" else [1, 0])
    assert all(row.train["loss"] is not None for row in told) and is_finite(whole)
    for polls in (2, 4, 5, 9):
        looks = iter(range(99))
        stopped, state = again()
        first = list(train(stopped, state, lambda: next(looks) >= polls))  # noqa: B023
        found, (_, end) = _resumed(first, (stopped, state), again)
        assert _told(found) == _told(rows) and _is_same(end, whole)


def test_a_skipped_batch_leaves_weights_and_statistics_as_they_were() -> None:
    prepared, state = in_data(2, made(on_non_finite=SKIP, epochs=1))
    seen: list[dict[str, Tensor]] = []

    def stop() -> bool:
        seen.append(
            {
                **{n: t.clone() for n, t in state.weights().items()},
                **{n: t.clone() for n, t in state.kept().items()},
            }
        )
        return False

    list(train(prepared, state, stop))
    assert all(torch.equal(seen[2][name], seen[3][name]) for name in seen[2])
    assert not torch.equal(seen[1]["network/0.weight"], seen[2]["network/0.weight"])


def test_the_mean_of_an_epoch_is_that_of_the_batches_that_count() -> None:
    (clean, first), (prepared, state) = made(epochs=1), in_loss(4, made(epochs=1, on_non_finite=SKIP))
    torch.manual_seed(5)
    (row,) = [row for row in train(prepared, state, never) if isinstance(row, EpochRow)]
    looks = iter(range(99))
    torch.manual_seed(5)
    list(train(clean, first, lambda: next(looks) >= 4))
    assert row.train["loss"] == first.loss_sums["loss"] / 4


def test_skipping_ends_where_it_is_not_the_batches() -> None:
    prepared, state = changed(made(on_non_finite=SKIP, epochs=9), lambda moment, part, rows, zero: zero * NAN)
    with pytest.raises(DivergedError) as caught:
        list(train(prepared, state, never))
    assert caught.value.problems[0].facts["step"] == 11
    said = "with a learning rate of 0.01, after 10 batches in a row were skipped; its batch:"
    assert said in message_of(caught.value.problems[0])
    prepared, state = in_weight(3, made(on_non_finite=SKIP))
    with pytest.raises(DivergedError):
        list(train(prepared, state, never))


def test_skipping_ends_where_every_gradient_is_wrong() -> None:
    prepared, state = made(on_non_finite=SKIP, epochs=9)
    weight = state.networks["network"].get_parameter("0.weight")
    weight.register_hook(lambda gradient: gradient * NAN)
    with pytest.raises(DivergedError) as caught:
        list(train(prepared, state, never))
    facts = caught.value.problems[0].facts
    assert (facts["step"], facts["what"], facts["layer"]) == (11, "gradient or weight", "network")
    assert is_finite(state)


def test_batches_in_a_row_are_those_of_one_update() -> None:
    prepared, state = changed(made(on_non_finite=SKIP, epochs=9), lambda moment, part, rows, zero: zero * NAN)
    _, other = made(on_non_finite=SKIP, epochs=9)
    (wrong,) = prepared.updates
    (right,) = made()[0].updates
    updates = (replace(wrong, name="wrong"), replace(right, name="right", figures=("right.loss",)))
    state.updaters = {"wrong": state.updaters["network"], "right": other.updaters["network"]}
    with pytest.raises(DivergedError) as caught:
        list(train(replace(prepared, updates=updates), state, never))
    assert caught.value.problems[0].facts["step"] == 11 and state.mishaps.in_a_row == {"wrong": 10}


@pytest.mark.parametrize("plant", [in_loss, in_gradient])
def test_a_schedule_stays_where_no_weight_moves(plant: Callable[[int, Made], Made]) -> None:
    """Of the three updates of an epoch the last is of one batch, which is left out."""
    schedule = (StageSpec(PLACE, call("StepLR", step_size=1, gamma=0.5), per="step"),)
    prepared, state = plant(4, made(on_non_finite=SKIP, epochs=1, accumulate=2, schedule=schedule))
    (row,) = [row for row in train(prepared, state, never) if isinstance(row, EpochRow)]
    assert row.learning_rates == {"network": 0.01 / 4} and row.skipped == 1


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"schedule": "OneCycleLR"},
        {"schedule": "StepLR"},
    ],
    ids=["", "OneCycleLR", "StepLR"],
)
def test_a_run_goes_back_with_a_lower_rate_and_a_resume_agrees(more: dict[str, Any]) -> None:
    schedule = {
        "OneCycleLR": call("OneCycleLR", max_lr=0.05, total_steps=15),
        "StepLR": call("StepLR", step_size=1, gamma=0.5),
    }
    chosen = {"schedule": (StageSpec(PLACE, schedule[more["schedule"]]),)} if more else {}

    def again() -> Made:
        return at_first(7, made(on_non_finite=REWIND, epochs=3, **chosen))

    prepared, whole = again()
    rows = list(train(prepared, whole, never))
    (back,) = [row for row in rows if isinstance(row, RewoundRow)]
    assert (back.epoch, back.step, back.from_step) == (2, 5, 7)
    plain, other = made(epochs=3, **chosen)
    looks = iter(range(99))
    list(train(plain, other, lambda: next(looks) >= 6))
    assert other.step == 5 and back.learning_rate == other.updaters["network"].learning_rate / 2
    assert len([row for row in rows if isinstance(row, EpochRow)]) == 3
    for polls in (3, 7, 9, 12):
        looks = iter(range(99))
        stopped, state = again()
        first = list(train(stopped, state, lambda: next(looks) >= polls))  # noqa: B023
        found, (_, end) = _resumed(first, (stopped, state), again)
        assert _told(found) == _told(rows) and _is_same(end, whole)


@pytest.mark.parametrize(
    "later",
    [
        call("OneCycleLR", max_lr=0.08, total_steps=10, div_factor=4.0),
        call("SWALR", swa_lr=0.04, anneal_epochs=2),
        call("LambdaLR", lr_lambda="0.5 ** step"),
    ],
    ids=lambda each: each.name,
)
def test_rates_of_later_stages_stay_lower(later: Call) -> None:
    stages = (
        StageSpec(
            PLACE, call("ConstantLR", factor=1.0, total_iters=1), lasts=Span(5, "steps", PLACE), per="step"
        ),
        StageSpec(PLACE, later, per="step"),
    )
    prepared, state = at_first(2, made(on_non_finite=REWIND, schedule=stages, steps=7))
    list(train(prepared, state, never))
    plain, other = made(schedule=stages, steps=7)
    list(train(plain, other, never))
    assert state.updaters["network"].learning_rate == pytest.approx(
        other.updaters["network"].learning_rate / 2
    )


def test_a_run_goes_back_only_so_often() -> None:
    prepared, state = in_data(1, made(on_non_finite=REWIND))
    rows: list[Row] = []
    with pytest.raises(DivergedError) as caught:
        for row in train(prepared, state, never):
            rows.append(row)
    assert ", after the run went back 2 times; its batch:" in message_of(caught.value.problems[0])
    assert [row.learning_rate for row in rows if isinstance(row, RewoundRow)] == [0.005, 0.0025]


def test_a_bad_gradient_before_the_end_of_an_epoch_goes_back_too(tmp_path: Path) -> None:
    prepared, state = made(on_non_finite=REWIND)
    weight = state.networks["network"].get_parameter("0.weight")
    weight.register_hook(lambda g: g * NAN if state.step == 4 and state.mishaps.rewound == 0 else None)
    run = create_run(tmp_path / "run", RunInfo(nncli="0", name="net", seed=0, spec_digest=""), "", "", {})
    recorder = Recorder(run, state, {}, Saving(0))
    for row in train(prepared, state, never):
        recorder.take(row)
    assert [row["event"] for row in read_rows(run.log)].count("rewound") == 1
    assert [row["epoch"] for row in read_rows(run.metrics)] == [1, 2]


@pytest.mark.parametrize(
    ("every", "snapshots"), [(1e-9, 1000), (1e9, 4)], ids=["saved at every step", "saved at the end"]
)
def test_a_run_that_went_back_tells_each_step_once(
    every: float, snapshots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_PROGRESS_EVERY", 0.0)
    monkeypatch.setattr(loop, "SNAPSHOT_EVERY", snapshots)
    # An epoch of twelve steps: the run goes back from the last one to the beginning, or to step 8.
    prepared, state = at_first(11, made(batch_size=3, epochs=1, on_non_finite=REWIND))
    run = create_run(tmp_path / "run", RunInfo(nncli="0", name="net", seed=0, spec_digest=""), "", "", {})
    recorder = Recorder(run, state, {}, Saving(every, 3))
    for row in train(prepared, state, never):
        recorder.take(row)
    assert [row["event"] for row in read_rows(run.log)].count("rewound") == 1
    rows = read_rows(run.statistics)
    assert [row["step"] for row in rows] == [1, 10]
    assert all(row["gradients"] and row["loss"] is not None for row in rows)
    assert not changed_files(run.path, read_run(run.path))
