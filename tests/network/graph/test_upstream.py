"""How a value came to be, as messages about shapes tell it."""

from __future__ import annotations

from tests.network.compiled import refusals

IMAGE = "image: [3, 32, 32]"


def flow(layers: str) -> list[str]:
    ((_, facts),) = refusals(layers, IMAGE)
    ways = facts["flow"]
    assert isinstance(ways, list)
    return ways


def test_a_way_has_the_shape_and_line_of_each_step() -> None:
    (way,) = flow("Conv2d: [64, 3], MaxPool2d: 2,\n    Linear: 10")
    assert way.split(" → ") == [
        "image [batch, 3, 32, 32]",
        "Conv2d [batch, 64, 30, 30] (line 3)",
        "MaxPool2d [batch, 64, 15, 15] (line 3)",
        "Linear (line 4)",
    ]


def test_a_long_way_is_cut_at_its_start() -> None:
    (way,) = flow("Conv2d: [8, 1], ReLU, ReLU, ReLU, ReLU, Linear: 3")
    steps = way.split(" → ")
    assert (steps[0], len(steps)) == ("…", 6)


def test_every_value_that_meets_another_has_a_way() -> None:
    ways = flow("{parallel: {a: [Conv2d: [4, 1]], b: [Conv2d: [8, 1], ReLU]}, join: add}")
    assert [len(way.split(" → ")) for way in ways] == [3, 4]


def test_an_expression_is_one_step_and_a_learned_tensor_is_passed_by() -> None:
    (way,) = flow("{Parameter: [3, 1, 1], name: scale}, {compute: scale * x + 1}, Linear: 3")
    assert way == "image [batch, 3, 32, 32] → compute [batch, 3, 32, 32] (line 3) → Linear (line 3)"


def test_functions_one_after_the_other_are_steps_of_their_own() -> None:
    (way,) = flow("relu, {flatten: 1}, Conv2d: [3, 1]")
    assert [step.partition(" ")[0] for step in way.split(" → ")] == ["image", "relu", "flatten", "Conv2d"]
