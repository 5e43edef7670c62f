from __future__ import annotations

import pytest
import torch
from torch import nn

from nncli.network.summary.recurrent_stand_ins import all_steps_at_once

LAYERS = {
    "LSTM": nn.LSTM(5, 8, batch_first=True),
    "two directions, two layers": nn.LSTM(5, 8, 2, batch_first=True, bidirectional=True, dropout=0.1),
    "projected": nn.LSTM(5, 8, batch_first=True, proj_size=3),
    "GRU": nn.GRU(5, 8, 2, batch_first=True, bias=False),
    "RNN": nn.RNN(5, 8, batch_first=True),
    "RNN with relu": nn.RNN(5, 8, nonlinearity="relu", batch_first=True, bidirectional=True),
}


def shapes(found: object) -> list[tuple[int, ...]]:
    if isinstance(found, torch.Tensor):
        return [tuple(found.shape)]
    assert isinstance(found, tuple)
    return [shape for each in found for shape in shapes(each)]


@pytest.mark.parametrize("name", LAYERS)
def test_results_have_the_shapes_of_the_layers(name: str) -> None:
    layer, x = LAYERS[name], torch.randn(3, 7, 5)
    stood_in = all_steps_at_once(layer, dict(layer.named_parameters()), x)
    assert shapes(stood_in) == shapes(layer(x))


@pytest.mark.parametrize("name", LAYERS)
def test_all_weights_get_gradients(name: str) -> None:
    layer = LAYERS[name]
    weights = dict(layer.named_parameters())
    sequence, _ = all_steps_at_once(layer, weights, torch.randn(3, 7, 5))
    gradients = torch.autograd.grad(sequence.sum(), list(weights.values()))
    assert [g.shape for g in gradients] == [w.shape for w in weights.values()]
