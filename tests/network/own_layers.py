"""Layers as nncli or a user might add them: this file needs torch alone."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

SLOPE = 0.5


class Scale(nn.Module):
    """Multiplies by one learned number."""

    def __init__(self, start: float, kind: Literal["plain", "root"] = "plain") -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), _start(start, kind)))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


def _start(start: float, kind: str) -> float:
    return math.sqrt(start) if kind == "root" else start


# Kept with the function that it stands above.
def leaky(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, x * SLOPE)


def never_used(x: Tensor) -> Tensor:
    return x
