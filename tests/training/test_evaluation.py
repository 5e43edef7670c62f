from __future__ import annotations

import pytest
import torch
from torch import nn

from nncli.columns.encoders import Columns
from nncli.columns.stored import Dense
from nncli.data.dataset import Part
from nncli.training.evaluation import evaluate
from nncli.training.held import HeldPart
from nncli.training.prediction import evaluating, predict, rows_at_once
from tests.training.jobs import CPU, classifier, data, job, spec


def test_a_part_is_judged_in_eval_mode_as_a_whole() -> None:
    module = classifier(dropout=0.5)
    prepared, _ = job(spec(), module, data(validation=31))
    assert prepared.validation is not None
    found = evaluate(module, prepared.validation, prepared.judge, 4)
    assert module.training
    module.eval()
    part = data(validation=31).parts["validation"]
    output = module(part.input("features"))
    expected = nn.functional.cross_entropy(output, part.target("kind")).item()
    assert found.figures["loss"] == pytest.approx(expected, rel=1e-6)
    right = (output.argmax(1) == part.target("kind")).float().mean().item()
    assert found.figures["accuracy"] == pytest.approx(right)
    assert found.predictions["kind"].value.shape == (31,)


def test_outputs_come_in_the_order_of_the_rows() -> None:
    module = nn.Sequential(nn.Linear(2000, 1), nn.Dropout(0.9))
    rows = torch.randn(11, 2000, generator=torch.Generator().manual_seed(0))
    part = Part("test", torch.arange(11), Columns({"x": Dense(rows)}, {}))
    outputs = predict(module, HeldPart(part, ["x"], None, CPU), 4)
    assert outputs.shape == (11, 1) and not outputs.requires_grad
    assert torch.allclose(outputs, module[0](rows), atol=1e-6)


def test_small_rows_go_together_and_large_ones_do_not() -> None:
    assert rows_at_once([torch.zeros(1, 10)], 8) == 512
    assert rows_at_once([torch.zeros(1, 10)], 1000) == 1000
    assert rows_at_once([torch.zeros(1, 3, 32, 32)], 8) == 8


def test_every_part_of_a_module_gets_its_mode_back() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2))
    module[2].eval()
    with pytest.raises(RuntimeError), evaluating(module):
        assert not module[1].training
        raise RuntimeError
    assert [m.training for m in module.modules()] == [True, True, True, False]
