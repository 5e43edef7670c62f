from __future__ import annotations

from nncli.network.summary.folding import Group, Part, folded, stands_for, steps_of
from nncli.network.summary.steps import wiring
from tests.network.compiled import compiled, networks
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


def test_equal_copies_of_a_block_that_ends_in_an_expression_are_one_line() -> None:
    spec = networks("""
        blocks:
          act: {layers: [residual: [BatchNorm2d, compute: x * sigmoid(x)]]}
        network:
          inputs: {image: [3, 8, 8]}
          layers:
            - act:
              repeat: 4
            - parallel: {a: [Conv2d: [3, 1]], b: []}
              join: add
              repeat: 3
    """)
    parts = folded(wiring(spec["network"]).steps)
    assert [(part.name, part.times) for part in parts if isinstance(part, Group)] == [
        ("act", 4),
        ("parallel", 3),
    ]
    assert len(parts) == 2


def test_the_join_of_repetitions_is_no_part_of_the_last() -> None:
    network = compiled("{Sequential: [Conv2d: [4, 1], ReLU], repeat: 3, join: cat}")
    (around,) = folded(wiring(network).steps)
    assert isinstance(around, Group)
    copies, cat = around.children
    assert isinstance(copies, Group)
    assert (copies.name, copies.times, cat.name) == ("0…2", 3, "sequential.cat")


def test_a_network_that_is_called_twice_has_its_scope_twice() -> None:
    found = networks("""
        networks:
          tower: {inputs: {image: [4]}, layers: [Linear: 3, ReLU]}
          pair:
            inputs: {left: [4], right: [4]}
            layers:
              - tower:
                from: left
                name: a
              - tower:
                from: right
              - sub:
                from: [x, a]
    """)
    first, second, _ = folded(wiring(found["pair"]).steps)
    assert isinstance(first, Group) and isinstance(second, Group)
    assert (first.name, second.name) == ("tower", "tower")
    weights = [[step.parameters for step in steps_of(part)] for part in (first, second)]
    assert weights == [[15, 0], [0, 0]]
