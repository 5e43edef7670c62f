"""A picture as PNG, drawn by matplotlib, which brings its own fonts: a server often has none."""

from __future__ import annotations

import io
from typing import Any, Final

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
    Picture,
)
from nncli.messages.catalogue import failure

# Dots for a pixel of the layout, and the most dots of a side; above, the picture gets coarser.
_SHARPNESS, _MOST_DOTS = 2.0, 30_000
_DOTS_PER_INCH: Final = 100.0


def png(picture: Picture, title: str) -> bytes:
    """Draws a picture; `title` goes into the file as its description.

    Raises UsageError `extra-missing` where matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise failure("extra-missing", extra="plots", packages=["matplotlib"]) from None
    sharpness = min(_SHARPNESS, _MOST_DOTS / max(picture.width, picture.height))
    figure = Figure(
        figsize=(picture.width / _DOTS_PER_INCH, picture.height / _DOTS_PER_INCH), facecolor="white"
    )
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, picture.width)
    axes.set_ylim(picture.height, 0)
    axes.axis("off")
    _draw(axes, picture)
    file = io.BytesIO()
    FigureCanvasAgg(figure)
    dots = _DOTS_PER_INCH * sharpness
    figure.savefig(file, format="png", dpi=dots, metadata={"Title": title, "Software": None})
    return file.getvalue()


def _draw(axes: Any, picture: Picture) -> None:
    for frame in picture.frames:
        corner = (frame.x, frame.y, frame.width, frame.height)
        _rectangle(axes, corner, (FRAME_FILL, FRAME), 0.05)
    for line in picture.lines:
        _line(axes, line.steps)
    for box in picture.boxes:
        corner = (box.x - box.width / 2, box.y, box.width, box.height)
        _rectangle(axes, corner, COLOURS[box.kind], 1.0)
        _text(axes, box.title, (box.x, box.y + TITLE_BASE), TITLE_SIZE, INK, ha="center")
        _text(axes, box.subtitle, (box.x, box.y + SUBTITLE_BASE), SMALL_SIZE, FAINT, ha="center")
    for frame in picture.frames:
        _text(axes, frame.title, frame.title_at, FRAME_SIZE, FAINT, path_effects=_halo())
    for label in picture.labels:
        _text(axes, label.text, (label.x, label.y), SMALL_SIZE, FAINT, path_effects=_halo())


def _rectangle(
    axes: Any, corner: tuple[float, float, float, float], colours: tuple[str, str], alpha: float
) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import FancyBboxPatch

    x, y, width, height = corner
    fill, border = colours
    style = f"round,pad=0,rounding_size={CORNER}"
    colour = to_rgba(fill, alpha)
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, fc=colour, ec=border, lw=0.72))


def _line(axes: Any, steps: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    code = {"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4}
    points = [point for _, each in steps for point in each]
    codes = [code[name] for name, each in steps for _ in each]
    arrow = "-|>,head_length=4,head_width=2"
    path = Path(points, codes)
    axes.add_patch(
        FancyArrowPatch(path=path, arrowstyle=arrow, color=LINE, lw=0.86, fc=LINE, shrinkA=0, shrinkB=0)
    )


def _text(axes: Any, text: str, at: tuple[float, float], size: float, colour: str, **more: Any) -> None:
    # Sizes are pixels of 1/100 inch, matplotlib's are points. A dollar would begin a formula.
    axes.text(*at, text, fontsize=size * 72 / _DOTS_PER_INCH, color=colour, parse_math=False, **more)


def _halo() -> list[Any]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.2, foreground="white")]
