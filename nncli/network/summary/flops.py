"""Floating point operations of torch's operations: torch's own counts, and formulas where it counts none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log2, prod
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils.flop_counter import flop_registry

_ATEN: Final = torch.ops.aten
# Copies carry torch's mark of an elementwise function, and compute nothing.
_COPIES: Final = frozenset({_ATEN.clone, _ATEN.copy_, _ATEN.fill, _ATEN.fill_, _ATEN.zero_, _ATEN.lift_fresh})
# Operations for every number that flows in: mean, variance, difference, quotient and scale; the
# exponential, its sum and the quotient; one addition or comparison.
_NORM, _SOFTMAX, _ONE = 5, 3, 1
_PER_NUMBER: Final[Mapping[str, int]] = {
    "native_batch_norm": _NORM,
    "_native_batch_norm_legit": _NORM,
    "_native_batch_norm_legit_functional": _NORM,
    "_native_batch_norm_legit_no_training": _NORM,
    "cudnn_batch_norm": _NORM,
    "native_layer_norm": _NORM,
    "native_group_norm": _NORM,
    "_fused_rms_norm": _NORM,
    "native_batch_norm_backward": 2 * _NORM,
    "native_layer_norm_backward": 2 * _NORM,
    "native_group_norm_backward": 2 * _NORM,
    "_softmax": _SOFTMAX,
    "_log_softmax": _SOFTMAX,
    "_safe_softmax": _SOFTMAX,
    "_softmax_backward_data": _SOFTMAX,
    "_log_softmax_backward_data": _SOFTMAX,
    "native_dropout": _ONE,
    "glu": _ONE,
    "log_sigmoid_forward": _ONE,
    "_prelu_kernel": _ONE,
    "rrelu_with_noise": _ONE,
    "hardswish": _ONE,
    "hardswish_backward": _ONE,
    "sum": _ONE,
    "mean": _ONE,
    "prod": _ONE,
    "var": _SOFTMAX,
    "var_mean": _SOFTMAX,
    "std": _SOFTMAX,
    "amax": _ONE,
    "amin": _ONE,
    "max": _ONE,
    "min": _ONE,
    "argmax": _ONE,
    "logsumexp": _SOFTMAX,
    "linalg_vector_norm": 2,
    "cumsum": _ONE,
    "_adaptive_avg_pool2d": _ONE,
    "_adaptive_avg_pool3d": _ONE,
    "adaptive_max_pool2d": _ONE,
    "adaptive_max_pool3d": _ONE,
}
# Pooling: one operation for every position of the window, at every number of the result.
_WINDOWS: Final = frozenset(
    {"max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool2d", "avg_pool3d"}
)
_INTERPOLATIONS: Final[Mapping[str, int]] = {
    "upsample_linear1d": 3,
    "upsample_bilinear2d": 9,
    "upsample_trilinear3d": 21,
    "upsample_bicubic2d": 35,
}
_ATTENTION_CPU: Final = _ATEN._scaled_dot_product_flash_attention_for_cpu
_ATTENTION_CPU_BACKWARD: Final = _ATEN._scaled_dot_product_flash_attention_for_cpu_backward


def operation_flops(
    function: Any, arguments: Sequence[Any], keywords: Mapping[str, Any], result: object
) -> int:
    """Counts the operations of one call of an aten function.

    A multiplication with its addition counts 2, as torch counts; a bias in a matrix product counts
    nothing. An elementwise function counts 1 for every number of its result, whatever the function.
    Moving, copying and looking up count 0.
    """
    packet = function._overloadpacket
    if packet is _ATEN.convolution_backward:
        return _convolution_backward(arguments)
    counted: Callable[..., int] | None = flop_registry.get(_same_as(packet))
    if counted is not None:
        return counted(*arguments, **keywords, out_val=result)
    name = packet.__name__
    if name in _PER_NUMBER:
        return _PER_NUMBER[name] * _numbers(arguments)
    made = result[0] if isinstance(result, (tuple, list)) and result else result
    if not isinstance(made, Tensor) or packet in _COPIES:
        return 0
    if name == "_fft_r2c":
        # Source: Cooley and Tukey 1965, 5 n log2(n) for n complex numbers, half of that for real ones.
        [length] = [arguments[0].shape[axis] for axis in arguments[1]]
        return round(2.5 * _numbers(arguments) * log2(length))
    if name in _WINDOWS:
        return made.numel() * _window(arguments[1], rank=int(name[name.index("d") - 1]))
    if name in _INTERPOLATIONS:
        return made.numel() * _INTERPOLATIONS[name]
    return made.numel() if torch.Tag.pointwise in function.tags else 0


def _convolution_backward(arguments: Sequence[Any]) -> int:
    """Counts as much as the way forward for each gradient that is wanted: of the input, of the weight.

    Torch's own count takes every channel for connected with all others, whatever the groups.
    """
    gradient, given, weight, *_ = arguments
    is_transposed, wanted = arguments[7], arguments[10]
    # The weight has the channels of one group only: each of its numbers meets each place once.
    rows, _, *sides = (given if is_transposed else gradient).shape
    return int(2 * rows * prod(sides) * weight.numel() * sum(wanted[:2]))


def _same_as(packet: Any) -> Any:
    """Torch has no count of its own for attention on the CPU; the one for CUDA has the same operands."""
    if packet is _ATTENTION_CPU:
        return _ATEN._scaled_dot_product_flash_attention
    if packet is _ATTENTION_CPU_BACKWARD:
        return _ATEN._scaled_dot_product_flash_attention_backward
    return packet


def _numbers(arguments: Sequence[Any]) -> int:
    first = next((each for each in arguments if isinstance(each, Tensor)), None)
    return first.numel() if first is not None else 0


def _window(size: Any, rank: int) -> int:
    """Counts the positions of a window; one number stands for all its sides."""
    sides = [size] if isinstance(size, int) else list(size)
    return prod(sides) if len(sides) > 1 else int(sides[0]) ** rank
