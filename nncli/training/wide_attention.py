"""Attention in float32 within steps in bfloat16: on a CPU, torch's way back through it is quicker so.

Measured on one core of an AMD Zen 4, 4 heads of 32, 128 steps: 35 ms in bfloat16, 11 ms in float32; a step of
the network around it took 0.91 of a step in float32 before, and 0.60 so.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@contextmanager
def attention_in_float32() -> Iterator[None]:
    """Works attention out in float32 where autocast on the CPU would take 16 bits, which results have."""
    library = torch.library.Library("aten", "IMPL", "AutocastCPU")  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        # That torch's own way is put aside is what is wanted here.
        warnings.simplefilter("ignore")
        library.impl("scaled_dot_product_attention", _attention)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        library._destroy()  # type: ignore[no-untyped-call]


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    **more: Any,
) -> Tensor:
    if attn_mask is not None and attn_mask.is_floating_point():
        attn_mask = attn_mask.float()
    numbers = torch.get_autocast_dtype("cpu")
    with torch.autocast("cpu", enabled=False):
        found = functional.scaled_dot_product_attention(
            query.float(), key.float(), value.float(), attn_mask, dropout_p, is_causal, **more
        )
    return found.to(numbers)
