"""What compiling costs: a network against the hand-written class, and `check` of large specs.

python bench/compiled.py [steps] [check]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from nncli.preparing.prepared import prepare
from nncli.spec.opening import read_spec

ROOT = Path(__file__).parent.parent
RESNET = ROOT / "specs/architectures/resnet-18.yaml"
GPT2 = ROOT / "specs/architectures/gpt-2.yaml"
MLP = """
network:
  inputs: {row: [64]}
  layers: [Linear: 128, ReLU, Linear: 128, ReLU, Linear: 10]
"""


class HandMLP(nn.Module):
    """An MLP as people write it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear1 = nn.Linear(64, 128)
        self.relu1 = nn.ReLU()
        self.linear2 = nn.Linear(128, 128)
        self.relu2 = nn.ReLU()
        self.linear3 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.linear1(x))
        x = self.relu2(self.linear2(x))
        result: Tensor = self.linear3(x)
        return result


class Basic(nn.Module):
    """Two convolutions and what goes around them."""

    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.shortcut: nn.Sequential | None = None
        if stride > 1 or inputs != channels:
            conv = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        around = x if self.shortcut is None else self.shortcut(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        result: Tensor = self.relu(out + around)
        return result


class HandResNet(nn.Module):
    """ResNet-18 as people write it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(3, 2, 1)
        blocks = []
        for inputs, channels, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)):
            blocks += [Basic(inputs, channels, stride), Basic(channels, channels, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(512, 1000)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu(self.bn(self.conv(x))))
        result: Tensor = self.head(torch.flatten(self.average(self.blocks(x)), 1))
        return result


def compiled(path: Path) -> nn.Module:
    """The network of a spec."""
    spec, problems = read_spec(path)
    return prepare(spec, problems).network.module


def stepping(module: nn.Module, inputs: Tensor) -> Callable[[], None]:
    """One step forward and back."""
    target = torch.zeros(inputs.shape[0], dtype=torch.long)

    def step() -> None:
        module.zero_grad(set_to_none=True)
        F.cross_entropy(module(inputs), target).backward()

    return step


def seconds(step: Callable[[], None], repeats: int) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - began) / repeats


def compare(label: str, mine: nn.Module, theirs: nn.Module, inputs: Tensor, counts: tuple[int, int]) -> None:
    """Times both in turn, with the order changed every round; prints the median of the ratios."""
    assert sum(p.numel() for p in mine.parameters()) == sum(p.numel() for p in theirs.parameters())
    rounds, repeats = counts
    steps = [stepping(mine, inputs), stepping(theirs, inputs)]
    for step in steps:
        seconds(step, max(2, repeats // 4))
    ratios, times = [], []
    for number in range(rounds):
        order = (0, 1) if number % 2 else (1, 0)
        taken = {each: seconds(steps[each], repeats) for each in order}
        ratios.append(taken[0] / taken[1])
        times.append(taken[0])
    ratios.sort()
    spread = f"{ratios[len(ratios) // 4]:.3f} to {ratios[-1 - len(ratios) // 4]:.3f}"
    middle = statistics.median(times) * 1e3
    print(
        f"{label:28} {middle:9.3f} ms   {statistics.median(ratios):.3f} of the class ({spread})", flush=True
    )


def steps() -> None:
    """A step of the compiled module against one of the hand-written class."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mlp.yaml"
        path.write_text(MLP)
        compare("MLP, batch 1", compiled(path), HandMLP(), torch.randn(1, 64), (101, 400))
    compare("ResNet-18, 4 of 64×64", compiled(RESNET), HandResNet(), torch.randn(4, 3, 64, 64), (31, 1))


def process(command: list[str]) -> tuple[float, float, int, str]:
    """Runs a process: seconds, MB at its peak, exit code, and the last line that it said."""
    code = "import os, resource, subprocess, sys; r = subprocess.run(sys.argv[1:]).returncode; "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, r)"
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
    taken = time.perf_counter() - began
    *said, figures = done.stdout.strip().splitlines()
    peak, exit_code = figures.split()
    words = [line for line in (*done.stderr.strip().splitlines(), *said) if line]
    return taken, int(peak) / 1024, int(exit_code), words[0] if words else ""


def check(rounds: int = 5) -> None:
    """`nncli check` of large specs, as whole processes beside the import of torch."""
    python, nncli = sys.executable, [sys.executable, "-m", "nncli", "check"]
    with tempfile.TemporaryDirectory() as folder:
        long, giant = Path(folder) / "long.yaml", Path(folder) / "giant.yaml"
        long.write_text(
            "network:\n  inputs: {row: [4]}\n  layers:\n" + "    - Linear: 4\n    - ReLU\n" * 2500
        )
        giant.write_text("network: {inputs: {row: [6]}, layers: [Linear: 1000000, Linear: 1000000]}\n")
        commands = {
            "import torch": [python, "-c", "import torch, os; os._exit(0)"],
            "check gpt-2": [*nncli, str(GPT2)],
            "check resnet-18": [*nncli, str(RESNET)],
            "check 5,000 layers": [*nncli, str(long)],
            "check 10⁶ × 10⁶": [*nncli, str(giant)],
        }
        runs = {name: [process(command) for _ in range(rounds)] for name, command in commands.items()}
        torch_alone = statistics.median(run[0] for run in runs["import torch"])
        for name, found in runs.items():
            middle = statistics.median(run[0] for run in found)
            peak = max(run[1] for run in found)
            said = found[0][3].rpartition("/")[2]
            print(
                f"{name:28} {middle:6.2f} s ({middle - torch_alone:+.2f} s)  {peak:5.0f} MB  "
                f"exit {found[0][2]}  {said}",
                flush=True,
            )


def main() -> None:
    """Runs what was asked for, or both."""
    asked = sys.argv[1:] or ["steps", "check"]
    if "steps" in asked:
        steps()
    if "check" in asked:
        check()


if __name__ == "__main__":
    main()
