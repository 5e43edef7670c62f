"""Mistakes that a hint has to answer with what is to be typed, in this very case."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import invoke

SPEC = """\
data:
  train: rows.csv
  inputs: {size: number, kind: category}
  targets: {y: binary}
network: [Linear: 4, ReLU, Linear: 1]
training: {loss: BCEWithLogitsLoss, optimizer: AdamW, epochs: 2}
"""
ROWS = "size,kind,y\n" + "".join(f"{n % 9},{'ab'[n % 2]},{'yes' if n % 3 else 'no'}\n" for n in range(60))


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("epochs: 2", "phases: [{epoch: 2}]", "write `epochs: 20`"),
        ("epochs: 2", "phases: [{epochs: 2, max_grad_norm: 1}]", "write `clip_gradients: 1.0`"),
        ("epochs: 2", "epochs: 2, on_non_finite: {time: 3}", "did you mean `times`?"),
        ("inputs:", "input:", "did you mean `inputs`?"),
        ("epochs: 2", "epochs: 2, batch_size: auot", "did you mean `batch_size: auto`?"),
        ("epochs: 2", "epochs: 2, batch_size: 32.5", ""),
        ("size: number", "size: {type: number, missing: medain}", "did you mean `missing: median`?"),
        (
            "size: number",
            "size: {type: number, missing: 0}",
            "write `missing: {constant: 0}`, so that an empty cell counts as that",
        ),
        (
            "size: number",
            "size: {type: number, missing: {const: -1}}",
            "write `missing: {constant: -1}`, so that an empty cell counts as that",
        ),
        (
            "size: number",
            "size: {type: number, missing: [1, 2]}",
            "write `missing: median`, or `missing: {constant: VALUE}`",
        ),
        (
            "kind: category",
            "kind: {type: category, missing: median}",
            "write `missing: {constant: missing}`, so that an empty cell counts as that, or leave it out",
        ),
        (
            "kind: category",
            "kind: {type: binary, classes: [a, b], missing: mean}",
            "write `missing: {constant: a}`, so that an empty cell counts as that, or leave it out",
        ),
    ],
)
def test_a_hint_fits_the_case(old: str, new: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "net.yaml").write_text(SPEC.replace(old, new))
    answer = invoke(tmp_path, "check", "net.yaml")
    assert answer.code == 3, answer.err
    hints = [line.removeprefix("hint: ") for line in answer.err.splitlines() if line.startswith("hint: ")]
    assert (hint in hints) if hint else hints == [], answer.err


@pytest.mark.parametrize(("column", "fix"), [("kind: category", "missing"), ("kind: binary", "a")])
def test_what_an_empty_cell_may_count_as_goes_by_its_column(column: str, fix: str, tmp_path: Path) -> None:
    # Two empty cells: a binary column has no room for a third class.
    (tmp_path / "rows.csv").write_text(ROWS + "3,,no\n4,,yes\n5,a,no\n")
    (tmp_path / "net.yaml").write_text(SPEC.replace("kind: category", column))
    answer = invoke(tmp_path, "check", "net.yaml")
    told = f"`missing: {{constant: {fix}}}`"
    assert answer.code == 4 and told in answer.err, answer.err
    stated = column.replace(" ", " {type: ") + f", missing: {{constant: {fix}}}}}"
    (tmp_path / "net.yaml").write_text(SPEC.replace("kind: category", stated))
    assert invoke(tmp_path, "check", "net.yaml").code == 0
