"""A file of layers as people write them for `--code`, and what they do wrong in such files."""

from __future__ import annotations

from pathlib import Path

LAYERS = '''\
"""Layers without a single type hint."""

import math

import torch
from torch import nn

GAIN = 1.5


class Gated(nn.Module):
    def __init__(self, in_features, out_features, sharp=1.0):
        super().__init__()
        self.sharp = sharp
        self.values = nn.Linear(in_features, out_features)
        self.gates = nn.Linear(in_features, out_features)

    def forward(self, x):
        return _squash(self.values(x)) * torch.sigmoid(self.sharp * self.gates(x))


class SumAndDifference(nn.Module):
    def forward(self, left, right):
        return left + right, left - right


class _Part(nn.Module):
    pass


def _squash(x):
    return GAIN * torch.tanh(x) / math.sqrt(2)
'''

ODD = '''\
import torch
from torch import nn


class Looks(nn.Module):
    """Looks at numbers, which the meta device does not have."""

    def __init__(self, in_features, wide=1, hint: "torch.Missing" = 0):
        super().__init__()
        self.steps = int(torch.tensor(2.0).item())
        self.inner = nn.Linear(in_features, wide)
        self.outer = nn.Linear(wide, 3)

    def forward(self, x):
        return self.outer(self.inner(x)) * float(x.abs().max() + 1)


class Peeks(nn.Module):
    """Looks at numbers in its forward alone."""

    def __init__(self, in_features, wide):
        super().__init__()
        self.inner = nn.Linear(in_features, wide)

    def forward(self, x):
        return self.inner(x)[:, :3] * float(x.abs().max() + 1)


class Fails(nn.Module):
    def __init__(self, how: str):
        super().__init__()
        self.how = how
        if how == "made":
            raise ValueError("not like this")

    def forward(self, x):
        if self.how == "run":
            return x @ torch.zeros(7, 7)
        if self.how == "evaluated" and not self.training:
            raise RuntimeError("only in training")
        return {"dict": {"x": x}, "nothing": (), "nested": ((x, x), x)}.get(self.how, x)


class Wraps(nn.Module):
    def __init__(self, inner: nn.Module):
        super().__init__()

    def forward(self, x):
        return x


class Star(nn.Module):
    def forward(self, *values):
        return values[0]


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.LazyLinear(3)

    def forward(self, x):
        return self.inner(x)


class Extra(nn.Module):
    def get_extra_state(self):
        return {"a": 1}

    def forward(self, x):
        return x


class Turn2d(nn.Module):
    """Its name says something of images, and it takes sequences."""

    def forward(self, x):
        return x.transpose(1, 2)


class Keeps(nn.Module):
    def __init__(self, in_features=99):
        super().__init__()
        assert in_features == 99

    def forward(self, x):
        return x
'''


def write(folder: Path, text: str = LAYERS, name: str = "layers.py") -> Path:
    """Writes a file of layers."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
