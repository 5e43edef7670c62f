from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import invoke
from tests.reports.pages import Page, read

IRIS = """\
description: Three kinds of iris.
data: builtin:iris
network: [Linear: 8, ReLU, Linear: $classes]
training: {loss: CrossEntropyLoss, optimizer: {AdamW: {lr: 1e-2}}, epochs: 3}
"""
DIABETES = """\
data: builtin:diabetes
network: [Linear: 4, Tanh, Linear: 1]
training: {loss: MSELoss, optimizer: {AdamW: {lr: 1e-2}}, schedule: {CosineAnnealingLR: {}}, epochs: 2}
"""
DIGITS = """\
data: builtin:digits
network: [Flatten, Linear: 16, ReLU, Linear: $classes]
training: {loss: CrossEntropyLoss, optimizer: AdamW, epochs: 1}
"""
ALONE = """\
data: {train: builtin:iris, split: {validation: 0, test: 0}}
network: [Linear: $classes]
training: {loss: CrossEntropyLoss, optimizer: AdamW, epochs: 1}
"""
TWO = """\
data: builtin:iris
networks:
  first: {inputs: {features: [4]}, layers: [Linear: 2]}
  second: {inputs: {code: [2]}, layers: [Linear: 4]}
training:
  optimizer: AdamW
  epochs: 1
  updates:
    - update: [first, second]
      compute: {again: second(first(features))}
      loss: [{MSELoss: {}, from: [again, features]}]
"""
CALLED = {"iris": IRIS, "diabetes": DIABETES, "digits": DIGITS, "alone": ALONE, "two": TWO}


@pytest.fixture(scope="package")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of each kind, below `runs`; `diverged` saved nothing."""
    folder = tmp_path_factory.mktemp("reports")
    for name, text in CALLED.items():
        (folder / f"{name}.yaml").write_text(text)
        answer = invoke(folder, "train", f"{name}.yaml", "--run", f"runs/{name}", "--quiet")
        assert answer.code == 0, answer.err
    train = ("train", "iris.yaml", "--quiet")
    assert invoke(folder, *train, "--run", "runs/wide", "--set", "network.0.Linear=32").code == 0
    high = ("--set", "training.optimizer.AdamW.lr=1e30")
    assert invoke(folder, *train, "--run", "runs/diverged", *high).code == 7
    return folder


def report(folder: Path, *arguments: object) -> Page:
    """Makes a report and reads it."""
    answer = invoke(folder, "report", *arguments, "--output", "report.html", "--overwrite")
    assert (answer.code, answer.err) == (0, "report written to report.html\n")
    return read(folder / "report.html")
