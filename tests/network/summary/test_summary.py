from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from nncli.network.summary.summary import Wanted, summarise
from nncli.spec.network_spec import InputSpec
from tests.network.traced import decoder, digits, traced


def test_totals_are_those_of_the_layers() -> None:
    found = summarise("digits", digits(), Wanted())
    assert found.cost is not None
    assert found.parameters == sum(step.parameters for step in found.steps) == 29_066
    assert found.cost.prediction_flops == sum(found.cost.flops.values())
    assert 2 * found.cost.prediction_flops < found.cost.training_flops < 3.2 * found.cost.prediction_flops


def test_the_optimisers_state_follows_its_moments() -> None:
    plain, adam = (summarise("x", digits(), Wanted(8, moments)).cost for moments in (0.0, 2.0))
    assert plain is not None and adam is not None
    assert (plain.optimizer_bytes, adam.optimizer_bytes) == (0, 2 * 4 * 29_066)
    assert adam.training_bytes - plain.training_bytes == adam.optimizer_bytes
    assert adam.prediction_bytes == plain.prediction_bytes


def test_the_largest_batch_fits_and_one_more_does_not() -> None:
    limit = 2**26
    cost = summarise("x", digits(), Wanted(limit_bytes=limit)).cost
    assert cost is not None and cost.largest_training_batch and cost.largest_prediction_batch
    assert cost.largest_prediction_batch > cost.largest_training_batch
    for more, fits in ((0, True), (1, False)):
        again = summarise("x", digits(), Wanted(cost.largest_training_batch + more)).cost
        assert again is not None and (again.training_bytes <= limit) is fits


def test_where_not_even_one_row_fits() -> None:
    cost = summarise("x", digits(), Wanted(limit_bytes=1000)).cost
    assert cost is not None
    assert (cost.largest_training_batch, cost.largest_prediction_batch) == (0, 0)


def test_shared_weights_count_once() -> None:
    assert summarise("x", decoder(), Wanted()).parameters == 176 + 3 * 3280 + 32


def test_a_layer_that_needs_real_numbers_leaves_the_rest_known() -> None:
    class Looks(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * float(x.sum().item() > 0)

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.looks = nn.Linear(4, 4), nn.Sequential(Looks())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.looks(self.linear(x))
            return found

    network = traced(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), row=InputSpec((4,)))
    network.module.add_module("1", Looks())
    found = summarise("x", replace(network), Wanted())
    assert found.cost is None and found.reason and found.parameters == 20
    assert found.document()["flops"] is None


def test_the_document_is_complete() -> None:
    document = summarise("x", digits(), Wanted(4, limit_bytes=2**30)).document()
    assert document["inputs"] == {"image": [1, 8, 8]}
    assert document["layers"][0] == {
        "name": "conv2d",
        "type": "Conv2d",
        "is_layer": True,
        "inputs": [[1, 8, 8]],
        "output": [32, 8, 8],
        "parameters": 320,
        "has_shared": False,
        "flops": 36_864,
        "mask": None,
    }
    assert set(document["flops"]) == {"prediction_per_row", "training_per_row"}
    assert document["memory"]["batch_size"] == 4
    assert document["memory"]["largest_training_batch"] > 1000
