"""Pieces of HTML; every text that comes from elsewhere is escaped here and nowhere else."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NewType

from nncli.errors import printable
from nncli.reports.inks import Plot, svg_of

Html = NewType("Html", str)
NOTHING: Final = Html("")


def text(value: object) -> Html:
    """Escapes a text; control characters and those that turn the direction of text are spelt out."""
    return Html(html.escape("\n".join(map(printable, str(value).split("\n")))))


def tag(name: str, *inside: Html, of: str = "", **attributes: str) -> Html:
    """Writes an element with a class and other attributes."""
    given = {"class": of, **attributes} if of else attributes
    written = "".join(f' {key}="{text(value)}"' for key, value in given.items())
    return Html(f"<{name}{written}>{''.join(inside)}</{name}>")


def joined(parts: Iterable[Html]) -> Html:
    """Puts pieces behind each other, one a line."""
    return Html("\n".join(parts))


def section(anchor: str, title: str, *inside: Html) -> Html:
    """Writes a section with a heading that can be linked to."""
    return tag("section", tag("h2", text(title)), *inside, id=anchor)


def note(words: str) -> Html:
    """Writes a quiet line."""
    return tag("p", text(words), of="note")


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Html]],
    numbers: Iterable[int] = (),
    classes: Mapping[int, str] = {},
) -> Html:
    """Writes a table; `numbers` are the columns that stand to the right, others have their own `classes`."""
    classes = {**classes, **dict.fromkeys(numbers, "number")}

    def cell(name: str, at: int, inside: Html) -> Html:
        return tag(name, inside, of=classes.get(at, ""))

    head = tag("tr", *(cell("th", at, text(header)) for at, header in enumerate(headers)))
    body = [tag("tr", *(cell("td", at, each) for at, each in enumerate(row))) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), of="wide")


def figure(plot: Plot, prefix: str) -> Html:
    """Draws a plot with its title above, and what it shows in words for whoever cannot see it."""
    drawn = tag(
        "div", Html(svg_of(plot, f"{prefix}-{plot.name}")), of="plot", role="img", **{"aria-label": plot.says}
    )
    width = f"--wide:{plot.size[0]}px"
    return tag("figure", tag("figcaption", text(plot.title)), drawn, style=width)


def figures(plots: Iterable[Plot], prefix: str) -> Html:
    """Puts plots side by side, as many as there is room for."""
    return tag("div", *(figure(plot, prefix) for plot in plots), of="figures")


def picture(png: bytes, says: str) -> Html:
    """Puts the bytes of a PNG into the page."""
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    return Html(f'<img src="{source}" alt="{text(says)}">')
