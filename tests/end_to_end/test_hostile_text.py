"""Names and labels of files are text: they steer no terminal and are no markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import Answer, invoke
from tests.end_to_end.specs import FLOWERS, flowers, write_flowers

KINDS = ("[red]rose[/red]", "tulip\x1b[31m\x9b5m", "[/b] weed\nin two lines 🌱 $x")
RAW = ("\x1b", "\x9b", "\u202e", "\r")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("hostile")
    write_flowers(folder)
    (folder / "flowers.csv").write_text(flowers(kinds=KINDS))
    answer = invoke(folder, "train", "flowers.yaml", "--run", "run", "--threads", 1)
    assert answer.code == 0, answer.err
    return Trained(folder, folder / "run", answer)


def _assert_plain(answer: Answer) -> None:
    for raw in RAW:
        assert raw not in answer.out + answer.err


def test_labels_of_a_confusion_matrix_are_spelt_out(hostile: Trained) -> None:
    _assert_plain(hostile.answer)
    answer = invoke(hostile.folder, "evaluate", "run")
    _assert_plain(answer)
    for shown in ("[red]rose[/red]", "tulip\\x1b[31m\\x9b5m", "[/b] weed\\x0ain two lines 🌱 $x"):
        assert shown in answer.out
    answer = invoke(hostile.folder, "evaluate", "run", "--json")
    _assert_plain(answer)
    assert answer.rows()[0]["confusion"]["classes"] == sorted(KINDS)


def test_predictions_carry_labels_as_they_are(hostile: Trained) -> None:
    answer = invoke(hostile.folder, "predict", "run", "flowers.csv", "--format", "jsonl")
    assert {row["kind"] for row in answer.rows()} <= set(KINDS)
    # On a terminal the same rows are spelt out, which test_streams.py shows.


def test_text_of_a_spec_is_spelt_out_in_messages(tmp_path: Path) -> None:
    write_flowers(tmp_path, FLOWERS.replace("- ReLU", '- "[red]Re\\eLU\\u202e"'))
    for arguments in (("check", "flowers.yaml"), ("check", "flowers.yaml", "--json")):
        answer = invoke(tmp_path, *arguments)
        assert answer.code == 3
        _assert_plain(answer)
        assert "[red]Re" in answer.out + answer.err


def test_paths_are_spelt_out(flowers: Trained, tmp_path: Path) -> None:
    name = "new\x1b[31m[bold].csv"
    (tmp_path / name).write_text((flowers.folder / "flowers.csv").read_text())
    for arguments in (
        ("evaluate", flowers.run, "--data", name),
        ("predict", flowers.run, name, "--output", f"said{name}"),
        ("predict", flowers.run, name, "--output", f"said{name}"),
        ("train", f"absent{name}"),
    ):
        answer = invoke(tmp_path, *arguments)
        _assert_plain(answer)
        assert "\\x1b[31m[bold].csv" in answer.out + answer.err
