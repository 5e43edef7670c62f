"""The bench compares like with like: the spec of a workload is the network that is written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.peers.__main__ import MARKER, train_seconds, write_rows
from bench.peers.workloads import WORKLOADS
from nncli.preparing.prepared import prepare
from nncli.spec.opening import read_spec


@pytest.mark.parametrize("name", ["cnn", "resnet18"])
def test_both_networks_have_as_many_weights(name: str, tmp_path: Path) -> None:
    workload = WORKLOADS[name]
    write_rows(workload, tmp_path)
    spec, problems = read_spec(tmp_path / f"{name}.yaml")
    prepared = prepare(spec, problems)
    by_hand = sum(weight.numel() for weight in workload.network().parameters())
    assert prepared.network.parameters() == by_hand
    assert spec.training is not None and prepared.data is not None
    assert (spec.training.batch_size, spec.training.epochs) == (workload.batch, workload.epochs)
    assert prepared.data.parts["train"].rows == len(workload.rows()[0])


def test_seconds_of_training_are_read_from_what_a_trainer_says() -> None:
    assert train_seconds('{"seconds": 1.5, "loss": 2}\n') == 1.5
    assert train_seconds("{'train_runtime': 1}\n{\"seconds\": 2.5}\n") == 2.5
    epochs = [f'{{"kind": "epoch", "seconds": {n}}}' for n in (1, 2)]
    assert train_seconds("\n".join([*epochs, '{"kind": "done", "seconds": 9}'])) == 3


def test_the_page_has_a_place_for_the_tables() -> None:
    assert MARKER in (Path(__file__).parents[1] / "docs" / "performance.md").read_text()
