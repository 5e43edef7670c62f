from __future__ import annotations

import io

import pytest
from rich.console import Console

from nncli.diagnosis.findings import Finding, Spot
from nncli.diagnosis.patches import set_to
from nncli.diagnosis.verdicts import Verdicts
from nncli.errors import Place
from nncli.terminal.streams import Streams
from nncli.terminal.verdicts import show_verdicts

FINDING = Finding(
    "lr_too_high",
    "diagnosis-lr-too-high",
    "error",
    "training",
    Spot("AdamW", "training.optimizer", Place("net.yaml", 7, 3)),
    2.0,
    1.0,
    {"rate": 3, "before": 1, "after": 9, "steps": 40, "better": "0.01", "other": 0.2, "update": ""},
    patch=set_to("training.optimizer", {"AdamW": {"lr": 0.01, "weight_decay": 0.01, "betas": [0.9, 0.99]}}),
)


def _shown(width: int, *, is_terminal: bool) -> list[str]:
    out = Console(file=io.StringIO(), width=width, force_terminal=is_terminal, color_system=None)
    show_verdicts(Streams(out, out, live=False), Verdicts((FINDING,), (), ()))
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [44, 80])
def test_verdicts_hang_below_their_text_in_a_terminal(width: int) -> None:
    piped, lines = _shown(width, is_terminal=False), _shown(width, is_terminal=True)
    assert " ".join(" ".join(lines).split()) == " ".join(" ".join(piped).split())
    assert any(len(line) > width for line in piped)
    assert FINDING.patch is not None
    patch = [f"    {line}" for line in FINDING.patch.yaml.splitlines()]
    assert patch == [line for line in lines if line in patch]
    assert all(len(line) <= width for line in lines if line not in patch)
    first = next(at for at, line in enumerate(lines) if line.startswith("error["))
    assert lines[first + 1].startswith("    ") and lines[first + 1][4] != " "
    why = next(at for at, line in enumerate(lines) if line.startswith("  why: "))
    assert width == 80 or (lines[why + 1].startswith("       ") and lines[why + 1][7] != " ")
