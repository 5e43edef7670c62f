"""specs/distillation: what its header says is done in order, in less time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from nncli.commands.evaluate import EvaluateOptions, evaluate
from nncli.commands.export import ExportOptions, export
from nncli.commands.train import TrainOptions, train
from tests.commands.test_generate_texts import streams

SPECS = Path(__file__).parents[2] / "specs"


def test_a_student_learns_from_a_teacher_of_a_file(tmp_path: Path) -> None:
    shutil.copy(SPECS / "distillation" / "student.yaml", tmp_path)
    few = ("training.epochs=3",)
    train(TrainOptions(SPECS / "digits-cnn.yaml", run=tmp_path / "teacher", set=few, threads=1), streams()[0])
    options = ExportOptions(tmp_path / "teacher", output=tmp_path / "teacher.safetensors")
    assert export(options, streams()[0]) == 0
    train(TrainOptions(tmp_path / "student.yaml", run=tmp_path / "run", set=few, threads=1), streams()[0])
    found, out, _ = streams()
    evaluate(EvaluateOptions(tmp_path / "run", json=True, threads=1), found)
    assert json.loads(out.getvalue())["metrics"]["accuracy"] > 0.8
