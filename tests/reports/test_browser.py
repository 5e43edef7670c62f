"""Reports as a browser shows them: nothing is asked for, nothing complains, all fits the window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.program import invoke
from tests.reports.browser import CHROMIUM, Browser, BrowserError, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

# What reaches out of the window on the right and is not inside something that scrolls by itself.
_TOO_WIDE: Final = """
[...document.querySelectorAll('body *')].filter(each => {
  if (each.closest('svg') && each.tagName !== 'svg') return false;
  if (each.getBoundingClientRect().right <= document.documentElement.clientWidth + 1) return false;
  for (let up = each.parentElement; up; up = up.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return false;
  return true;
}).map(each => each.tagName + '.' + each.className + ' ' + each.textContent.slice(0, 40))
"""


# Words of a plot that reach out of it: a browser has other letters than those that were measured.
_CUT: Final = """
[...document.querySelectorAll('.plot svg')].flatMap(plot => {
  const around = plot.getBoundingClientRect();
  return [...plot.querySelectorAll('text')].filter(each => {
    const box = each.getBoundingClientRect();
    return box.left < around.left - 1 || box.right > around.right + 1
      || box.top < around.top - 1 || box.bottom > around.bottom + 1;
  }).map(each => each.textContent);
})
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with ExitStack() as held:
        try:
            found = held.enter_context(browser(tmp_path_factory.mktemp("browser")))
        except BrowserError as error:
            pytest.skip(f"Chromium does not start here: {error}")
        yield found


@pytest.fixture(scope="module")
def pages(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of some runs, by name."""
    folder = tmp_path_factory.mktemp("pages")
    asked = {
        "diabetes": ["runs/diabetes"],
        "digits": ["runs/digits"],
        "several": ["runs/iris", "runs/wide", "runs/diverged"],
    }
    for name, paths in asked.items():
        answer = invoke(runs, "report", *paths, "--output", folder / f"{name}.html")
        assert answer.code == 0, answer.err
    return {name: folder / f"{name}.html" for name in asked}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["diabetes", "digits", "several"])
def test_a_report_is_whole_and_fits(
    name: str, width: int, dark: bool, pages: dict[str, Path], opened: Browser
) -> None:
    opened.open(pages[name], width, dark=dark)
    assert opened.said == []
    asked = [each for each in opened.requests if not each.startswith("data:image/png;base64,")]
    assert asked == [pages[name].resolve().as_uri()]
    opened.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert opened.evaluate(_TOO_WIDE) == []
    assert opened.evaluate(_CUT) == []
    assert opened.ask("Page.getLayoutMetrics")["cssContentSize"]["width"] <= width


@pytest.mark.parametrize("dark", [False, True])
def test_words_can_be_told_from_what_is_behind_them(
    dark: bool, pages: dict[str, Path], opened: Browser
) -> None:
    """Each text has a contrast of at least 4.5 to 1 with the surface behind it: WCAG 2.2, 1.4.3."""
    opened.open(pages["several"], 1280, dark=dark)
    opened.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert opened.evaluate(_FAINT) == []


_FAINT: Final = """
(() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).map(each => {
      const share = each / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = each => {
    for (let up = each; up; up = up.parentElement) {
      const colour = getComputedStyle(up).backgroundColor;
      if ((numbers(colour)[3] ?? 1) === 1) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = new Set();
  for (const each of document.querySelectorAll('body *')) {
    if (each.closest('svg')) continue;
    if (![...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(each).color), light(behind(each))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.add(each.tagName + '.' + each.className + ' ' + contrast.toFixed(2));
  }
  return [...found];
})()
"""


def test_the_browser_tells_what_a_page_asks_for_and_what_is_too_wide(tmp_path: Path, opened: Browser) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<!DOCTYPE html><body style='margin:0'><p style='width:900px'>wide</p>"
        "<div style='overflow:auto'><p style='width:900px'>scrolls</p></div>"
        "<p style='color:#aaa'>faint</p>"
        "<img src='http://127.0.0.1:9/a.png'><script>console.error('no')</script></body>"
    )
    opened.open(page, 400)
    assert "http://127.0.0.1:9/a.png" in opened.requests
    assert any("no" in each for each in opened.said)
    assert opened.evaluate(_TOO_WIDE) == ["P. wide"]
    assert opened.evaluate(_FAINT) == ["P. 2.32"]
