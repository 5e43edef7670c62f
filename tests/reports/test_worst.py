from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from nncli.models.model import open_model
from nncli.models.recorded_data import recorded_data
from nncli.reports.answer_plots import expected_error
from nncli.reports.answers import measure_answers
from nncli.reports.facts import Bin, Measured


@pytest.fixture(scope="module")
def measured(runs: Path) -> Measured:
    model = open_model(runs / "runs/iris", torch.device("cpu"))
    part = recorded_data(model, runs / "runs/iris").parts["validation"]
    return measure_answers(model, part, lambda rows: [{"row": str(row)} for row in rows])


def test_the_highest_losses_come_first(runs: Path, measured: Measured) -> None:
    model = open_model(runs / "runs/iris", torch.device("cpu"))
    part = recorded_data(model, runs / "runs/iris").parts["validation"]
    with torch.no_grad():
        scores = model.module(part.input("features")).log_softmax(1)
    truth = part.target("species")
    losses = -scores.gather(1, truth[:, None]).squeeze(1)
    order = losses.argsort(descending=True)[:12].tolist()
    assert [int(each.cells["row"]) for each in measured.samples] == order
    for sample, row in zip(measured.samples, order, strict=True):
        classes = model.judge.objective.targets["species"].classes
        assert math.isclose(sample.loss, losses[row].item(), rel_tol=1e-4)
        assert sample.truths == {"species": classes[truth[row]]}
        assert sample.answers == {"species": classes[int(scores[row].argmax())]}
        assert math.isclose(sample.sure["species"], scores[row].max().exp().item(), rel_tol=1e-4)


def test_confusion_and_calibration_count_every_row(measured: Measured) -> None:
    (classes,) = measured.classes
    assert sum(map(sum, classes.counts)) == sum(each.rows for each in classes.bins) == measured.rows
    right = sum(classes.counts[at][at] for at in range(3)) / measured.rows
    assert math.isclose(right, measured.figures["accuracy"] or 0, rel_tol=1e-6)
    assert math.isclose(sum(each.rows * each.right for each in classes.bins) / measured.rows, right)


def test_the_calibration_error_is_weighted_by_rows() -> None:
    assert math.isclose(expected_error([Bin(3, 0.9, 0.5), Bin(1, 0.6, 0.8)]), (3 * 0.4 + 0.2) / 4)


def test_numbers_are_in_their_own_unit(runs: Path) -> None:
    model = open_model(runs / "runs/diabetes", torch.device("cpu"))
    part = recorded_data(model, runs / "runs/diabetes").parts["validation"]
    found = measure_answers(model, part, lambda rows: [])
    (numbers,) = found.numbers
    errors = [(true - said) ** 2 for true, said in numbers.pairs]
    assert math.isclose(math.sqrt(sum(errors) / len(errors)), found.figures["rmse"] or 0, rel_tol=1e-3)
    assert min(true for true, _ in numbers.pairs) > 20 and max(true for true, _ in numbers.pairs) < 350
