"""Lines between boxes: straight where nothing is in between, else around on a lane of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from nncli.drawing.shapes import Box, Frame, Line, Point

LANE, _BEND, _CLEARANCE, _SAMPLES = 10.0, 8.0, 5.0, 32
# How far below a box, and above another, a line turns: below the shape that stands there.
_BELOW, _ABOVE = 21.0, 14.0


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


@dataclass(frozen=True, slots=True)
class Detour:
    """A way round what lies between two boxes: the corners before its lane, and those behind it."""

    leaving: tuple[Point, ...]
    arriving: tuple[Point, ...]

    @property
    def top(self) -> float:
        """Where the lane begins."""
        return self.leaving[-1][1]

    @property
    def bottom(self) -> float:
        """Where the lane ends."""
        return self.arriving[0][1]

    def along(self, lane: float) -> Line:
        """Draws it along a lane, round at the corners."""
        return _rounded([*self.leaving, (lane, self.top), (lane, self.bottom), *self.arriving])


def detour(start: Box, end: Box, others: Iterable[Box]) -> Detour:
    """Leaves and arrives at the right side, or below and above where a box stands beside an end."""
    others = list(others)
    # Out below the middle and in above it, so that lines of one box do not lie on each other.
    out, into = start.y + start.height * 0.7, end.y + end.height * 0.3
    leaving: tuple[Point, ...] = ((start.x + start.width / 2, out),)
    if any(_is_beside(each, start.x, out) for each in others):
        leaving = ((start.x, start.y + start.height), (start.x, start.y + start.height + _BELOW))
    arriving: tuple[Point, ...] = ((end.x + end.width / 2, into),)
    if any(_is_beside(each, end.x, into) for each in others):
        arriving = ((end.x, end.y - _ABOVE), (end.x, end.y))
    return Detour(leaving, arriving)


def _is_beside(box: Box, x: float, y: float) -> bool:
    return box.x > x and box.y - _CLEARANCE < y < box.y + box.height + _CLEARANCE


def _rounded(corners: Sequence[Point]) -> Line:
    steps: list[tuple[str, tuple[Point, ...]]] = [("M", (corners[0],))]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        bend = min(_BEND, _distance(before, corner) / 2, _distance(corner, after) / 2)
        steps.append(("L", (_towards(corner, before, bend),)))
        steps.append(("C", (corner, corner, _towards(corner, after, bend))))
    return Line((*steps, ("L", (corners[-1],))))


def _distance(a: Point, b: Point) -> float:
    return hypot(b[0] - a[0], b[1] - a[1])


def _towards(a: Point, b: Point, far: float) -> Point:
    share = far / (_distance(a, b) or 1.0)
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


class Lanes:
    """The lanes to the right of what lies in a container; lines that share no height share a lane.

    `lines` and `frames` are those that are there already; no line lies on a border.
    """

    def __init__(self, lines: Iterable[Line] = (), frames: Iterable[Frame] = ()) -> None:
        self._taken = [(each.x + each.width, each.y, each.y + each.height) for each in frames]
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
