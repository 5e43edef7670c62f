"""What is proposed where shapes do not fit really fits."""

from __future__ import annotations

import pytest

from nncli.network.graph.remedies import arguments_that_fit, divisors_near
from tests.network.compiled import compiled, refusals


@pytest.mark.parametrize(
    ("size", "wanted", "near"),
    [(100, 8, [2, 4, 5, 10]), (48, 32, [12, 16, 24, 48]), (7, 3, [1, 7]), (1, 8, [1])],
)
def test_divisors_are_those_nearest(size: int, wanted: int, near: list[int]) -> None:
    assert divisors_near(size, wanted) == near


def test_a_share_in_percent_is_told_as_a_share() -> None:
    assert arguments_that_fit({"p": 25}).endswith("`0.25` is 25 percent")
    assert "such as `0.2`" in arguments_that_fit({"dropout": 2})
    assert arguments_that_fit({"p": 0.5, "groups": 4, "in_channels": 8}) == ""


TWO = "a: [4, 6], b: [4, 5]"
PROPOSALS = [
    ("GroupNorm: 5", "a: [12, 4, 4]", "3, 4, 6", "GroupNorm: 6"),
    ("{Unflatten: [1, [3, 4]]}", "a: [32]", "[8, 4] would do", "{Unflatten: [1, [8, 4]]}"),
    ("{unflatten: [1, [3, 4]]}", "a: [32]", "[8, 4] would do", "{unflatten: [1, [8, 4]]}"),
    ("PixelShuffle: 3", "a: [32, 4, 4]", "27 or 36 channels", "Conv2d: [36, 1], PixelShuffle: 3"),
    (
        "{cat: {dim: 1}, from: [a, b]}",
        TWO,
        "on axis 2 there are 6 and 5: `- Linear: 6` behind the second",
        "{Linear: 6, from: b}, {cat: {dim: 1}, from: [a, x]}",
    ),
    (
        "{Conv2d: [4, 1], name: c}, {add: , from: [c, a]}",
        "a: [3, 8, 8]",
        "`- Conv2d: [4, 1]` behind the second",
        "{Conv2d: [4, 1], name: c}, {Conv2d: [4, 1], from: a}, {add: , from: [c, x]}",
    ),
    (
        "{Conv2d: [3, 3], name: c}, {cat: {dim: 1}, from: [c, a]}",
        "a: [3, 8, 8]",
        "`- interpolate: {size: [8, 8]}` behind one",
        "Conv2d: [3, 3], {interpolate: {size: [8, 8]}}, {cat: {dim: 1}, from: [x, a]}",
    ),
    (
        "{compute: a @ b, from: a}",
        "a: [4, 6], b: [4, 6]",
        "transpose(…, -2, -1)",
        "{compute: 'a @ transpose(b, -2, -1)', from: a}",
    ),
    ("{compute: a * b, from: a}", "a: [4], b: [4, 6]", "`a[:, none]`", ""),
    ("{mean: {dim: 3}}", "a: [4]", "0 is the batch, 1 the last", "{mean: {dim: 1}}"),
    ("{LayerNorm: {normalized_shape: [9]}}", "a: [4, 6]", "end it with 6", "LayerNorm"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "inputs", "words", "right"), PROPOSALS)
def test_what_is_proposed_fits(wrong: str, inputs: str, words: str, right: str) -> None:
    ((_, facts),) = refusals(wrong, inputs)
    assert words in str(facts["fix"])
    if right:
        compiled(right, inputs)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("Conv2d: [3, 64, 3]", "Conv2d: [64, 3]"),
        ("GroupNorm: [8, 3]", "GroupNorm: 8"),
    ],
)
def test_positions_as_in_torch_are_noticed(wrong: str, meant: str) -> None:
    ((code, facts),) = refusals(f"{{{wrong}}}", "image: [3, 64, 64]")
    assert (code, facts["meant"]) == ("positions-shifted", meant)


@pytest.mark.parametrize("right", ["Conv1d: [64, 31, padding: same, groups: 64]", "Conv1d: [64, 5, 2]"])
def test_positions_that_make_sense_are_taken(right: str) -> None:
    compiled(f"{{{right}}}", "signal: [64, 100]")
