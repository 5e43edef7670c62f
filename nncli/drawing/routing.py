"""Lines between boxes: straight where nothing is in between, else around on a lane of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from nncli.drawing.shapes import Box, Line, Point

LANE, _BEND, _CLEARANCE, _SAMPLES = 10.0, 8.0, 5.0, 32


def direct(start: Box, end: Box, others: Iterable[Box]) -> Line | None:
    """Draws from the lower edge of one box to the upper edge of another; None where a box is in the way."""
    a, b = (start.x, start.y + start.height), (end.x, end.y)
    if a[1] > b[1]:
        return None
    if abs(a[0] - b[0]) < 1:
        line = Line((("M", (a,)), ("L", (b,))))
        curve = [a, a, b, b]
    else:
        middle = (a[1] + b[1]) / 2
        curve = [a, (a[0], middle), (b[0], middle), b]
        line = Line((("M", (a,)), ("C", tuple(curve[1:]))))
    way = [_along(curve, step / _SAMPLES) for step in range(_SAMPLES + 1)]
    return None if any(_inside(point, each) for each in others for point in way) else line


def _along(curve: Sequence[Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x = sum(weight * point[0] for weight, point in zip(weights, curve, strict=True))
    return x, sum(weight * point[1] for weight, point in zip(weights, curve, strict=True))


def _inside(point: Point, box: Box) -> bool:
    across = abs(point[0] - box.x) < box.width / 2 + _CLEARANCE
    return across and box.y - _CLEARANCE < point[1] < box.y + box.height + _CLEARANCE


def around(start: Box, end: Box, lane: float) -> Line:
    """Draws from the side of one box along a lane into the side of another, round at the corners."""
    side = 1 if lane > start.x else -1
    # Out below the middle and in above it, so that lines of one box do not lie on each other.
    a = (start.x + side * start.width / 2, start.y + start.height * 0.7)
    b = (end.x + side * end.width / 2, end.y + end.height * 0.3)
    bend = min(_BEND, abs(b[1] - a[1]) / 2)
    before, after = (lane - side * bend, a[1]), (lane - side * bend, b[1])
    down, up = (lane, a[1] + bend), (lane, b[1] - bend)
    first, second = (lane, a[1]), (lane, b[1])
    return Line(
        (
            ("M", (a,)),
            ("L", (before,)),
            ("C", (first, first, down)),
            ("L", (up,)),
            ("C", (second, second, after)),
            ("L", (b,)),
        )
    )


class Lanes:
    """The lanes to the right of what lies in a container; lines that share no height share a lane.

    `lines` are those that are there already.
    """

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._taken: list[tuple[float, float, float]] = []
        for line in lines:
            corners = [points[-1] for _, points in line.steps]
            for a, b in pairwise(corners):
                if abs(a[0] - b[0]) < 1:
                    self._taken.append((a[0], min(a[1], b[1]), max(a[1], b[1])))

    def take(self, top: float, bottom: float, beside: float) -> float:
        """Takes the first free lane behind `beside` between two heights."""
        lane = beside + LANE * 0.7
        while any(abs(x - lane) < LANE * 0.8 and a < bottom and top < b for x, a, b in self._taken):
            lane += LANE
        self._taken.append((lane, top, bottom))
        return lane
