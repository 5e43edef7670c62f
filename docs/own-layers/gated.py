"""A layer for docs/own-layers/iris-gated.yaml, which `--code` brings in."""

import torch
from torch import Tensor, nn


class Gated(nn.Module):
    """A linear layer beside another one that decides how much of each result goes on."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.values = nn.Linear(in_features, out_features)
        self.gates = nn.Linear(in_features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        """Takes and returns [batch, features]."""
        return self.values(x) * torch.sigmoid(self.gates(x))
