"""How large things are: what two rows become in a layer, and whether weights fit into memory."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nncli.errors import NncliError, Place
from nncli.messages.catalogue import failure
from nncli.network.graph.values import MOST_VALUES, Value

SMALL_BYTES: Final = 2**22
META_ABOVE_BYTES: Final = 64 * 2**20
# Two rows run on the CPU in well under a second below this; above, the meta device says the shape.
MOST_PRODUCTS: Final = 2**31
# Arguments that say how many values lie where one lay, per position or along each axis of space.
_WIDTHS: Final = ("out_channels", "out_features", "embedding_dim", "hidden_size", "dim_feedforward")
_ARRIVING: Final = ("in_channels", "in_features", "input_size", "d_model", "embed_dim")
# Of these, the arguments of layers in which every step looks at every other.
_ATTENDING: Final = ("d_model", "embed_dim")
_STRETCHING: Final = ("padding", "output_padding", "size", "output_size", "scale_factor", "upscale_factor")
_STRETCHING_TRANSPOSED: Final = ("stride", "dilation", "kernel_size")
# Functions that draw initial values in place.
_DRAWN: Final = frozenset({"normal_", "uniform_", "trunc_normal_", "kaiming_uniform_", "xavier_uniform_"})


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


def most_used_bytes() -> int:
    """Reads the most memory that this process had; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    # Linux counts kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


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


def uncountable(place: Place, path: str, layer: str) -> NncliError:
    """Says that the bytes of a layer's weights do not even fit into 64 bits."""
    facts = {"layer": layer, "needed": "more than 8 EiB", "free": readable_bytes(free_bytes())}
    return failure("memory-too-small", place, path, **facts)


def require_room(result: torch.Tensor, place: Place, path: str, layer: str) -> None:
    """Refuses a result of two rows that this machine cannot hold.

    Raises ResourceError `result-too-large` with both figures.
    """
    needed = result.numel() * result.element_size()
    # Reading what is free takes longer than a small layer.
    free = free_bytes() if needed > SMALL_BYTES else needed
    if needed > free:
        facts = {"layer": layer, "needed": readable_bytes(needed), "free": readable_bytes(free)}
        raise failure("result-too-large", place, path, **facts)


def is_costly(layer: str, arguments: Mapping[str, object], skeleton: nn.Module, value: Value) -> bool:
    """Tells whether two rows of a layer would take long, or much memory, on the CPU."""
    arriving = max([1, *_numbers(arguments, _ARRIVING)])
    leaving = max([1, *_numbers(arguments, _WIDTHS)])
    names = (*_STRETCHING, *_STRETCHING_TRANSPOSED) if "Transpose" in layer else _STRETCHING
    stretch = (1 + 2 * max([0, *_numbers(arguments, names)])) ** max(1, len(value.shape) - 2)
    positions = -(-value.sample.numel() // arriving)
    weights = sum(weight.numel() for weight in skeleton.parameters())
    values = positions * stretch * max(arriving, leaving)
    attends = any(name in arguments for name in _ATTENDING)
    pairs = positions * max([1, *value.shape[1:-1]]) * arriving if attends else 0
    return values > MOST_VALUES or positions * weights + pairs > MOST_PRODUCTS


def _numbers(arguments: Mapping[str, object], names: tuple[str, ...]) -> Iterator[float]:
    for name in names:
        value = arguments.get(name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, (int, float)):
                yield each


class _Unfilled(TorchFunctionMode):
    """Leaves initial values out where there is no memory for them: drawing them there imports torch's
    compiler, which takes more than a second.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        tensor = args[0] if args else (kwargs or {}).get("tensor")
        if getattr(func, "__name__", "") in _DRAWN and isinstance(tensor, torch.Tensor) and tensor.is_meta:
            return tensor
        return func(*args, **(kwargs or {}))


def on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Builds a module without memory for its weights."""
    with torch.device("meta"), _Unfilled():
        return build()
