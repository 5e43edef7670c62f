"""Reports read back as a browser reads them: elements, attributes, and the text of each section."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

VOID = ("meta", "img", "br", "link", "input")


class Page(HTMLParser):
    """What stands in a page; `texts` has the words of each section by its id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self.style = ""
        self.title = ""
        self._open: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"an attribute of {tag} stands twice"
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self._open.append((tag, attributes.get("id", "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"{opened} is closed by {tag}"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "style":
            self.style += data
        elif self._open and self._open[-1][0] == "title" and len(self._open) == 3:
            self.title += data
        for tag, name in self._open:
            if tag == "section":
                self.texts[name] = self.texts.get(name, "") + data

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def inside(self, section: str, tag: str) -> int:
        """Counts the elements of a kind below a section."""
        starts = [at for at, (name, each) in enumerate(self.elements) if name == "section"]
        first = next(at for at in starts if self.elements[at][1]["id"] == section)
        last = next((at for at in starts if at > first), len(self.elements))
        return sum(name == tag for name, _ in self.elements[first:last])


def read(file: Path) -> Page:
    """Reads a report and holds it to what is true of every one."""
    page = Page(file.read_text(encoding="utf-8"))
    ids = Counter(each["id"] for _, each in page.elements if "id" in each)
    assert {name for name, count in ids.items() if count > 1} == set()
    for tag, attributes in page.elements:
        assert tag not in ("script", "link", "iframe", "object", "base", "form")
        assert not any(name.startswith("on") for name in attributes)
        for name in ("href", "xlink:href", "src"):
            target = attributes.get(name, "#")
            assert target.startswith(("#", "data:image/png;base64,")), target
            assert not target.startswith("#") or target == "#" or target[1:] in ids, target
        assert "url(" not in attributes.get("style", "").replace("url(#", "")
    assert "@import" not in page.style and "url(" not in page.style
    assert page.named("meta")[1]["content"].startswith("default-src 'none'")
    return page
