from __future__ import annotations

import pytest

from nncli.drawing.routing import Lanes, detour, direct
from nncli.drawing.shapes import Box, Frame


def box(x: float, y: float) -> Box:
    return Box("key", "title", "", "layer", x, y, 60, 24)


def test_a_free_way_is_straight_or_one_curve() -> None:
    straight = direct(box(50, 0), box(50, 100), [])
    assert straight is not None
    assert straight.steps == (("M", ((50, 24),)), ("L", ((50, 100),)))
    curve = direct(box(50, 0), box(200, 100), [])
    assert curve is not None and [name for name, _ in curve.steps] == ["M", "C"]


def test_a_box_in_the_way_or_an_end_above_is_no_way() -> None:
    assert direct(box(50, 0), box(50, 100), [box(50, 50)]) is None
    assert direct(box(50, 0), box(50, 100), [box(150, 50)]) is not None
    assert direct(box(50, 100), box(50, 0), []) is None


def test_a_detour_leaves_and_arrives_at_the_side_of_the_lane() -> None:
    line = detour(box(50, 0), box(50, 200), [box(50, 100)]).along(120)
    first, last = line.steps[0][1][0], line.steps[-1][1][0]
    assert first[0] == last[0] == 80
    assert max(x for _, points in line.steps for x, _ in points) == 120


def test_a_detour_does_not_run_behind_a_box_beside_its_ends() -> None:
    way = detour(box(50, 0), box(50, 200), [box(150, 0), box(150, 200)])
    line = way.along(220)
    # Out at the lower edge and in at the upper one, below and above what stands beside them.
    assert (line.steps[0][1][0], line.steps[-1][1][0]) == ((50, 24), (50, 200))
    assert 24 < way.top < way.bottom < 200


def test_lanes_are_shared_only_at_different_heights() -> None:
    lanes = Lanes()
    first = lanes.take(0, 100, 50)
    assert lanes.take(50, 150, 50) > first
    assert lanes.take(100, 200, 50) == first
    assert Lanes([detour(box(0, 0), box(0, 200), []).along(first)]).take(50, 150, 50) > first
    assert Lanes([], [Frame("", 0, 0, first, 100)]).take(0, 100, 50) > first


def test_only_a_box_that_is_nearer_than_five_pixels_is_in_the_way() -> None:
    ends = (box(50, 0), box(50, 100))
    near = [box(84.9, 50), box(15.1, 50), box(50, -4.9), box(50, 104.9)]
    assert [direct(*ends, [each]) for each in near] == [None] * 4
    far = [box(85, 50), box(15, 50), box(50, -5), box(50, 105)]
    assert None not in [direct(*ends, [each]) for each in far]


def test_an_end_right_below_needs_no_way_round() -> None:
    assert direct(box(50, 0), box(50, 24), []) is not None
    assert direct(box(50, 0), box(50, 23.9), []) is None


def test_a_line_bends_by_half_of_a_short_way() -> None:
    way = detour(box(50, 0), box(50, 200), [])
    short, long = way.along(84), way.along(120)
    corner = [axis for line in (short, long) for _, points in line.steps[1:3] for axis in points[-1]]
    assert corner == pytest.approx([82, 16.8, 84, 18.8, 112, 16.8, 120, 24.8])
