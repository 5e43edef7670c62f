"""Networks through torch.compile while they are trained, and whether that pays for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch import nn

from nncli.messages.catalogue import failure
from nncli.network.graph.regions import has_checkpoints

# What compiling may take, and what it saves of a step on a GPU: taken so that it is rarely in vain.
COMPILING_SECONDS: Final = 60.0
SAVED_SHARE: Final = 0.2
# Below so many bytes of weights, the launches of kernels take longer than what these do.
_SMALL_BYTES: Final = 64 * 2**20
_FAILED: Final = ("torch._dynamo", "torch._inductor", "torch.fx")


def pays(steps: int | None, seconds_of_step: float) -> bool:
    """Tells whether what is saved over a run of so many steps is more than what compiling takes."""
    return steps is not None and steps * seconds_of_step * SAVED_SHARE > COMPILING_SECONDS


@contextmanager
def compiled(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Compiles the forward of modules in training; in eval mode they run as they are.

    Those with checkpoints run as they are in training too: torch compiles none that put buffers back.
    The first step raises UsageError `compile-failed` where torch cannot compile one.
    """
    changed = []
    for module in modules:
        if has_checkpoints(module):
            continue
        module.__dict__["forward"] = _compiled(module, module.forward)
        changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            del module.__dict__["forward"]


def mode_of(device: torch.device, weight_bytes: int) -> str:
    """Chooses the mode of torch.compile: with CUDA graphs for small networks, whose launches cost most."""
    return "reduce-overhead" if device.type == "cuda" and weight_bytes < _SMALL_BYTES else "default"


@contextmanager
def as_written(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Lets modules run layer by layer while the block runs, compiled or not: hooks are passed over else."""
    kept = [(each, each.__dict__.pop("forward")) for each in modules if "forward" in each.__dict__]
    try:
        yield
    finally:
        for module, forward in kept:
            module.__dict__["forward"] = forward


def _compiled(module: nn.Module, plain: Callable[..., Any]) -> Callable[..., Any]:
    weights = list(module.parameters())
    device = weights[0].device if weights else torch.device("cpu")
    quick = torch.compile(plain, mode=mode_of(device, sum(each.nbytes for each in weights)))

    def forward(*inputs: Any) -> Any:
        if not module.training:
            return plain(*inputs)
        try:
            return quick(*inputs)
        except Exception as error:
            if not type(error).__module__.startswith(_FAILED):
                raise
            reason = str(error).strip().split("\n")[0][:200]
            raise failure("compile-failed", reason=reason) from error

    return forward
