"""Mistakes in `training:` are answered at their line before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import invoke
from tests.end_to_end.specs import FLOWERS, write_flowers

GAN = """
data: {train: builtin:digits, inputs: {image: {type: image, columns: "pixel_*", shape: [1, 8, 8]}}}
networks:
  g: {inputs: {noise: [8]}, layers: [Linear: 64, Sigmoid, Unflatten: [1, [1, 8, 8]]]}
  d: {inputs: [image], layers: [Flatten, Linear: 1]}
training:
  optimizer: Adam
  epochs: 1
  updates:
    - update: d
      compute: {a: d(image)}
      loss: {BCEWithLogitsLoss: {}, from: [a, 1]}
    - update: g
      compute: {a: "d(g(randn(batch, 8)))"}
      loss: {BCEWithLogitsLoss: {}, from: [a, 1]}
"""
AGAIN = """    - update: d
      compute: {a: "d(detach(g(randn(batch, 8))))"}
      loss: {BCEWithLogitsLoss: {}, from: [a, 0]}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "code", "exit_code"),
    [
        ("{lr: 3e-2}", "{momentum: 0.9}", 12, "error[argument-unknown]", 3),
        ("{lr: 3e-2}", "{lr: fast}", 12, "error[argument-type]", 3),
        ("4", "4\n  schedule: {StepLR: {step_size: 30}}", 14, "warning[schedule-beyond]", 0),
        ("4", "4\n  schedule: {CosineAnnealingLR: {T_max: 9}}", 14, "warning[schedule-beyond]", 0),
        ("4", "4\n  schedule: {warmup: 9 epochs}", 14, "warning[schedule-", 0),
        ("4", '4\n  groups: [{match: "body.*", lr: 1}]', 14, "error[pattern-matches-nothing]", 3),
        ("4", "4\n  on_non_finite: {policy: rewind, times: x}", 14, "error[value-type]", 3),
        ("CrossEntropyLoss", "L1Los", 11, "error[loss-unknown]", 3),
        ("kind: category", "height: number", 11, "error[loss-target]", 3),
    ],
)
def test_a_mistake_is_told_at_its_line(
    old: str, new: str, line: int, code: str, exit_code: int, tmp_path: Path
) -> None:
    text = FLOWERS.replace("epochs: 4", f"epochs: {new}") if old == "4" else FLOWERS.replace(old, new)
    write_flowers(tmp_path, text.lstrip("\n"))
    answer = invoke(tmp_path, "check", "flowers.yaml")
    assert answer.code == exit_code, answer.err
    assert f"flowers.yaml:{line}:" in answer.err and code in answer.err


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        (
            "epochs: 4",
            "epochs: 4\n  schedule: {CosineAnealingLR: {}, warmup: 5}",
            ["schedule-unknown", "span-form"],
        ),
        (
            "epochs: 4",
            "epochs: 4\n  groups: [{match: 'lost.*', lr: 1}, {match: '*.bias', learning_rate: 1}]",
            ["pattern-matches-nothing", "argument-unknown"],
        ),
        (
            "AdamW: {lr: 3e-2}",
            "SGD: {lr: 0.1, nesterov: true}}\n  schedule: {LambdaLR: {lr_lambda: 0.9 ** epohc}",
            ["optimizer-refused", "name-unknown"],
        ),
        ("AdamW: {lr: 3e-2}", "adamw: {lr: -1}", ["optimizer-unknown", "argument-range"]),
    ],
)
def test_mistakes_of_one_update_do_not_hide_each_other(
    old: str, new: str, codes: list[str], tmp_path: Path
) -> None:
    text = FLOWERS.replace(old, new)
    assert text != FLOWERS
    write_flowers(tmp_path, text)
    err = invoke(tmp_path, "check", "flowers.yaml").err
    assert err.count("error[") == len(codes), err
    assert all(f"error[{code}]" in err for code in codes), err


def test_numbers_that_a_loss_cannot_compare_with_are_told_at_the_loss(tmp_path: Path) -> None:
    text = FLOWERS.replace("kind: category", "height: number")
    text = text.replace("CrossEntropyLoss", "BCEWithLogitsLoss")
    write_flowers(tmp_path, text.replace("$classes", "1"))
    answer = invoke(tmp_path, "check", "flowers.yaml")
    assert answer.code == 4
    assert "flowers.yaml:12:3: error[target-outside]: height has values from " in answer.err
    assert "hint: write `scale: none` where" in answer.err


def test_two_updates_of_one_network_are_warned_of_unless_both_say_an_optimiser(tmp_path: Path) -> None:
    (tmp_path / "gan.yaml").write_text(GAN)
    assert invoke(tmp_path, "check", "gan.yaml").err == ""
    (tmp_path / "gan.yaml").write_text(GAN + AGAIN)
    err = invoke(tmp_path, "check", "gan.yaml").err
    assert "gan.yaml:16:15: warning[update-repeats]: `d` is changed by `d` and by `d_2`" in err
    (tmp_path / "gan.yaml").write_text(GAN + AGAIN + "      optimizer: {SGD: {lr: 0.1}}\n")
    assert invoke(tmp_path, "check", "gan.yaml").err == ""


def test_an_expression_whose_shapes_do_not_fit_is_told_where_they_meet(tmp_path: Path) -> None:
    (tmp_path / "gan.yaml").write_text(GAN.replace("randn(batch, 8)", "randn(batch, 9)"))
    answer = invoke(tmp_path, "check", "gan.yaml")
    assert answer.code == 3 and "gan.yaml:4:" in answer.err and "error[shape-mismatch]" in answer.err
    assert "`randn` (line 14)" in answer.err
