"""Schedules against torch's own schedulers, bit for bit."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import SWALR

from nncli.data.sampling import batch_bounds, sample_order
from nncli.errors import NncliError, Place
from nncli.messages.catalogue import hint_of, message_of
from nncli.spec.items import Argument, Call
from nncli.spec.optimising import Span, StageSpec
from nncli.training.loop import train
from nncli.training.rows import EpochRow
from nncli.training.schedule_calls import scheduler_classes
from nncli.training.schedule_checks import build_schedule, schedule_lengths
from nncli.training.schedules import Groups, Horizon, Schedule
from tests.training.jobs import PLACE, call, classifier, data, job, spec

ARGUMENTS: dict[str, dict[str, Any]] = {
    "ConstantLR": {"factor": 0.5, "total_iters": 4},
    "CosineAnnealingLR": {"T_max": 12, "eta_min": 1e-4},
    "CosineAnnealingWarmRestarts": {"T_0": 3, "T_mult": 2},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "scale_fn": "1 / (1 + x)"},
    "ExponentialLR": {"gamma": 0.9},
    "LambdaLR": {"lr_lambda": "0.95 ** step if step < 5 else sqrt(step) / 7"},
    "LinearLR": {"total_iters": 6},
    "MultiStepLR": {"milestones": (3, 7), "gamma": 0.2},
    "MultiplicativeLR": {"lr_lambda": ("0.95", "1 / step")},
    "OneCycleLR": {"max_lr": 0.5, "total_steps": 12},
    "PolynomialLR": {"total_iters": 10, "power": 2.0},
    "StepLR": {"step_size": 4},
    "SWALR": {"swa_lr": 0.02, "anneal_epochs": 6},
}
# What stands for a formula in a script.
FUNCTIONS: dict[str, dict[str, Any]] = {
    "CyclicLR": {"scale_fn": lambda x: 1 / (1 + x)},
    "LambdaLR": {"lr_lambda": lambda n: 0.95**n if n < 5 else math.sqrt(n) / 7},
    "MultiplicativeLR": {"lr_lambda": [lambda n: 0.95, lambda n: 1 / n]},
}
LONG = Horizon(4, 12)


def span(text: str) -> Span:
    amount, unit = (text[:-1], "%") if text.endswith("%") else text.split()
    return Span(float(amount), unit, PLACE)  # type: ignore[arg-type]


def stage(
    name: str = "", *, warmup: str = "", lasts: str = "", watch: str = "", **keywords: Any
) -> StageSpec:
    per = keywords.pop("per", None)
    return StageSpec(
        PLACE,
        call(name, **keywords) if name else None,
        span(warmup) if warmup else None,
        span(lasts) if lasts else None,
        per,
        Argument(watch, PLACE) if watch else None,
    )


def chain(*calls: Call, per: Any = None) -> StageSpec:
    return StageSpec(PLACE, call("ChainedScheduler"), per=per, chained=calls)


CHAIN = (
    call("ConstantLR", factor=0.5, total_iters=4),
    call("ExponentialLR", gamma=0.9),
    call("MultiplicativeLR", lr_lambda="1 + 1 / step"),
)


def _groups() -> Groups:
    module = nn.Linear(2, 2)
    return [
        {"params": [module.weight], "lr": 0.3, "betas": (0.9, 0.999)},
        {"params": [module.bias], "lr": 0.1, "betas": (0.8, 0.999)},
    ]


def _built(groups: Groups, *stages: StageSpec, horizon: Horizon = LONG) -> Schedule:
    schedule = build_schedule(stages, groups, horizon)
    assert schedule is not None
    return schedule


def _rates(groups: Groups) -> list[tuple[object, ...]]:
    return [(group["lr"], group["betas"]) for group in groups]


def _moves(schedule: Schedule, groups: Groups, count: int) -> list[list[tuple[object, ...]]]:
    found = []
    for _ in range(count):
        schedule.after_update()
        found.append(_rates(groups))
    return found


def _torch_moves(
    make: Callable[[torch.optim.Optimizer], LRScheduler], count: int
) -> list[list[tuple[object, ...]]]:
    optimizer = torch.optim.AdamW(_groups())
    scheduler = make(optimizer)
    found = []
    for _ in range(count):
        optimizer.step()
        scheduler.step()
        found.append(_rates(optimizer.param_groups))
    return found


def test_there_are_arguments_for_every_scheduler() -> None:
    assert {*ARGUMENTS, "ChainedScheduler", "ReduceLROnPlateau"} == set(scheduler_classes())


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_equals_torch_and_goes_on_with_the_same_bits(name: str) -> None:
    arguments = {**ARGUMENTS[name], **FUNCTIONS.get(name, {})}
    expected = _torch_moves(lambda optimizer: scheduler_classes()[name](optimizer, **arguments), 11)
    written = stage(name, per="step", **ARGUMENTS[name])
    _moves_as(written, expected)


def _moves_as(written: StageSpec, expected: list[list[tuple[object, ...]]]) -> None:
    """Compares eleven moves, of which the last four are made by a schedule that goes on from the others."""
    groups = _groups()
    schedule = _built(groups, written)
    assert _moves(schedule, groups, 7) == expected[:7]
    saved = json.loads(json.dumps(schedule.scalars()))
    values = json.loads(json.dumps([{k: v for k, v in group.items() if k != "params"} for group in groups]))
    again = _groups()
    other = _built(again, written)
    other.restore(saved)
    for group, value in zip(again, values, strict=True):
        group.update({key: tuple(each) if isinstance(each, list) else each for key, each in value.items()})
    assert _moves(other, again, 4) == expected[7:]


def test_chained_schedulers_move_together_as_in_torch() -> None:
    def make(optimizer: torch.optim.Optimizer) -> LRScheduler:
        parts: Sequence[LRScheduler] = [
            lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=4),
            lr_scheduler.ExponentialLR(optimizer, gamma=0.9),
            lr_scheduler.MultiplicativeLR(optimizer, lambda n: 1 + 1 / n),
        ]
        return lr_scheduler.ChainedScheduler(parts, optimizer)

    _moves_as(chain(*CHAIN, per="step"), _torch_moves(make, 11))


def test_swalr_goes_on_from_the_rate_that_is_there() -> None:
    written = [
        stage("ExponentialLR", lasts="2 epochs", gamma=0.5),
        stage("SWALR", swa_lr=0.02, anneal_epochs=2, anneal_strategy="linear"),
    ]
    optimizer = torch.optim.AdamW(_groups())
    first = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    second = SWALR(optimizer, swa_lr=0.02, anneal_epochs=2, anneal_strategy="linear")
    groups = _groups()
    schedule = _built(groups, *written, horizon=Horizon(4, 24))
    for epoch in range(6):
        for _ in range(4):
            schedule.after_update()
        schedule.after_epoch({}, None)
        optimizer.step()
        (first if epoch < 2 else second).step()
        assert _rates(groups) == _rates(optimizer.param_groups)
        saved = json.loads(json.dumps(schedule.scalars()))
        schedule = _built(_groups(), *written, horizon=Horizon(4, 24))
        kept = [dict(group) for group in groups]
        schedule = Schedule(schedule._stages, groups)
        schedule.restore(saved)
        for group, values in zip(groups, kept, strict=True):
            group.update(values)


def test_warm_up_and_stages_follow_each_other_as_in_torch() -> None:
    def make(optimizer: torch.optim.Optimizer) -> LRScheduler:
        parts: Sequence[LRScheduler] = [
            lr_scheduler.LinearLR(optimizer, start_factor=1 / 3, total_iters=3),
            lr_scheduler.ExponentialLR(optimizer, gamma=0.8),
            lr_scheduler.CosineAnnealingLR(optimizer, T_max=4),
        ]
        return lr_scheduler.SequentialLR(optimizer, list(parts), milestones=[3, 8])

    groups = _groups()
    first = stage("ExponentialLR", warmup="25%", lasts="8 steps", per="step", gamma=0.8)
    schedule = _built(groups, first, stage("CosineAnnealingLR"))
    assert _moves(schedule, groups, 11) == _torch_moves(make, 11)


def test_a_warm_up_alone_leaves_the_rate_where_it_is() -> None:
    groups = _groups()
    schedule = _built(groups, stage(warmup="1 epochs"))
    assert groups[0]["lr"] == 0.3 / 4
    _moves(schedule, groups, 9)
    schedule.after_epoch({}, None)
    assert groups[0]["lr"] == 0.3


def test_what_has_no_length_takes_what_is_left_of_the_run() -> None:
    groups = _groups()
    schedule = _built(groups, stage("CosineAnnealingLR", warmup="2 steps"))
    assert _moves(schedule, groups, 12)[-1][0][0] == 0
    groups = _groups()
    schedule = _built(groups, stage("CosineAnnealingLR", per="epoch"))
    rates = []
    for _ in range(3):
        _moves(schedule, groups, 4)
        schedule.after_epoch({}, None)
        rates.append(groups[0]["lr"])
    assert rates[-1] == 0 and len(set(rates)) == 3


def test_a_cycle_that_is_over_before_the_clock_ends_the_run_leaves_the_rate_where_it_is() -> None:
    groups = _groups()
    written = stage("OneCycleLR", max_lr=0.5, total_steps=5)
    moves = _moves(_built(groups, written, horizon=Horizon(4, None)), groups, 9)
    assert moves[5:] == [moves[4]] * 4


@pytest.mark.parametrize(
    ("watch", "validation", "values", "lowered"),
    [
        ("", {"loss": 0.0}, [1.0, 2.0, 3.0], True),
        ("", {"loss": 0.0}, [3.0, 2.0, 1.0], False),
        ("validation.accuracy", {"accuracy": 0.0}, [0.1, 0.2, 0.3], False),
        ("validation.accuracy", {"accuracy": 0.0}, [0.3, 0.2, None], True),
        ("train.loss", None, [1.0, 1.0, 1.0], True),
        ("", None, [1.0, 1.0, 1.0], True),
    ],
)
def test_a_plateau_is_told_by_the_figure(
    watch: str, validation: dict[str, float] | None, values: list[float | None], lowered: bool
) -> None:
    groups = _groups()
    schedule = _built(groups, stage("ReduceLROnPlateau", watch=watch, patience=1))
    for value in values:
        figures = dict.fromkeys(validation or {"loss": 0.0}, value)
        schedule.after_epoch(figures, figures if validation else None)
        again = _built(_groups(), stage("ReduceLROnPlateau", watch=watch, patience=1))
        again.restore(json.loads(json.dumps(schedule.scalars())))
        assert again.scalars() == schedule.scalars()
    assert (groups[0]["lr"] < 0.3) is lowered


def test_a_formula_is_told_at_its_column() -> None:
    text = '  schedule: {LambdaLR: {lr_lambda: "0.9 ** (epoch + late)"}}'
    place = Place("spec.yaml", 9, text.index('"') + 1, text)
    written = call("LambdaLR")
    argument = Argument("0.9 ** (epoch + late)", place)
    with pytest.raises(NncliError) as caught:
        _built(_groups(), StageSpec(PLACE, replace(written, keywords={"lr_lambda": argument})))
    (problem,) = caught.value.problems
    assert problem.place == replace(place, column=text.index("late") + 1)
    assert problem.path == "training.schedule.LambdaLR.lr_lambda"


def test_a_formula_that_many_steps_ask_is_worked_out_for_some() -> None:
    written = stage("LambdaLR", lr_lambda="999_999 - step".replace("_", ""), per="step")
    with pytest.raises(NncliError) as caught:
        _built(_groups(), written, horizon=Horizon(100, 1_000_000))
    assert message_of(caught.value.problems[0]).startswith("`lr_lambda` is -1 at step 1000000")


@pytest.mark.parametrize("per", ["step", "epoch"])
def test_training_equals_a_hand_written_loop_bit_for_bit(per: str) -> None:
    prepared, state = job(
        spec(
            epochs=4,
            seed=5,
            optimizer=call("SGD", lr=0.1, momentum=0.9),
            schedule=(stage("StepLR", step_size=2, gamma=0.5, per=per),),
        )
    )
    rows = [row for row in train(prepared, state, lambda: False) if isinstance(row, EpochRow)]
    module = classifier()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9, fused=True)
    scheduler = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    part = data().parts["train"]
    rates = []
    for epoch in range(4):
        order = sample_order(part.rows, 5, epoch)
        for first, last in batch_bounds(part.rows, 8):
            batch = order[first:last]
            loss = nn.functional.cross_entropy(
                module(part.input("features")[batch]), part.target("kind")[batch]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if per == "step":
                scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
        if per == "epoch":
            scheduler.step()
    assert [row.learning_rates for row in rows] == [{"network": rate} for rate in rates]
    mine = state.networks["network"].parameters()
    assert all(torch.equal(a, b) for a, b in zip(mine, module.parameters(), strict=True))


@pytest.mark.parametrize(
    "schedule",
    [
        (stage("CosineAnnealingLR", warmup="20%"),),
        (
            stage("LambdaLR", lr_lambda="1 / (1 + step)", lasts="7 steps", per="step"),
            chain(*CHAIN, per="step"),
        ),
        (stage("StepLR", step_size=1, lasts="1 epochs"), stage("SWALR", swa_lr=0.02, anneal_epochs=1)),
    ],
)
def test_a_run_is_resumed_at_any_step_of_a_schedule(schedule: tuple[StageSpec, ...]) -> None:
    written = spec(
        epochs=3,
        optimizer=call("AdamW", lr=0.1),
        schedule=schedule,
    )
    prepared, whole = job(written)
    list(train(prepared, whole, lambda: False))
    prepared, state = job(written)
    while state.step < 15:
        left = iter([False] * 2)
        list(train(prepared, state, lambda left=left: next(left, True)))  # type: ignore[misc]
        tensors = {key: {n: t.clone() for n, t in group.items()} for key, group in state.tensors().items()}
        scalars = json.loads(json.dumps(state.scalars()))
        prepared, state = job(written)
        state.restore(tensors, scalars)
    list(train(prepared, state, lambda: False))
    assert state.scalars()["updaters"] == whole.scalars()["updaters"]
    ours, theirs = state.weights(), whole.weights()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.parametrize(
    ("stages", "code", "words"),
    [
        ([stage("CosineAnnealing")], "schedule-unknown", "CosineAnnealingLR"),
        ([stage("SequentialLR")], "schedule-unfit", "write a list"),
        ([stage("LambdaLR", lr_lambda="1 +")], "expression-syntax", ""),
        ([stage("LambdaLR", lr_lambda="0.9 ** epochs")], "name-unknown", "did you mean `epoch`?"),
        ([stage("LambdaLR", lr_lambda="0.9 ** step")], "schedule-unfit", "`per: step` beside LambdaLR"),
        ([stage("LambdaLR", lr_lambda="0.9 ** epoch", per="step")], "schedule-unfit", "write `step`"),
        ([stage("LambdaLR", lr_lambda="1 - epoch / 2")], "schedule-negative", "is -0.5 at epoch 3"),
        ([stage("LambdaLR", lr_lambda="1 / (3 - epoch)")], "arithmetic", "divides by zero"),
        ([stage("LambdaLR", lr_lambda="[1, epoch]")], "arithmetic", "at epoch 0 it is [1, 0]"),
        ([stage("LambdaLR", lr_lambda="size(1)")], "arithmetic", "size is known only"),
        ([stage("LambdaLR", lr_lambda=True)], "argument-type", "a formula or a number"),
        ([stage("LambdaLR", lr_lambda=("1", None))], "argument-type", "a formula or a number"),
        ([stage("LambdaLR", lr_lambda=("1",))], "schedule-refused", "Expected 2 lr_lambdas, but got 1"),
        ([chain(call("StepLR"))], "argument-missing", ""),
        ([chain(call("StepLRs"))], "schedule-unknown", "StepLR"),
        ([chain(call("ReduceLROnPlateau"))], "schedule-unfit", "it reads a figure"),
        ([chain(call("ChainedScheduler"))], "schedule-unfit", "into the list"),
        ([stage("SWALR")], "argument-missing", ""),
        ([stage("StepLR", step_size=2, optimizer=1)], "argument-unknown", "StepLR(step_size, gamma=0.1)"),
        ([stage("StepLR")], "argument-missing", ""),
        ([stage("StepLR", step=2)], "argument-unknown", ""),
        ([stage("LinearLR", start_factor=2.0)], "schedule-refused", ""),
        (
            [stage("StepLR", lasts="5 steps", step_size=2), stage("LinearLR", start_factor=2.0)],
            "schedule-refused",
            "",
        ),
        ([stage("StepLR", step_size=0)], "schedule-refused", ""),
        ([stage("StepLR", step_size=2, watch="train.loss")], "schedule-unfit", "beside ReduceLROnPlateau"),
        ([stage("ReduceLROnPlateau", per="step")], "schedule-unfit", "once an epoch"),
    ],
)
def test_schedules_that_cannot_be_made(stages: list[StageSpec], code: str, words: str) -> None:
    with pytest.raises(NncliError) as caught:
        build_schedule(stages, _groups(), LONG)
    problem = caught.value.problems[0]
    assert problem.code == code and isinstance(problem.place, Place)
    assert words in message_of(problem) + hint_of(problem)


@pytest.mark.parametrize(
    "written", [stage(warmup="5%"), stage("CosineAnnealingLR"), stage("OneCycleLR", max_lr=1.0)]
)
def test_a_run_by_the_clock_has_no_shares(written: StageSpec) -> None:
    with pytest.raises(NncliError) as caught:
        build_schedule([written], _groups(), Horizon(4, None))
    assert caught.value.problems[0].code == "schedule-endless"


@pytest.mark.parametrize(
    ("stages", "code", "severity"),
    [
        ([stage("CosineAnnealingLR", T_max=5)], "schedule-beyond", "warning"),
        ([stage("MultiStepLR", milestones=(1, 9))], "schedule-beyond", "warning"),
        ([stage("StepLR", step_size=9)], "schedule-beyond", "warning"),
        ([stage("CosineAnnealingLR", T_max=2)], "schedule-rises", "warning"),
        ([stage("SWALR", swa_lr=0.1, anneal_epochs=9)], "schedule-beyond", "warning"),
        ([chain(call("StepLR", step_size=9), call("LinearLR"))], "schedule-beyond", "warning"),
        ([chain(call("LambdaLR", lr_lambda=0.5), call("LinearLR"))], "schedule-alone", "warning"),
        ([chain(call("CosineAnnealingLR"), call("LinearLR"))], "", ""),
        ([stage("OneCycleLR", max_lr=1.0, total_steps=5)], "schedule-over", "error"),
        ([stage("OneCycleLR", max_lr=1.0, epochs=2, steps_per_epoch=3)], "schedule-over", "error"),
        ([stage("StepLR", step_size=1, warmup="12 steps")], "schedule-long", "warning"),
        ([stage("StepLR", step_size=1, lasts="20 steps"), stage("LinearLR")], "schedule-long", "warning"),
        ([stage("StepLR", step_size=1, warmup="5%")], "", ""),
        (
            [
                stage("CosineAnnealingLR"),
            ],
            "",
            "",
        ),
    ],
)
def test_a_schedule_is_compared_with_the_run(stages: list[StageSpec], code: str, severity: str) -> None:
    found = list(schedule_lengths(stages, LONG))
    assert [(each.code, each.severity) for each in found] == ([(code, severity)] if code else [])


def test_schedules_never_import_dynamo() -> None:
    source = (
        "import sys\n"
        "from tests.training.test_schedules import _built, _groups, stage\n"
        "_built(_groups(), stage('CosineAnnealingLR', warmup='5%')).after_update()\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
