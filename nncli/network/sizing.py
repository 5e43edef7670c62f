"""How large things are: what two rows become in a layer, and whether weights fit into memory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final

import torch
from torch import nn

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.network.values import Value

META_ABOVE_BYTES: Final = 64 * 2**20


def weight_bytes(module: nn.Module) -> int:
    """Counts the bytes of a module's parameters and buffers, also on the meta device."""
    tensors = [*module.parameters(), *module.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def free_bytes() -> int:
    """Reads how much memory a new process can take; a large number where nobody says."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = re.search(r"MemAvailable:\s+(\d+) kB", file.read())
        if found:
            return int(found.group(1)) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return 2**63


def readable_bytes(count: float) -> str:
    """Writes a number of bytes with a binary unit: `3.6 TiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1024
    return f"{count:.1f} PiB"


def require_memory(needed: int, place: Place, path: str, layer: str) -> None:
    """Refuses weights that this machine cannot hold, before anything is allocated.

    Raises ResourceError `memory-too-small` with both figures.
    """
    free = free_bytes()
    if needed > free:
        facts = {"layer": layer, "needed": readable_bytes(needed), "free": readable_bytes(free)}
        raise failure("memory-too-small", place, path, **facts)


def run_two_rows(module: nn.Module, inputs: tuple[Value, ...], large: bool) -> object:
    """Runs the two rows through a layer in train mode, leaving generator and buffers as they were.

    A large layer is on the meta device, and so are its rows.
    Raises what the layer raises where the sizes do not fit.
    """
    samples = [value.sample.to("meta") if large else value.sample for value in inputs]
    kept = [buffer.clone() for buffer in module.buffers()]
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            return module(*samples)
    finally:
        for buffer, before in zip(module.buffers(), kept, strict=True):
            buffer.copy_(before)


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Builds a module without memory for its weights."""
    with torch.device("meta"):
        return build()
