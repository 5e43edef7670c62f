"""The same spec and seed give the same bits, and they are torch's own."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nncli.data.opening import open_data
from nncli.data.sampling import batch_bounds, sample_order
from nncli.spec.opening import open_spec
from tests.end_to_end.conftest import Trained
from tests.end_to_end.program import invoke, results, strict_json
from tests.end_to_end.specs import STATEFUL, write_flowers


def test_the_same_spec_and_seed_give_the_same_bytes(flowers: Trained, tmp_path: Path) -> None:
    write_flowers(tmp_path)
    for run, arguments in (("again", ()), ("stated", ("--seed", 0)), ("other", ("--seed", 1))):
        answer = invoke(tmp_path, "train", "flowers.yaml", "--run", run, "--threads", 1, *arguments)
        assert answer.code == 0, answer.err
    assert results(tmp_path / "again") == results(flowers.run)
    assert results(tmp_path / "stated") == results(flowers.run)
    for same, other in zip(results(tmp_path / "other"), results(flowers.run), strict=True):
        assert same != other
    # The split is drawn from a seed of its own.
    counted = [invoke(tmp_path, "evaluate", run, "--json").rows()[0]["rows"] for run in ("again", "other")]
    assert counted == [18, 18]


def test_rows_for_scripts_are_those_that_are_documented(stateful: Trained) -> None:
    *epochs, done = stateful.answer.rows()
    assert [row["epoch"] for row in epochs] == list(range(1, 13))
    for row in epochs:
        assert list(row) == ["version", "kind", "epoch", "step", "train", "validation", "seconds"]
        assert (row["version"], row["kind"], row["step"]) == (1, "epoch", row["epoch"] * 157)
        assert list(row["train"]) == ["loss"]
        assert list(row["validation"]) == ["loss", "accuracy"]
        assert row["seconds"] > 0
    assert list(done) == [
        *("version", "kind", "run", "epochs", "steps", "seconds", "samples_per_second", "best")
    ]
    assert (done["version"], done["kind"], done["run"]) == (1, "done", "whole")
    assert (done["epochs"], done["steps"]) == (12, 1884)
    best = min(epochs, key=lambda row: row["validation"]["loss"])
    assert done["best"] == {
        "epoch": best["epoch"],
        "step": best["step"],
        "watch": "validation.loss",
        "value": best["validation"]["loss"],
    }
    written = [strict_json(line) for line in (stateful.run / "metrics.jsonl").read_text().splitlines()]
    assert written == [{key: row[key] for key in row if key != "seconds"} for row in epochs]


def test_without_json_stdout_stays_empty(flowers: Trained) -> None:
    assert flowers.answer.out == ""
    lines = flowers.answer.err.splitlines()
    assert lines[0] == "flowers: 67 parameters, 84 rows to train on, 18 to validate, on cpu"
    assert lines[1] == "run run"
    assert [line[:9] for line in lines[2:6]] == ["epoch 1/4", "epoch 2/4", "epoch 3/4", "epoch 4/4"]
    assert lines[-1] == "next: nncli evaluate run"


class ByHand(nn.Module):
    """The network of STATEFUL as a person writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 16)
        self.batchnorm1d = nn.BatchNorm1d(16)
        self.dropout = nn.Dropout(0.25)
        self.linear_2 = nn.Linear(16, 10)

    def forward(self, image: Tensor) -> Tensor:
        hidden = torch.relu(self.batchnorm1d(self.linear(torch.flatten(image, 1))))
        output: Tensor = self.linear_2(self.dropout(hidden))
        return output


def test_losses_equal_those_of_a_hand_written_loop_bit_for_bit(stateful: Trained, tmp_path: Path) -> None:
    (tmp_path / "stateful.yaml").write_text(STATEFUL)
    part = open_data(open_spec(tmp_path / "stateful.yaml")).parts["train"]
    image, target = part.input("image"), part.target("digit")
    threads, losses = torch.get_num_threads(), []
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network, loss_of = ByHand(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, fused=True)
    for epoch in range(3):
        order, total = sample_order(part.rows, 0, epoch), 0.0
        bounds = batch_bounds(part.rows, 8)
        for first, last in bounds:
            rows = order[first:last]
            loss = loss_of(network(image[rows]), target[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / len(bounds))
    torch.set_num_threads(threads)
    assert losses == [row["train"]["loss"] for row in stateful.answer.rows()[:3]]


def test_no_file_of_a_run_names_this_machine(stateful: Trained) -> None:
    private = [os.uname().nodename, str(Path.home()), str(stateful.folder)]
    for path, text in itertools.product(stateful.run.rglob("*"), private):
        assert not path.is_file() or text.encode() not in path.read_bytes(), (path, text)


@pytest.mark.parametrize("name", ["run.json", "environment.json"])
def test_documents_of_a_run_have_a_version(name: str, flowers: Trained) -> None:
    assert strict_json((flowers.run / name).read_text())["version"] == 1
