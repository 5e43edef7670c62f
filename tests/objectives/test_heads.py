"""Losses of networks with several outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nncli.commands.evaluate import EvaluateOptions, evaluate
from nncli.commands.inspect_gradients import InspectOptions, inspect_gradients
from nncli.commands.train import TrainOptions, train
from nncli.errors import SpecError
from nncli.objectives.heads import Heads
from nncli.objectives.objectives import Truth, truth_of
from nncli.spec.opening import parse_spec
from nncli.spec.spec import Origin
from nncli.spec.writing import as_tree, as_yaml
from tests.commands.test_generate_texts import streams
from tests.objectives.update_specs import prepared

DATA = """
data:
  train: builtin:iris
  inputs: {length: {type: number, column: sepal_length}, width: {type: number, column: sepal_width}}
  targets: {kind: {type: category, column: species}, petal: {type: number, column: petal_length}}
"""
NETWORK = """
network:
  layers:
    - Linear: 8
    - ReLU:
      name: hidden
    - Linear: 1
      name: long
    - Linear: 3
      from: hidden
      name: scores
  outputs: {petal: long, hidden: hidden, kind: scores}
"""
LOSSES = "  loss: {kind: CrossEntropyLoss, petal: {SmoothL1Loss: {}, weight: 0.5}}\n"
TRAINING = f"training:\n{LOSSES}  optimizer: {{AdamW: {{lr: 1e-2}}}}\n  epochs: 30\n  batch_size: 16\n"
SPEC = DATA + NETWORK + TRAINING


def refused(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        prepared(text)
    (problem,) = caught.value.problems
    assert problem.place is not None
    return problem.code


def test_each_output_is_compared_with_the_target_of_its_name() -> None:
    made = prepared(SPEC)
    assert made.judge is not None and isinstance(made.judge.objective, Heads)
    objective = made.judge.objective
    assert (list(objective.targets), objective.places) == (["kind", "petal"], (2, 0))
    output = (torch.randn(4, 1), torch.randn(4, 8), torch.randn(4, 3))
    truth = truth_of([Truth(torch.tensor([0, 1, 2, 0])), Truth(torch.randn(4, 1))])
    wanted = torch.nn.functional.cross_entropy(output[2], truth.values)
    wanted = wanted + 0.5 * torch.nn.functional.smooth_l1_loss(output[0], truth.parts[1].values)
    assert torch.allclose(objective.loss(output, truth), wanted)
    taken = truth.take(torch.tensor([1, 2]))
    assert taken.parts[1].values.equal(truth.parts[1].values[1:3])
    assert {name: each.value.shape for name, each in objective.predictions(output).items()} == {
        "kind": (4,),
        "petal": (4,),
    }


def test_one_target_has_the_output_of_its_name_or_the_first() -> None:
    data = DATA.replace(", petal: {type: number, column: petal_length}", "")
    training = TRAINING.replace(LOSSES, "  loss: CrossEntropyLoss\n")
    named = prepared(data + NETWORK + training).judge
    first = prepared(
        data + NETWORK.replace("{petal: long, hidden: hidden, kind: scores}", "[scores, long]") + training
    )
    assert named is not None and isinstance(named.objective, Heads) and named.objective.places == (2,)
    assert first.judge is not None and isinstance(first.judge.objective, Heads)
    assert first.judge.objective.places == (0,)


@pytest.mark.parametrize(
    ("metrics", "names"),
    [
        ("{kind: [f1, {recall: {average: micro}}], petal: mae}", ["kind.f1", "kind.recall", "petal.mae"]),
        ("[kind.f1, mae]", ["kind.f1", "petal.mae"]),
        ("{f1: {average: micro}}", ["kind.f1"]),
    ],
)
def test_metrics_may_be_those_of_a_target(metrics: str, names: list[str]) -> None:
    made = prepared(SPEC.replace("epochs: 30", f"epochs: 30\n  metrics: {metrics}"))
    assert made.judge is not None and [metric.name for metric in made.judge.metrics] == names
    text = as_yaml(as_tree(made.spec))
    again = parse_spec(text, Origin("again.yaml", Path(), text)).training
    assert again is not None and made.spec.training is not None
    assert [each.name for each in again.metrics or ()] == [
        each.name for each in made.spec.training.metrics or ()
    ]


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("loss-outputs", "kind: scores}", "class: scores}"),
        ("loss-target-missing", "kind: CrossEntropyLoss, ", ""),
        ("loss-target-unknown", "{kind: Cross", "{kinds: Cross"),
        ("loss-shape", "Linear: 3", "Linear: 4"),
        ("loss-target", "kind: CrossEntropyLoss", "kind: SoftMarginLoss"),
        ("metric-target-unknown", "epochs: 30", "epochs: 30\n  metrics: {kinds: [f1]}"),
        ("metric-kind", "epochs: 30", "epochs: 30\n  metrics: {kind: [mae]}"),
        ("metric-unknown", "epochs: 30", "epochs: 30\n  metrics: {kind: [maee]}"),
        ("figure-unknown", "epochs: 30", "epochs: 30\n  keep_best: validation.kind.los"),
    ],
)
def test_mistakes_are_told(code: str, old: str, new: str) -> None:
    assert old in SPEC and refused(SPEC.replace(old, new)) == code


def test_a_network_of_two_outputs_is_trained_and_used(tmp_path: Path) -> None:
    import nncli

    spec, run = tmp_path / "net.yaml", tmp_path / "run"
    spec.write_text(
        SPEC.replace("epochs: 30", "epochs: 30\n  keep_best: validation.kind.loss"), encoding="utf-8"
    )
    train(TrainOptions(spec, run=run, threads=1), streams()[0])
    found, out, _ = streams()
    evaluate(EvaluateOptions(run, require=("kind.accuracy>=0.6", "petal.r2>=0.6"), threads=1), found)
    assert [line.split()[0] for line in out.getvalue().splitlines()[1:7]] == [
        "loss",
        "kind.loss",
        "petal.loss",
        "kind.accuracy",
        "petal.rmse",
        "petal.r2",
    ]
    (answer,) = nncli.load(run).predict([{"sepal_length": 5.0, "sepal_width": 3.5}])
    assert answer["kind"] == "setosa" and 0.5 < answer["petal"] < 3
    assert set(answer["probabilities"]) == {"kind"}
    assert inspect_gradients(InspectOptions(run, threads=1), streams()[0]) in (0, 1)
