from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.program import invoke

SPEC = """\
data: builtin:iris
network: [Linear: 16, Tanh, Linear: $classes]
training:
  loss: CrossEntropyLoss
  optimizer: {AdamW: {lr: 1e-3}}
  schedule: {CosineAnnealingLR: {}, warmup: 10%}
  epochs: 5
"""


def test_the_curve_comes_with_a_suggestion_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    answer = invoke(tmp_path, "find-lr", "spec.yaml", "--steps", "60")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert "learning rate" in answer.out and "1e-5" in answer.out and "│" in answer.out
    assert max(map(len, lines)) <= 100
    assert lines[-1].startswith("suggestion: optimizer: {AdamW: {lr: ") and lines[-1].endswith("# now 0.001")
    assert [path.name for path in tmp_path.iterdir()] == ["spec.yaml"]


def test_the_document_holds_every_step(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    answer = invoke(
        tmp_path, "find-lr", "spec.yaml", "--from", "1e-5", "--to", "1e-1", "--steps", "30", "--json"
    )
    document = json.loads(answer.out)
    assert len(document["points"]) == 30 and document["written"] == 0.001
    assert document["points"][0]["lr"] == 1e-5
    assert document["suggested"] <= document["lowest"]


def test_what_cannot_be_searched_is_said(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPEC)
    for arguments, code in (
        (("--from", "1", "--to", "0.1"), "rates-order"),
        (("--from", "0"), "rates-order"),
        (("--set", "training.optimizer=LBFGS"), "rates-unfit"),
    ):
        answer = invoke(tmp_path, "find-lr", "spec.yaml", *arguments)
        assert answer.code == 2 and f"error[{code}]" in answer.err, answer.err
    answer = invoke(tmp_path, "find-lr", "spec.yaml", "--set", "training.optimizer=Adm")
    assert answer.code == 3 and "did you mean" in answer.err
