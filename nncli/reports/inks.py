"""Plots as SVG text or PNG, drawn by matplotlib; colours of an SVG are variables of the page around it."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from nncli.errors import printable
from nncli.messages.catalogue import failure

LIGHT: Final[Mapping[str, str]] = {
    "surface": "#fcfcfb",
    "ink": "#16191d",
    "faint": "#5d6470",
    "grid": "#e3e5e8",
    "band": "#eef3f0",
    "series-1": "#2a6fc9",
    "series-2": "#d9641f",
    "series-3": "#168f63",
    "series-4": "#8a56c2",
    "series-5": "#b98300",
    "series-6": "#c8437a",
    "series-7": "#0d8a99",
    "series-8": "#7a6a55",
}
"""The colours of plots by name: those of a PNG, and of the page where it is light."""
DARK: Final[Mapping[str, str]] = {
    "surface": "#17191c",
    "ink": "#edeff2",
    "faint": "#a3aab5",
    "grid": "#30343a",
    "band": "#1f2825",
    "series-1": "#5b9cf0",
    "series-2": "#ee8a4a",
    "series-3": "#3dbb8b",
    "series-4": "#b48be6",
    "series-5": "#d9a92f",
    "series-6": "#e678a4",
    "series-7": "#41b5c4",
    "series-8": "#b3a289",
}
SERIES: Final = tuple(colour for name, colour in LIGHT.items() if name.startswith("series-"))
_NAMES: Final = {colour: name for name, colour in LIGHT.items()}
_DOTS_PER_INCH: Final = 100.0
_ONE_POWER: Final = 50.0
_ROOM: Final = 0.1
"""Around a plot. Units: inches."""
_SHARPNESS: Final = 2.0
_STYLED: Final = re.compile(r'style="[^"]*"')
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}\b")
_NAMED: Final = re.compile(r'(\bid="|url\(#|href="#)')
_OUTSIDE: Final = re.compile(r' xmlns(?::xlink)?="[^"]*"| version="[^"]*"| (?:width|height)="[\d.]+pt"')
_SETTINGS: Final[Mapping[Any, Any]] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9.0,
    "axes.edgecolor": LIGHT["grid"],
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.labelcolor": LIGHT["faint"],
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.titlecolor": LIGHT["ink"],
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 0.7,
    "text.color": LIGHT["ink"],
    "xtick.color": LIGHT["grid"],
    "ytick.color": LIGHT["grid"],
    "xtick.labelcolor": LIGHT["faint"],
    "ytick.labelcolor": LIGHT["faint"],
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
}


@dataclass(frozen=True)
class Plot:
    """A plot: its name in files, a title, what it shows in words, its size in pixels, and how it is drawn."""

    name: str
    title: str
    says: str
    size: tuple[int, int]
    draw: Callable[[Any], None]


def require_plots() -> None:
    """Raises UsageError `extra-missing` where matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise failure("extra-missing", extra="plots", packages=["matplotlib"]) from None


def svg_of(plot: Plot, prefix: str) -> str:
    """Draws a plot as an SVG element to stand in a page; `prefix` tells its inner names from those of others.

    Texts stay texts. Nothing in it points out of it.
    """
    file = io.StringIO()
    with _drawn(plot, prefix) as figure:
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    text = file.getvalue()
    text = _OUTSIDE.sub("", text[text.index("<svg") :])
    text = _STYLED.sub(lambda found: _COLOUR.sub(_variable, found[0]), text)
    text = _NAMED.sub(lambda found: f"{found[0]}{prefix}-", text)
    return text.replace("<svg", '<svg role="presentation"', 1)


def png_of(plot: Plot) -> bytes:
    """Draws a plot on white as the bytes of a PNG."""
    file = io.BytesIO()
    with _drawn(plot, "") as figure:
        figure.suptitle(plot.title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        dots = _DOTS_PER_INCH * _SHARPNESS
        nothing = {"Title": plot.title, "Software": None}
        figure.savefig(file, format="png", dpi=dots, facecolor=LIGHT["surface"], metadata=nothing)
    return file.getvalue()


@contextmanager
def _drawn(plot: Plot, salt: str) -> Iterator[Any]:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": salt or "nncli"}), warnings.catch_warnings():
        # Letters that its font lacks are drawn by the browser.
        warnings.simplefilter("ignore")
        width, height = plot.size
        # A browser's letters may be wider than those that are measured.
        room = ConstrainedLayoutEngine(w_pad=_ROOM, h_pad=_ROOM)
        figure = Figure(figsize=(width / _DOTS_PER_INCH, height / _DOTS_PER_INCH), layout=room)
        plot.draw(figure)
        yield figure


def _variable(colour: re.Match[str]) -> str:
    return f"var(--{_NAMES[colour[0]]})" if colour[0] in _NAMES else colour[0]


def by_powers(axis: Any) -> None:
    """Labels a logarithmic axis with plain numbers, and within one power of ten with more of them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    few = low <= 0 or high / low < _ONE_POWER
    axis.set_major_locator(LogLocator(10, (1, 2, 5) if few else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def said(text: str, most: int = 28) -> str:
    """Makes a name from a file fit to stand in a plot: on one line, without what cannot be shown."""
    plain = printable(" ".join(text.split()))
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def file_name(text: str) -> str:
    """Makes a name for a file or an element of what a spec or data name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "plot"
