"""Help screens: pinned as a person sees them at 80 columns, without torch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.command_tree import read_tree

PROGRAM = Path(sys.executable).parent / "nncli"
GOLDEN = Path(__file__).parent / "golden" / "help"
VERBS = [verb.name for verb in read_tree().verbs]

# What `--help` of the program may not wait for.
HEAVY = ("torch", "numpy", "polars", "torchmetrics", "pydantic", "yaml", "safetensors")


def shown(*arguments: str) -> str:
    """Runs nncli as a process of its own and returns its stdout, without the spaces at line ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NNCLI_")}
    environment |= {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    command = [PROGRAM, *arguments]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert answer.stderr == ""
    return "\n".join(line.rstrip() for line in answer.stdout.splitlines()) + "\n"


@pytest.mark.parametrize("verb", ["", *VERBS], ids=lambda verb: verb or "nncli")
def test_help(verb: str, golden: Callable[[Path, str], None]) -> None:
    screen = shown(*verb.split(), "--help")
    golden(GOLDEN / f"{verb or 'nncli'}.txt", screen)
    assert "\x1b" not in screen
    assert max(map(len, screen.splitlines())) <= 80


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_two_examples(verb: str) -> None:
    examples = (GOLDEN / f"{verb}.txt").read_text(encoding="utf-8").partition(" Examples\n")[2]
    assert len(re.findall(rf"(?:^|\| )\s*nncli {verb} ", examples, re.MULTILINE)) >= 2


def test_the_short_form_is_the_same() -> None:
    assert shown("-h") == shown("--help")
    assert shown("train", "-h") == shown("train", "--help")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from nncli.cli import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    for arguments in (["--help"], ["train", "--help"], ["--version"]):
        command = [sys.executable, "-c", program, *arguments]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert answer.stderr.split() == [], f"nncli {' '.join(arguments)} imports {answer.stderr}"
