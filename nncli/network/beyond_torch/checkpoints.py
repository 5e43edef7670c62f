"""Layers that keep nothing for the way back but what flows in, and run a second time there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpointed(layers: nn.Module, *inputs: Any, **named: Any) -> Any:
    """Runs layers; in training, what is inside is worked out again for gradients, from the same buffers."""
    if not (layers.training and torch.is_grad_enabled()):
        return layers(*inputs, **named)
    as_before = AsBefore(layers)
    return checkpoint(
        layers, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), as_before), **named
    )


class AsBefore:
    """Lets layers run with the buffers that they have now: running statistics change once, and not twice."""

    # Where it is not zero, a hook sees what it has seen already.
    running = 0

    def __init__(self, layers: nn.Module) -> None:
        self.before = [
            (part, name, buffer.clone())
            for part in layers.modules()
            for name, buffer in part._buffers.items()
            if buffer is not None and name not in part._non_persistent_buffers_set
        ]
        self.now: list[Tensor | None] = []

    def __enter__(self) -> None:
        AsBefore.running += 1
        self.now = [part._buffers[name] for part, name, _ in self.before]
        for part, name, buffer in self.before:
            part._buffers[name] = buffer.clone()

    def __exit__(self, *error: object) -> None:
        AsBefore.running -= 1
        for (part, name, _), buffer in zip(self.before, self.now, strict=True):
            part._buffers[name] = buffer
