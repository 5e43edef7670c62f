"""Tensors as safetensors bytes and back; nothing in such bytes can run code."""

from __future__ import annotations

from collections.abc import Mapping

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor


def packed(tensors: Mapping[str, Tensor]) -> bytes:
    """Makes safetensors bytes from tensors of any device and layout.

    Two names for one storage are written twice: what is shared is the caller's to know.
    """
    return safetensors.torch.save(_apart(tensors))


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    apart: dict[str, Tensor] = {}
    storages: set[int] = set()
    for name, tensor in tensors.items():
        plain = tensor.detach().to("cpu").contiguous()
        if plain.untyped_storage().data_ptr() in storages:
            plain = plain.clone()
        storages.add(plain.untyped_storage().data_ptr())
        apart[name] = plain
    return apart


def unpacked(content: bytes) -> dict[str, Tensor]:
    """Reads tensors from safetensors bytes, onto the CPU.

    The bytes are copied, never mapped: a file cut short under a map kills the process.
    Errors: ValueError where the bytes are no such file.
    """
    try:
        return safetensors.torch.load(content)
    except (SafetensorError, KeyError, AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(str(error)) from error


def is_finite(tensor: Tensor) -> bool:
    """Tells whether every number of a tensor is finite; whole numbers always are."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    return bool(torch.isfinite(tensor).all())
