from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from nncli.cli import app
from tests.end_to_end.program import invoke

VERBS = (
    "init check data summary explain train bench find-lr inspect-gradients runs report".split()
    + "evaluate predict generate export".split()
)


def test_help_groups_the_verbs_by_purpose(tmp_path: Path) -> None:
    text = invoke(tmp_path, "--help").out
    places = [text.index(title) for title in ("Write and check", "Train and look", "Use what was trained")]
    assert places == sorted(places)
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    assert list(command.commands) == VERBS
    assert all(re.search(rf"│ {verb} ", text) for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_verb_has_two_examples(verb: str, option: str, tmp_path: Path) -> None:
    answer = invoke(tmp_path, verb, option)
    assert answer.code == 0
    examples = answer.out.partition("Examples")[2]
    assert examples.count("nncli ") >= 2
    assert f"nncli {verb} " in examples


@pytest.mark.parametrize("verb", ["train", "evaluate", "predict", "inspect-gradients"])
def test_every_verb_that_runs_a_network_takes_device_and_threads(verb: str, tmp_path: Path) -> None:
    text = invoke(tmp_path, verb, "--help").out
    assert "--device" in text
    assert "--threads" in text


def test_the_device_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNCLI_DEVICE", "abacus")
    (tmp_path / "net.yaml").write_text(
        "data: builtin:iris\nnetwork: [Linear: 3]\ntraining: {loss: MSELoss}\n"
    )
    answer = invoke(tmp_path, "train", "net.yaml")
    assert answer.code == 2
    assert "error[device-unknown]: there is no device `abacus`" in answer.err


def test_debug_stands_before_the_verb_and_shows_a_traceback(tmp_path: Path) -> None:
    answer = invoke(tmp_path, "--debug", "summary", "absent.yaml")
    assert answer.code == 2
    assert "Traceback" in answer.err
    assert "Traceback" not in invoke(tmp_path, "summary", "absent.yaml").err
