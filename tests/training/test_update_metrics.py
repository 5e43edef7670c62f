"""Metrics of trainings that say their own updates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from nncli.commands.evaluate import EvaluateOptions, evaluate
from nncli.commands.train import TrainOptions, train
from nncli.errors import SpecError
from nncli.training.update_metrics import measure_names
from tests.commands.test_generate_texts import streams
from tests.objectives.update_specs import prepared

SPEC = """
data:
  train: builtin:iris
  inputs: {{length: {{type: number, column: petal_length}}, width: {{type: number, column: petal_width}}}}
  targets: {{kind: {{type: category, column: species}}, sepal: {{type: number, column: sepal_length}}}}
networks:
  one: {{inputs: [features], layers: [Linear: 8, ReLU, Linear: 3]}}
  two: {{inputs: [features], layers: [Linear: 8, ReLU, Linear: 1]}}
training:
  optimizer: {{AdamW: {{lr: 2e-2}}}}
  epochs: 20
  batch_size: 16
  keep_best: validation.one.accuracy
  updates:
    - update: one
      compute: {{scores: one(features), class: "argmax(scores, 1)", unlike: scores - 1}}
      loss: {{CrossEntropyLoss: {{}}, from: [scores, kind]}}
      metrics: {one}
    - update: two
      compute: {{said: two(features)}}
      loss: {{MSELoss: {{}}, from: [said, sepal]}}
      metrics: {two}
"""
ONE = (
    "[{accuracy: {}, from: [scores, kind]}, {f1: {}, from: [class, kind]}, {mae: {}, from: [unlike, scores]}]"
)
TWO = "[{rmse: {}, from: [said, sepal]}, {r2: {}, from: [said, sepal]}, {rmse: {}, from: [said, said]}]"


def test_metrics_are_worked_out_over_a_whole_part(tmp_path: Path) -> None:
    spec, run = tmp_path / "net.yaml", tmp_path / "run"
    spec.write_text(SPEC.format(one=ONE, two=TWO), encoding="utf-8")
    train(TrainOptions(spec, run=run, threads=1), streams()[0])
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    names = [
        "one.loss",
        "two.loss",
        "one.accuracy",
        "one.f1",
        "one.mae",
        "two.rmse",
        "two.r2",
        "two.said.rmse",
    ]
    assert list(rows[-1]["validation"]) == names and list(rows[-1]["train"]) == names[:2]
    found, out, _ = streams()
    assert evaluate(EvaluateOptions(run, json=True, require=("one.accuracy>=0.8",), threads=1), found) == 0
    figures = json.loads(out.getvalue())["metrics"]
    assert (
        figures["one.mae"] == pytest.approx(1) and figures["two.said.rmse"] == 0 and figures["one.f1"] > 0.8
    )
    # The loss is that of standardised lengths, the metric is in centimetres.
    data = prepared(SPEC.format(one=ONE, two=TWO)).data
    assert data is not None
    zero, unit = data.encoders.decode_number("sepal", torch.tensor([[0.0], [1.0]], dtype=torch.float64))
    assert figures["two.rmse"] == pytest.approx(figures["two.loss"] ** 0.5 * float(unit - zero), rel=1e-4)


def test_an_update_alone_has_plain_names() -> None:
    training = prepared(SPEC.format(one=ONE, two=TWO)).spec.training
    assert training is not None
    assert measure_names(training.updates[:1]) == {"one": ("accuracy", "f1", "mae")}


@pytest.mark.parametrize(
    ("code", "metrics"),
    [
        ("measure-form", "[accuracy]"),
        ("measure-form", "[{accuracy: {}}]"),
        ("measure-form", "[{accuracy: {}, f1: {}, from: [scores, kind]}]"),
        ("measure-form", "[{accuracy: {}, from: [scores, 1]}]"),
        ("measure-shape", "[{accuracy: {}, from: [scores, sepal]}]"),
        ("measure-shape", "[{mae: {}, from: [scores, sepal]}]"),
        ("metric-unknown", "[{acc: {}, from: [scores, kind]}]"),
        ("metric-kind", "[{mae: {}, from: [scores, kind]}]"),
        ("value-unknown", "[{accuracy: {}, from: [score, kind]}]"),
        ("figure-unknown", "[{f1: {}, from: [scores, kind]}]"),
    ],
)
def test_mistakes_are_told_at_their_place(code: str, metrics: str) -> None:
    with pytest.raises(SpecError) as caught:
        prepared(SPEC.format(one=metrics, two="[]"))
    assert code in [problem.code for problem in caught.value.problems]
    assert all(problem.place is not None for problem in caught.value.problems)
