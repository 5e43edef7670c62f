"""Groups of weights, each with arguments of its own."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from torch import nn

from nncli.errors import Place, SpecError
from nncli.spec.items import Argument
from nncli.spec.optimising import GroupSpec
from nncli.spec.weights import PatternAt
from nncli.training.grouping import group_weights
from nncli.training.optimizers import build_optimizer
from tests.training.jobs import call


def group(*patterns: str, line: int = 50, **arguments: object) -> GroupSpec:
    """An entry of `groups:` as a file would write it."""
    place = Place("spec.yaml", line, 7)
    return GroupSpec(
        tuple(PatternAt(each, place) for each in patterns),
        {name: Argument(cast(Any, value), place) for name, value in arguments.items()},
        place,
    )


def _network() -> nn.Module:
    torch.manual_seed(1)
    body = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4))
    return nn.ModuleDict({"body": body, "head": nn.Linear(4, 2)})


def _names(module: nn.Module, *specs: GroupSpec) -> list[list[str]]:
    known = {parameter: name for name, parameter in module.named_parameters()}
    return [[known[p] for p in each.parameters] for each in group_weights(module, specs, "training.groups")]


def test_the_first_that_matches_wins() -> None:
    found = _names(_network(), group("*.bias", weight_decay=0), group("body.*", lr=1e-4))
    assert found == [
        ["head.weight"],
        ["body.0.bias", "body.2.bias", "head.bias"],
        ["body.0.weight", "body.2.weight"],
    ]


def test_shared_weights_match_by_any_name_and_frozen_ones_are_left_out() -> None:
    module = cast(Any, _network())
    module["head"].weight = module["body"][2].weight
    module["body"][0].requires_grad_(False)
    assert _names(module, group("head.weight", "body.0.*", lr=1)) == [
        ["body.2.bias", "head.bias"],
        ["body.2.weight"],
    ]


@pytest.mark.parametrize(
    ("specs", "code", "line"),
    [
        ([group("heed.*", line=51, lr=1)], "pattern-matches-nothing", 51),
        ([group("head.*", lr=1), group("head.bias", line=52, lr=2)], "group-taken", 52),
    ],
)
def test_entries_without_weights_are_refused(specs: list[GroupSpec], code: str, line: int) -> None:
    with pytest.raises(SpecError) as caught:
        group_weights(_network(), specs, "training.groups")
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.place is not None and problem.place.line == line


def test_arguments_of_groups_are_bound_like_those_of_the_optimiser() -> None:
    specs = [group("*.bias", line=51, weight_decay=-1), group("head.*", line=52, learning_rate=1)]
    with pytest.raises(SpecError) as caught:
        build_optimizer(call("AdamW", lr=0.1), _network(), specs)
    problems = caught.value.problems
    assert [(each.code, each.path) for each in problems] == [
        ("argument-range", "training.groups.0.weight_decay"),
        ("argument-unknown", "training.groups.1.learning_rate"),
    ]


@pytest.mark.parametrize("name", ["AdamW", "RMSprop"])
def test_equals_torchs_own_parameter_groups(name: str) -> None:
    ours, theirs = cast(Any, _network()), cast(Any, _network())
    built = build_optimizer(call(name, lr=0.01), ours, [group("*.bias", lr=0.1, weight_decay=0)])
    biases = [p for n, p in theirs.named_parameters() if n.endswith("bias")]
    weights = [p for n, p in theirs.named_parameters() if n.endswith("weight")]
    entries = [{"params": weights}, {"params": biases, "lr": 0.1, "weight_decay": 0}]
    options: dict[str, Any] = {"fused": True} if name == "AdamW" else {}
    reference = getattr(torch.optim, name)(entries, lr=0.01, **options)
    rows = torch.linspace(-1, 1, 15).reshape(5, 3)
    for module, optimizer in ((ours, built), (theirs, reference)):
        for _ in range(5):
            optimizer.zero_grad()
            module["head"](module["body"](rows)).square().sum().backward()
            optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
