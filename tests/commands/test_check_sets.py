"""What `--set` gets wrong is shown as it was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers

GOLDEN = Path(__file__).parent.parent / "golden" / "sets.txt"
SPEC = (
    FLOWERS.replace("  - ReLU\n", "  - ReLU\n  - pair: $width\n")
    + """
vars: {width: 8}
blocks:
  pair:
    args: [size, act: ReLU]
    layers: [Linear: $size, $act]
"""
)
MISTAKES = (
    "training.optimizer=SGDD",
    "training.optimizer.SGD.lr=0.1",
    "training.optimizer.lr=0.1",
    "training.optimizer={SGD: {lrr: 0.1}}",
    "training.epochs=[1",
    "training.epochs=",
    "vars.widht=64",
    "vars.width=",
    "vars.width=wide",
    "vars.width=$heigth",
    "training.lr=0.1",
    "epochs=3",
    "training=3",
    "training={epochs: 3}",
    "network=3",
    "blocks.pair.args=3",
    "training.epoch=3",
    "training.epochs=-3",
    'training.epochs="3"',
    "network.0.Linear.out_feature=3",
    "network.9=Tanh",
    "network.1.Tanh=",
    "data.train=flower.csv",
    "epochs",
)


def test_a_mistake_is_shown_in_the_argument(
    golden: Callable[[Path, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    write_flowers(tmp_path, SPEC)
    answers = []
    for text in MISTAKES:
        answer = invoke(tmp_path, "check", "flowers.yaml", "--set", "vars.width=8", "--set", text)
        assert answer.out == ""
        answers.append(f"exit {answer.code}\n{answer.err}")
    golden(GOLDEN, "\n".join(answers))


def test_json_counts_the_arguments_as_lines(tmp_path: Path) -> None:
    write_flowers(tmp_path)
    sets = ("--set", "training.seed=1", "--set", "training.epochs=x")
    (document,) = invoke(tmp_path, "check", "flowers.yaml", "--json", *sets).rows()
    (problem,) = document["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == ("--set", 2, 17)
