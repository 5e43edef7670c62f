"""torch.stft as a convolution, for formats whose own form of it is slow and inexact"""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import Tensor
from torch.export import ExportedProgram

_STFT: Final = torch.ops.aten.stft.default


def with_convolved_stft(program: ExportedProgram) -> ExportedProgram:
    """Puts a convolution with cosines and sines in the place of torch.stft, where that is better in ONNX.

    onnxruntime works out stretches of 2^n samples fast and to the last digits. For all others it has an
    algorithm that takes five times as long as the convolution, and gives five digits.
    """
    targets = {node.target for node in program.graph.nodes}
    return program.run_decompositions({_STFT: _convolved}) if _STFT in targets else program


def _convolved(
    x: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    *_: Any,
) -> Any:
    """Has the arguments of aten::stft, and its result: complex (rows, frequencies, frames)."""
    is_plain = onesided is not False and return_complex and x.dim() == 2 and not x.is_complex()
    if n_fft & (n_fft - 1) == 0 or not is_plain:
        return NotImplemented
    places = torch.arange(n_fft, dtype=torch.float64, device=x.device)
    # Angles are taken from the remainder: a cosine of large numbers loses digits.
    turns = (places[: n_fft // 2 + 1, None] * places).remainder(n_fft) * (2 * math.pi / n_fft)
    kernels = torch.cat((turns.cos(), -turns.sin()))
    if window is not None:
        before = (n_fft - window.shape[0]) // 2
        kernels = kernels * torch.nn.functional.pad(window, (before, n_fft - window.shape[0] - before))
    if normalized:
        kernels = kernels * n_fft**-0.5
    bins = torch.nn.functional.conv1d(
        x[:, None], kernels.to(x.dtype)[:, None], stride=hop_length or n_fft // 4
    )
    real, imaginary = bins.chunk(2, 1)
    return torch.complex(real, imaginary)
