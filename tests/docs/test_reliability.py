from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_case_has_the_tests_that_are_listed() -> None:
    table = (ROOT / "docs" / "reliability.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", table)
    assert len(named) > 40
    for file, name in named:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), (file, name)
    listed = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    assert [int(number) for each in listed for number in each.split(",")] == list(range(43, 70))
