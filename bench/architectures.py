"""The shipped architectures under torch.compile and torch.export: whole, equal, and for any number of rows.

python bench/architectures.py [NAME ...]              one line a network
python bench/architectures.py --inductor [NAME ...]   to machine code, and timed; needs a C++ compiler
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.specs.architectures import NAMES, rows, small

INDUCTOR = ("lenet-5", "gpt-2", "u-net")
RECURRENT = ("gru-classifier", "lstm-classifier")
ROUNDS = 15


def difference(call: Callable[..., object], module: nn.Module, inputs: tuple[Tensor, ...]) -> float:
    """The largest difference between two ways to compute, with the same noise."""
    found = []
    for each in (call, module):
        torch.manual_seed(0)
        with torch.no_grad():
            result = each(*inputs)
        found.append(result if isinstance(result, tuple) else (result,))
    pairs = [(a, b) for a, b in zip(*found, strict=True) if not a.is_meta]
    return max((float((a - b).abs().max()) for a, b in pairs), default=0.0)


def compiled(name: str, module: nn.Module, inputs: tuple[Tensor, ...], backend: str) -> str:
    """Compiles in one piece."""
    torch._dynamo.reset()
    began = time.perf_counter()
    with torch._dynamo.config.patch(allow_rnn=name in RECURRENT):
        whole = torch.compile(module, fullgraph=True, backend=backend)
        away = difference(whole, module, inputs)
    said = f"{backend} {time.perf_counter() - began:5.1f} s, off by {away:.0e}"
    if backend == "eager":
        return said
    times: dict[str, list[float]] = {"plain": [], "compiled": []}
    with torch.no_grad():
        for _ in range(ROUNDS):
            for label, call in (("plain", module), ("compiled", whole)):
                began = time.perf_counter()
                call(*inputs)
                times[label].append(time.perf_counter() - began)
    ratio = statistics.median(b / a for a, b in zip(times["plain"], times["compiled"], strict=True))
    return f"{said}, {ratio:.2f} of the time of the plain module"


def exported(module: nn.Module, inputs: tuple[Tensor, ...], more: tuple[Tensor, ...]) -> str:
    """Exports for any number of rows, and calls with another number than it was traced with."""
    began = time.perf_counter()
    batch = tuple({0: torch.export.Dim("batch", min=1, max=512)} for _ in inputs)
    program = torch.export.export(module, inputs, dynamic_shapes=batch)
    away = difference(program.module(), module, more)
    return f"export {time.perf_counter() - began:5.1f} s, off by {away:.0e}"


def main() -> None:
    """Prints one line a network."""
    warnings.simplefilter("ignore")
    names = [each for each in sys.argv[1:] if each != "--inductor"]
    inductor = "--inductor" in sys.argv
    for name in names or (INDUCTOR if inductor else NAMES):
        for label, network in small(name).items():
            module, inputs = network.module.eval(), rows(network, 2)
            said = compiled(name, module, inputs, "inductor" if inductor else "eager")
            if not inductor:
                said += f"; {exported(module, inputs, rows(network, 5))}"
            print(f"{name if label == 'network' else f'{name}/{label}':24} {said}", flush=True)


if __name__ == "__main__":
    main()
