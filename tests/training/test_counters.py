"""What is counted at the outputs of layers."""

from __future__ import annotations

import torch

from nncli.network.checkpointing import use_checkpoints
from nncli.training.counters import counting
from tests.network.compiled import compiled


def test_what_runs_again_on_the_way_back_is_counted_once() -> None:
    network = compiled("{Sequential: [Linear: 8, ReLU], name: deep, checkpoint: true}, Linear: 2", "row: [6]")
    use_checkpoints(network.module)
    with counting(network.layers, network.module) as counters:
        network.module(torch.randn(5, 6)).sum().backward()
    assert {name: counter.rows for name, counter in counters.items()} == {
        "deep.linear": 5,
        "deep.relu": 5,
        "linear": 5,
    }
