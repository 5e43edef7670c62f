"""Where a network runs: the device, the threads, the precision of its matrix products."""

from __future__ import annotations

import os
import re
from typing import Final, Literal

import torch

from nncli.cores import usable_cores
from nncli.messages.catalogue import failure

# Far above any machine: where the system refuses a thread, OpenMP ends the process with no word.
MOST_THREADS: Final = 1024


def resolve_device(text: str) -> torch.device:
    """Reads `auto`, `cpu`, `cuda` or `cuda:N`; `auto` is CUDA where there is one.

    Raises UsageError: `device-unknown`, and `device-absent` where CUDA was asked for in vain.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if text == "cpu" or (text == "auto" and not count):
        return torch.device("cpu")
    if text == "auto":
        return torch.device("cuda", 0)
    found = re.fullmatch(r"cuda(?::(\d{1,4}))?", text)
    if not found:
        raise failure("device-unknown", device=text)
    index = int(found[1] or 0)
    if index >= count:
        raise failure("device-absent", device=text, count=count)
    return torch.device("cuda", index)


def set_threads(count: int | None) -> int:
    """Sets the threads of torch's CPU kernels; None takes what OMP_NUM_THREADS says, else every core.

    Results depend on it bit for bit, so a run records it. Raises UsageError: `threads-range`.
    """
    if count is None:
        count = min(_wished_threads() or usable_cores(), MOST_THREADS)
    if not 1 <= count <= MOST_THREADS:
        raise failure("threads-range", received=count, most=MOST_THREADS)
    torch.set_num_threads(count)
    return count


def _wished_threads() -> int:
    """Reads what batch systems and people set for all programs with OpenMP; 0 where it says nothing."""
    text = os.environ.get("OMP_NUM_THREADS", "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0


def set_precision(precision: Literal["auto", "float32", "bf16", "fp16"], device: torch.device) -> None:
    """Chooses how CUDA multiplies float32 matrices: IEEE for `float32`, else TF32; CPU is always IEEE."""
    if device.type != "cuda":
        return
    chosen = "ieee" if precision == "float32" else "tf32"
    torch.backends.cuda.matmul.fp32_precision = chosen
    torch.backends.cudnn.conv.fp32_precision = chosen  # type: ignore[attr-defined]
    torch.backends.cudnn.rnn.fp32_precision = chosen  # type: ignore[attr-defined]
