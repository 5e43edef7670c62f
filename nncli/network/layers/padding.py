"""Padding in a layer: what stands in its place while the layer works along time, and how its mask follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import torch
from torch import nn

from nncli.network.beyond_torch.masked_functions import convolved_mask, stretched_mask
from nncli.network.beyond_torch.sounds import Spectrogram
from nncli.network.graph.values import Value
from nncli.network.layers.torch_layers import CHANNELS_LAST, SEQUENCES, SPECTRA, spatial_dimensions

Filling: TypeAlias = Literal["zero", "one", "lowest", "highest"]
# Along the axis of these layers padding is to weigh nothing.
_SOFTMAX: Final[dict[str, Filling]] = {"Softmax": "lowest", "LogSoftmax": "lowest", "Softmin": "highest"}


@dataclass(frozen=True, slots=True)
class Way:
    """How a mask passes a layer: as it is, or through a function of it and some numbers."""

    target: Callable[..., torch.Tensor] | None = None
    numbers: tuple[int, ...] = ()


def way_of_mask(
    kind: str, module: nn.Module, value: Value, time: int | None, shape: tuple[int, ...]
) -> Way | None:
    """Finds how the mask of `value` passes a layer whose result has `shape`, with its time on axis `time`.

    None where there is no mask, or nobody knows which steps of the result are valid.
    """
    if value.mask is None or value.time is None or time is None:
        return None
    way = None
    if kind in SPECTRA:
        way = _spectrum(module)
    elif spatial_dimensions(kind):
        if value.time != time:
            return None
        way = _window(kind, module, time - 2)
    elif kind == "Upsample":
        way = _upsampled(module, value.time - 2)
    if way is None or way.target is None:
        return Way() if shape[time] == value.mask_steps else None
    steps = way.target(torch.ones(1, value.mask.shape[1], dtype=torch.bool), *way.numbers).shape[1]
    return way if steps == shape[time] else None


def _window(kind: str, module: nn.Module, axis: int) -> Way | None:
    """Reads the numbers of a convolution, pooling or padding along one of its axes."""
    padding: Any = getattr(module, "padding", 0)
    if kind.endswith(("Pad1d", "Pad2d", "Pad3d")):
        # The last axis comes first here, two numbers for each.
        start = len(padding) - 2 * (axis + 1)
        return Way(stretched_mask, (1, sum(padding[start : start + 2])))
    if not hasattr(module, "kernel_size") or not hasattr(module, "stride") or kind.startswith("MaxUnpool"):
        return None
    if padding == "same":
        return Way()
    kernel, stride = number_at(module.kernel_size, axis), number_at(module.stride, axis)
    added = 0 if padding == "valid" else number_at(padding, axis)
    dilation = number_at(getattr(module, "dilation", 1), axis)
    if kernel is None or stride is None or added is None or dilation is None:
        return None
    if kind.startswith("ConvTranspose"):
        more = number_at(module.output_padding, axis) or 0
        return Way(stretched_mask, (stride, dilation * (kernel - 1) + more + 1 - 2 * added - stride))
    if stride == 1 and 2 * added == dilation * (kernel - 1):
        return Way()
    return Way(convolved_mask, (kernel, stride, added, dilation))


def _spectrum(module: nn.Module) -> Way:
    """Reads how stretches of a wave become frames."""
    inner = next(each for each in module.modules() if isinstance(each, Spectrogram))
    around = inner.pad + (inner.n_fft // 2 if inner.center else 0)
    return Way(convolved_mask, (inner.n_fft, inner.hop_length, around))


def _upsampled(module: nn.Module, axis: int) -> Way | None:
    factor = number_at(module.scale_factor, axis)
    return Way(stretched_mask, (factor, 0)) if factor is not None else None


def number_at(value: object, axis: int) -> int | None:
    """Reads the whole number for an axis: 3 from 3, from (3,) and from (5, 3); None where it is none."""
    if isinstance(value, (tuple, list)):
        value = value[axis] if 0 <= axis < len(value) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) else None


def filling(
    kind: str, module: nn.Module, value: Value, shape: tuple[int, ...], way: Way | None
) -> Filling | None:
    """Says what stands in the place of padding while a layer works along time; None where it does not.

    `shape` is that of the result, `way` that of the mask. So no valid step of a result depends on what
    the padding is.
    """
    if value.mask is None or value.time is None:
        return None
    if kind in _SOFTMAX:
        return _SOFTMAX[kind] if _is_axis(module.dim, value) else None
    if "MaxPool" in kind and value.time > 1:
        is_known = way is not None or pools_to_one(kind, value, shape)
        return "lowest" if is_known else "zero"
    return "zero" if _works_along_time(kind, module, value) else None


def pools_to_one(kind: str, value: Value, shape: tuple[int, ...]) -> bool:
    """Tells whether a layer takes the mean or the largest of all steps."""
    time = value.time or 0
    return kind.startswith("Adaptive") and time > 1 and shape[time] == 1


def is_softmax_over_time(kind: str, module: nn.Module, value: Value) -> bool:
    """Tells whether a layer shares weights out among the steps."""
    return kind in _SOFTMAX and _is_axis(module.dim, value)


def is_alone(value: Value, together: Iterable[int]) -> bool:
    """Tells whether axes that are put together are time and others of size one: then they are time."""
    axes = list(together)
    return value.time in axes and all(axis == value.time or value.shape[axis] == 1 for axis in axes)


def _is_axis(dim: object, value: Value) -> bool:
    return isinstance(dim, int) and dim % len(value.shape) == value.time


def _works_along_time(kind: str, module: nn.Module, value: Value) -> bool:
    rank, time = len(value.shape), value.time
    assert time is not None
    if kind in SEQUENCES:
        return time != 1
    if spatial_dimensions(kind):
        return "Dropout" not in kind and number_at(getattr(module, "kernel_size", 0), time - 2) != 1
    if kind in ("LayerNorm", "RMSNorm"):
        return time >= rank - len(module.normalized_shape)  # type: ignore[arg-type]
    if kind in CHANNELS_LAST:
        return time == rank - 1
    if kind == "Flatten":
        together = range(_axis(module.start_dim, rank), _axis(module.end_dim, rank) + 1)
        return time in together and not is_alone(value, together)
    # The loudest of a row is looked for in all of it.
    along = ("GroupNorm", "AmplitudeToDB", "SpecAugment", *SPECTRA)
    return kind in along or (kind == "Upsample" and module.mode != "nearest")


def _axis(dim: object, rank: int) -> int:
    return dim % rank if isinstance(dim, int) else 0
