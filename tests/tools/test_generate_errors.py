from __future__ import annotations

from nncli.messages.catalogue import CATALOGUE
from tools.generate_errors import PAGE, rendered


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "docs/errors.md is old: run `make generated`"


def test_every_code_has_its_entry_and_an_explanation() -> None:
    page = rendered()
    for code, words in CATALOGUE.items():
        assert f"### `{code}`\n{words.about}\n" in page
        assert words.about.endswith("."), f"{code} has no sentence in `about`"
