"""What is trained: rows that are pure functions of a seed, and networks by hand; specs/ has the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

HERE = Path(__file__).parent
VOCABULARY = "abcdefghijklmnopqrstuvwxyz .\n"
CONTEXT = 128


@dataclass(frozen=True)
class Workload:
    """A network, its rows as arrays, and how they are trained on.

    `write` puts them where the spec reads them.
    """

    name: str
    rows: Callable[[], tuple[NDArray[np.generic], NDArray[np.int64]]]
    network: Callable[[], nn.Module]
    write: Callable[[Path, NDArray[np.generic], NDArray[np.int64]], None]
    batch: int
    epochs: int


def _draw(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _table(rows: int, width: int, classes: int) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    draw = _draw(1)
    x = draw.standard_normal((rows, width)).astype(np.float32)
    hidden = np.tanh(x @ draw.standard_normal((width, 32)) / 5)
    return x, (hidden @ draw.standard_normal((32, classes))).argmax(1)


def _images(rows: int, channels: int, side: int) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    draw = _draw(2)
    truth = draw.integers(0, 10, rows)
    patterns = draw.integers(0, 128, (10, channels, side, side))
    noise = draw.integers(0, 128, (rows, channels, side, side))
    return (patterns[truth] + noise).astype(np.uint8), truth


def _series(rows: int) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    draw = _draw(3)
    truth = draw.integers(0, 2, rows)
    walk = draw.standard_normal((rows, 64, 8)) + 0.1 * truth[:, None, None]
    return walk.cumsum(1).astype(np.float32) / 8, truth


def _text() -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    """320 stretches of characters, each of which follows from the two before it, mostly."""
    draw, steps = _draw(4), 320 * CONTEXT + 1
    likely = draw.integers(0, len(VOCABULARY), (len(VOCABULARY), len(VOCABULARY)))
    strange, other = draw.random(steps) < 0.2, draw.integers(0, len(VOCABULARY), steps)
    tokens = np.zeros(steps, np.int64)
    for at in range(2, steps):
        tokens[at] = other[at] if strange[at] else likely[tokens[at - 2], tokens[at - 1]]
    return tokens[:-1].reshape(-1, CONTEXT), tokens[1:].reshape(-1, CONTEXT)


def _write_csv(folder: Path, x: NDArray[np.generic], y: NDArray[np.int64]) -> None:
    header = ",".join([*(f"c{n}" for n in range(x.shape[1])), "kind"])
    lines = (",".join(f"{v:.6g}" for v in row) + f",k{kind}\n" for row, kind in zip(x, y, strict=True))
    with (folder / "rows.csv").open("w") as file:
        file.write(header + "\n")
        file.writelines(lines)


def _write_arrays(folder: Path, x: NDArray[np.generic], y: NDArray[np.int64]) -> None:
    np.savez(folder / "rows.npz", x=x.reshape(len(x), -1) if x.ndim == 3 else x, y=y)


def _write_text(folder: Path, x: NDArray[np.generic], y: NDArray[np.int64]) -> None:
    tokens = [*x.reshape(-1).tolist(), int(y[-1, -1])]
    (folder / "rows.txt").write_text("".join(VOCABULARY[token] for token in tokens))


class LastLSTM(nn.Module):
    """An LSTM whose last output is classified."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(8, 64, batch_first=True)
        self.head = nn.Linear(64, 2)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.lstm(x)[0][:, -1])
        return result


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        batch, steps, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(*parts.unbind(0), is_causal=True)
        x = x + self.output(seen.transpose(1, 2).reshape(batch, steps, width))
        result: Tensor = x + self.narrow(F.gelu(self.wide(self.norm2(x))))
        return result


class GPT(nn.Module):
    """Four layers of attention over characters; the classes stand where CrossEntropyLoss wants them."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(len(VOCABULARY), 128), nn.Embedding(CONTEXT, 128)
        self.layers = nn.Sequential(*(_Layer(128, 4) for _ in range(4)))
        self.norm, self.head = nn.LayerNorm(128), nn.Linear(128, len(VOCABULARY))

    def forward(self, x: Tensor) -> Tensor:
        found = self.tokens(x) + self.places.weight[: x.shape[1]]
        result: Tensor = self.head(self.norm(self.layers(found))).transpose(1, 2)
        return result


class _Basic(nn.Module):
    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != channels:
            conv = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(out + self.shortcut(x))


def resnet18() -> nn.Module:
    """Makes ResNet-18 for ten classes."""
    start = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    blocks = []
    for inputs, channels, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)):
        blocks += [_Basic(inputs, channels, stride), _Basic(channels, channels, 1)]
    return nn.Sequential(*start, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def mlp() -> nn.Module:
    """Makes the network of the table."""
    return nn.Sequential(nn.Linear(54, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 7))


def cnn() -> nn.Module:
    """Makes two convolutions for images of 28 by 28."""
    convolutions = (nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(64 * 12 * 12, 10))


_ALL = (
    Workload("tiny", lambda: _table(64_000, 4, 2), lambda: nn.Linear(4, 2), _write_csv, 32, 2),
    Workload("mlp", lambda: _table(59_904, 54, 7), mlp, _write_csv, 256, 4),
    Workload("cnn", lambda: _images(1_920, 1, 28), cnn, _write_arrays, 128, 2),
    Workload("lstm", lambda: _series(9_984), LastLSTM, _write_arrays, 128, 1),
    Workload("gpt", _text, GPT, _write_text, 32, 1),
    Workload("resnet18", lambda: _images(160, 3, 64), resnet18, _write_arrays, 16, 1),
)
WORKLOADS = {each.name: each for each in _ALL}


def tensors(workload: Workload) -> tuple[Tensor, Tensor]:
    """Gives the rows as tensors; bytes of images as numbers from 0 to 1."""
    x, y = workload.rows()
    found = torch.from_numpy(x)
    return found.float() / 255 if found.dtype == torch.uint8 else found, torch.from_numpy(y)
