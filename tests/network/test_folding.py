from __future__ import annotations

from nncli.network.folding import Group, Part, folded, stands_for, steps_of
from nncli.network.steps import wiring
from tests.network.traced import decoder, digits, resnet


def named(parts: tuple[Part, ...]) -> dict[str, Group]:
    return {part.name: part for part in parts if isinstance(part, Group)}


def test_a_flat_network_stays_as_it_is() -> None:
    steps = wiring(digits()).steps
    assert folded(steps) == steps


def test_equal_repetitions_are_one_group() -> None:
    steps = wiring(decoder(depth=5)).steps
    layers = named(folded(steps))["layers"]
    assert layers.times == 5
    assert [each.name for each in steps_of(layers)] == [s.name for s in steps if s.name.startswith("layers.")]
    assert len(layers.children) == 8


def test_a_repetition_that_differs_stands_alone() -> None:
    stages = named(folded(wiring(resnet(times=3)).steps))["stages"]
    inside = named(stages.children)
    assert inside["0"].times == 3
    assert [(group.name, group.times) for group in named(inside["1"].children).values()] == [
        ("0", 1),
        ("1…2", 2),
    ]


def test_every_step_is_in_the_tree_once() -> None:
    for network in (decoder(), resnet()):
        steps = wiring(network).steps
        assert [each.key for part in folded(steps) for each in steps_of(part)] == [each.key for each in steps]


def test_a_repetition_is_stood_for_by_the_first() -> None:
    steps = wiring(decoder()).steps
    by_key = {step.key: step.name for step in steps}
    shown = {by_key[key]: by_key[first] for key, first in stands_for(folded(steps)).items()}
    assert shown["layers.2.linear"] == "layers.0.linear"
    assert shown["norm"] == "norm"
