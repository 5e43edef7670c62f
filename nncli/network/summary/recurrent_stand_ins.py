"""Recurrent layers with all steps at once: wrong numbers, but the operations and bytes of the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

_PIECES: Final = 16


def all_steps_at_once(
    layer: nn.RNNBase, weights: Mapping[str, Tensor], x: Tensor
) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor]]:
    """Stands in for LSTM, GRU and RNN where only shapes matter; step by step would take many times as long.

    `weights` are those of the layer by name. Shapes: x is (rows, steps, size); the results are those
    of the layer.
    """
    directions = ("", "_reverse") if layer.bidirectional else ("",)
    rows = x.size(0 if layer.batch_first else 1)
    flow = x
    for number in range(layer.num_layers):
        found = [_in_pieces(layer, weights, f"_l{number}{way}", flow) for way in directions]
        flow = torch.cat(found, -1) if len(found) > 1 else found[0]
        if number < layer.num_layers - 1:
            flow = functional.dropout(flow, layer.dropout, layer.training)
    count = layer.num_layers * len(directions)
    hidden = x.new_empty(count, rows, layer.proj_size or layer.hidden_size)
    if layer.mode == "LSTM":
        return flow, (hidden, x.new_empty(count, rows, layer.hidden_size))
    return flow, hidden


def _in_pieces(layer: nn.RNNBase, weights: Mapping[str, Tensor], end: str, x: Tensor) -> Tensor:
    """Walks a direction; without gradients, what a step has worked out is gone at the next."""
    if torch.is_grad_enabled():
        return _direction(layer, weights, end, x)
    axis = 1 if layer.batch_first else 0
    pieces = torch.tensor_split(x, min(_PIECES, x.size(axis)), axis)
    return torch.cat([_direction(layer, weights, end, piece.contiguous()) for piece in pieces], axis)


def _direction(layer: nn.RNNBase, weights: Mapping[str, Tensor], end: str, x: Tensor) -> Tensor:
    arriving = functional.linear(x, weights[f"weight_ih{end}"], weights.get(f"bias_ih{end}"))
    # The state before each step; any tensor of its shape that needs gradients does.
    before = arriving.narrow(-1, 0, weights[f"weight_hh{end}"].size(1))
    # In one piece, a matrix product takes its bias along, as it does in a step of the real layer.
    recurrent = functional.linear(
        before.contiguous(), weights[f"weight_hh{end}"], weights.get(f"bias_hh{end}")
    )
    if layer.mode == "LSTM":
        take, keep, new, show = (arriving + recurrent).chunk(4, -1)
        cell = arriving.narrow(-1, 0, layer.hidden_size)
        cell = keep.sigmoid() * cell + take.sigmoid() * new.tanh()
        made = show.sigmoid() * cell.tanh()
    elif layer.mode == "GRU":
        parts = zip(arriving.chunk(3, -1), recurrent.chunk(3, -1), strict=True)
        (reset_x, reset_h), (update_x, update_h), (new_x, new_h) = parts
        reset, update = (reset_x + reset_h).sigmoid(), (update_x + update_h).sigmoid()
        new = (new_x + reset * new_h).tanh()
        made = new + update * (before - new)
    else:
        both = arriving + recurrent
        made = both.tanh() if layer.mode == "RNN_TANH" else both.relu()
    return functional.linear(made, weights[f"weight_hr{end}"]) if layer.proj_size else made
