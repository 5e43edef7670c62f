"""Planted mistakes in real networks: each is answered at its line, with what to type instead.

The first comment of every file of tests/golden/mistakes names the lines and codes that are expected.
`pytest --rewrite-golden` writes the words beside it anew; read each one as a beginner would.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.errors import Exit
from tests.commands.test_check_errors import answer

CASES = Path(__file__).parent.parent / "golden" / "mistakes"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
# Their message says what to type, or that there is nothing to propose.
WITHOUT_HINT = frozenset({"function-typo-in-expression", "division-by-zero"})
PLACE = re.compile(r"^\S+?:(\d+):\d+: (error|warning)\[([a-z-]+)\]", re.MULTILINE)


def test_there_are_enough_mistakes() -> None:
    assert len(NAMES) >= 60


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_mistake_is_found_at_its_line(
    name: str, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES)
    first = Path(f"{name}.yaml").read_text(encoding="utf-8").split("\n")[0]
    code, _, err = answer(Path(f"{name}.yaml"))
    found = [f"{line} {problem}" for line, _, problem in PLACE.findall(err)]
    assert f"# expects: {', '.join(found)}" == first
    is_warning = "warning[" in err
    assert code == (Exit.DONE if is_warning else Exit.SPEC)
    if name.partition("-")[2] not in WITHOUT_HINT:
        assert err.count("\nhint: ") == len(found)
    golden(CASES / f"{name}.txt", err)
