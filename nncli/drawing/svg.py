"""A picture as SVG text; every text of a file is escaped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from nncli.drawing.shapes import (
    COLOURS,
    CORNER,
    FAINT,
    FRAME,
    FRAME_FILL,
    FRAME_SIZE,
    INK,
    LINE,
    SMALL_SIZE,
    SUBTITLE_BASE,
    TITLE_BASE,
    TITLE_SIZE,
    Box,
    Frame,
    Line,
    Picture,
)

_FONTS: Final = "Verdana, 'DejaVu Sans', Helvetica, Arial, sans-serif"
_ARROW: Final = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"'


def svg(picture: Picture, title: str) -> str:
    """Writes a picture as a whole SVG document."""
    width, height = round(picture.width), round(picture.height)
    head = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="{_FONTS}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {head}>',
        f"<title>{escape(title)}</title>",
        f'<defs><marker id="arrow" {_ARROW}><path d="M0 0.5L8 4L0 7.5Z" fill="{LINE}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *(_frame(frame) for frame in picture.frames),
        f'<g fill="none" stroke="{LINE}" stroke-width="1.2" marker-end="url(#arrow)">',
        *(_line(line) for line in picture.lines),
        "</g>",
        *(text for box in picture.boxes for text in _box(box)),
        # The white border keeps what stands on a line legible.
        '<g stroke="white" stroke-width="3" stroke-linejoin="round" paint-order="stroke">',
        *(_text(each.title, *each.title_at, FRAME_SIZE, FAINT) for each in picture.frames),
        *(_text(each.text, each.x, each.y, SMALL_SIZE, FAINT) for each in picture.labels),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _frame(frame: Frame) -> str:
    return (
        f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" '
        f'rx="{CORNER + 2}" fill="{FRAME_FILL}" fill-opacity="0.05" stroke="{FRAME}"/>'
    )


def _line(line: Line) -> str:
    steps = "".join(name + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) for name, points in line.steps)
    return f'<path d="{steps}"/>'


def _box(box: Box) -> Iterator[str]:
    fill, border = COLOURS[box.kind]
    yield (
        f'<rect x="{box.x - box.width / 2:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="{CORNER}" fill="{fill}" stroke="{border}"/>'
    )
    yield _text(box.title, box.x, box.y + TITLE_BASE, TITLE_SIZE, INK, "middle")
    if box.subtitle:
        yield _text(box.subtitle, box.x, box.y + SUBTITLE_BASE, SMALL_SIZE, FAINT, "middle")


def _text(text: str, x: float, y: float, size: float, colour: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
