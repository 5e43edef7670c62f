"""What a picture is made of: boxes, frames, lines and their labels, placed in pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from nncli.errors import printable

Kind: TypeAlias = Literal["weights", "layer", "function", "end"]
Point: TypeAlias = tuple[float, float]

# Fill and border of each kind of box: layers with weights, other layers, functions, inputs and outputs.
COLOURS: Final[Mapping[Kind, tuple[str, str]]] = {
    "weights": ("#d6e4f7", "#4a78b5"),
    "layer": ("#eef1f5", "#8a96a8"),
    "function": ("#fdf0d5", "#c79a3a"),
    "end": ("#dcf0dd", "#5a9a5f"),
}
INK, FAINT, LINE, FRAME, FRAME_FILL = "#1c2430", "#667085", "#566273", "#c3cad5", "#5b6b8c"
TITLE_SIZE, FRAME_SIZE, SMALL_SIZE = 12.0, 11.0, 10.0
BOX_HEIGHT, SMALL_BOX_HEIGHT, CORNER = 38.0, 24.0, 6.0
# How far the base lines of a box's texts lie below its upper edge.
TITLE_BASE, SUBTITLE_BASE = 16.0, 31.0
MOST_LETTERS: Final = 40
# The widest letters of the usual fonts are about this wide, in units of the size.
_LETTER: Final = 0.62


@dataclass(frozen=True, slots=True)
class Box:
    """A layer, a function, an input or an output. `x` is the middle, `y` the upper edge."""

    key: str
    title: str
    subtitle: str
    kind: Kind
    x: float
    y: float
    width: float
    height: float

    def moved(self, x: float, y: float) -> Box:
        """Puts the box elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Frame:
    """The border around a scope. `x` and `y` are its upper left corner."""

    title: str
    x: float
    y: float
    width: float
    height: float

    @property
    def title_at(self) -> Point:
        """Where its title begins, on its base line."""
        return self.x + 9, self.y + 15

    def moved(self, x: float, y: float) -> Frame:
        """Puts the frame elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Label:
    """A shape beside the line that it flows along; `x` is where the text begins, `y` its base line."""

    text: str
    x: float
    y: float

    def moved(self, x: float, y: float) -> Label:
        """Puts the label elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Line:
    """What flows from one box to another.

    `steps` are the commands of an SVG path with their points: M, L, and C with two controls first.
    """

    steps: tuple[tuple[str, tuple[Point, ...]], ...]

    def moved(self, x: float, y: float) -> Line:
        """Puts the line elsewhere."""
        return Line(tuple((name, tuple((a + x, b + y) for a, b in points)) for name, points in self.steps))


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is drawn, in the order in which it covers what lies below."""

    width: float
    height: float
    frames: tuple[Frame, ...]
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]


def written(text: str) -> str:
    """Makes a text of a file fit for a box: without what steers, and not too long."""
    shown = printable(text).replace("\t", " ").replace("\n", " ")
    return shown if len(shown) <= MOST_LETTERS else shown[: MOST_LETTERS - 1] + "…"


def text_width(text: str, size: float) -> float:
    """Estimates how wide a text is, in pixels."""
    return len(text) * size * _LETTER


def box(key: str, title: str, subtitle: str, kind: Kind) -> Box:
    """Makes a box as large as its texts, in the upper middle of nowhere."""
    title, subtitle = written(title), written(subtitle)
    width = max(text_width(title, TITLE_SIZE), text_width(subtitle, SMALL_SIZE)) + 20
    return Box(key, title, subtitle, kind, 0, 0, max(width, 64), BOX_HEIGHT if subtitle else SMALL_BOX_HEIGHT)
