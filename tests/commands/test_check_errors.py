"""Every mistake of tests/golden/errors is answered in the words beside it.

`pytest --rewrite-golden` writes the words anew; read each one as a person would who made the mistake.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from nncli.commands.check import CheckOptions, check
from nncli.errors import Exit
from nncli.terminal.door import through_door
from nncli.terminal.streams import Streams

CASES = Path(__file__).parent.parent / "golden" / "errors"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
# These are answered by the machine's memory, whose figure differs from one to the next.
FREE = re.compile(r"[0-9.]+ [KMGTP]?i?B are free")


def answer(path: Path) -> tuple[int, str, str]:
    """Runs `nncli check`, with data for the cases about it; returns exit code, stdout and stderr."""
    out, err = (Console(file=io.StringIO(), width=80, color_system=None) for _ in range(2))
    streams = Streams(out, err, live=False)
    options = CheckOptions(specs=(path,), no_data=not path.stem.startswith("data-"))
    code = through_door(lambda: check(options, streams), streams)
    texts = [console.file.getvalue() for console in (out, err) if isinstance(console.file, io.StringIO)]
    return code, texts[0], texts[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_answered_at_its_line(
    name: str, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CASES)
    code, out, err = answer(Path(f"{name}.yaml"))
    assert out == ""
    assert code in (Exit.USAGE, Exit.SPEC, Exit.DATA, Exit.RESOURCE)
    assert "Traceback" not in err and "\x1b" not in err
    places = re.findall(r"^(?:error|\S+ error)\[", err, re.MULTILINE)
    assert places and all(
        re.match(r"\S+:\d+:\d+: |hint: |inside: |flow: |    ", line) for line in err.splitlines()
    )
    golden(CASES / f"{name}.txt", f"exit {code}\n{FREE.sub('… are free', err)}")


@pytest.mark.parametrize("name", ["several", "colon-missing", "giant-layer"])
def test_the_program_answers_as_the_function_does(name: str) -> None:
    command = [sys.executable, "-m", "nncli", "check", "--no-data", f"{name}.yaml"]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONPATH": str(CASES.parents[2])}
    done = subprocess.run(command, cwd=CASES, env=environment, capture_output=True, text=True, check=False)
    expected = (CASES / f"{name}.txt").read_text(encoding="utf-8")
    assert f"exit {done.returncode}\n{FREE.sub('… are free', done.stderr)}" == expected
    assert done.stdout == ""
