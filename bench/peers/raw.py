"""Loops written by hand: as tutorials show them, and as quick as torch allows in exact float32.

python -m bench.peers.raw naive|tuned|bf16|predict WORKLOAD FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.peers.workloads import WORKLOADS, Workload

RATE, DECAY = 1e-3, 0.01


def rows_of(folder: Path) -> tuple[Tensor, Tensor]:
    """Reads the arrays that were written for all hand-written peers."""
    with np.load(folder / "arrays.npz") as arrays:
        return torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["y"])


def naive(workload: Workload, x: Tensor, y: Tensor) -> float:
    """Trains with a DataLoader, torch.optim and `.item()` in every step; returns the last epoch's loss."""
    module, loss_function = workload.network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(module.parameters(), lr=RATE, weight_decay=DECAY)
    loader = DataLoader(TensorDataset(x, y), batch_size=workload.batch, shuffle=True)
    total = 0.0
    for _ in range(workload.epochs):
        total = 0.0
        for inputs, truth in loader:
            optimizer.zero_grad()
            loss = loss_function(module(inputs), truth)
            loss.backward()
            optimizer.step()
            total += loss.item()
    return total / len(loader)


class Fused:
    """AdamW's fused kernel without torch.optim, whose import of torch._dynamo takes 0.7 s."""

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.weights = list(parameters)
        self.first, self.second = ([torch.zeros_like(p) for p in self.weights] for _ in range(2))
        self.steps = [torch.zeros(()) for _ in self.weights]

    def step(self) -> None:
        torch._foreach_add_(self.steps, 1)
        gradients = [p.grad for p in self.weights]
        settings = {"lr": RATE, "beta1": 0.9, "beta2": 0.999, "weight_decay": DECAY, "eps": 1e-8}
        with torch.no_grad():
            torch._fused_adamw_(
                self.weights,
                gradients,
                self.first,
                self.second,
                [],
                self.steps,
                amsgrad=False,
                maximize=False,
                **settings,
            )
        for weight in self.weights:
            weight.grad = None


def tuned(workload: Workload, x: Tensor, y: Tensor, *, is_half: bool = False) -> float:
    """Trains on batches taken by index, with the fused kernel; losses are read once an epoch.

    With `is_half` in bfloat16, wherever torch's autocast takes it.
    """
    module, loss_function = workload.network(), nn.functional.cross_entropy
    optimizer = Fused(module.parameters())
    total = torch.zeros(())
    for _ in range(workload.epochs):
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for rows in order.split(workload.batch):
            with torch.autocast("cpu", torch.bfloat16, enabled=is_half):
                loss = loss_function(module(x.index_select(0, rows)), y.index_select(0, rows))
            loss.backward()
            optimizer.step()
            total += loss.detach()
        total = total / -(-len(x) // workload.batch)
    return total.item()


def asked_rows(folder: Path) -> Tensor:
    """Reads the rows of a CSV that are to be answered."""
    rows = np.loadtxt(folder / "ask.csv", delimiter=",", skiprows=1, usecols=range(54), dtype=np.float32)
    return torch.from_numpy(rows)


def predict(folder: Path) -> None:
    """Answers the rows of a CSV: weights loaded, rows read, classes written."""
    module = WORKLOADS["mlp"].network()
    module.load_state_dict(load_file(folder / "weights.safetensors"))
    rows = asked_rows(folder)
    with torch.inference_mode():
        found = module(rows).argmax(1)
    with (folder / "answers.csv").open("w") as file:
        file.write("kind\n")
        file.writelines(f"k{each}\n" for each in found.tolist())


def main() -> None:
    """Runs one variant, and says how long training took."""
    variant, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if variant == "predict":
        predict(folder)
        return
    torch.manual_seed(0)
    x, y = rows_of(folder)
    began = time.perf_counter()
    loss = {"naive": naive, "tuned": tuned, "bf16": partial(tuned, is_half=True)}[variant](
        WORKLOADS[name], x, y
    )
    print(json.dumps({"seconds": time.perf_counter() - began, "loss": loss}))


if __name__ == "__main__":
    main()
