from __future__ import annotations

import re
from typing import Any

from nncli.reports.inks import DARK, LIGHT, Plot, file_name, png_of, said, svg_of
from nncli.reports.style import style_sheet


def _draw(canvas: Any) -> None:
    axes = canvas.subplots()
    axes.plot([1, 2], [3, 4], "o-", color=LIGHT["series-1"], label="</text><script>")
    axes.imshow([[1, 2]], extent=(1, 2, 3, 4))
    axes.set_xlabel("$\\frac{1$")
    axes.legend()


PLOT = Plot("p", "p", "words", (300, 200), _draw)


def test_colours_are_variables_and_nothing_points_out_of_it() -> None:
    text = svg_of(PLOT, "run-p")
    assert text.startswith("<svg") and "var(--series-1)" in text and "var(--faint)" in text
    assert not any(colour in text for colour in LIGHT.values())
    assert "http" not in text and "<script" not in text and "$\\frac{1$" in text
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert ids and all(each.startswith("run-p-") for each in ids) and len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', text)) <= set(ids)
    assert svg_of(PLOT, "run-p") == text


def test_every_colour_has_one_in_the_dark() -> None:
    assert LIGHT.keys() == DARK.keys() and len(set(LIGHT.values())) == len(LIGHT)
    sheet = style_sheet()
    light, _, dark = sheet.partition("@media screen and (prefers-color-scheme:dark)")
    used = set(re.findall(r"var\(--([\w-]+)\)", sheet)) - {"letters", "wide"}
    for part in (light, dark):
        assert used <= set(re.findall(r"--([\w-]+):", part))


def test_a_png_is_drawn_on_a_surface() -> None:
    assert png_of(PLOT)[:8] == b"\x89PNG\r\n\x1a\n"


def test_names_fit_into_plots_and_files() -> None:
    assert said("a\nb\x1b", 10) == "a b\\x1b" and said("x" * 30, 10) == "x" * 9 + "…"
    assert file_name("Umsatz (€)/Tag") == "umsatz-tag" and file_name("…") == "plot"
