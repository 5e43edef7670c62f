"""Tensors as safetensors bytes and back; nothing in such bytes can run code.

    8 bytes      size of the header, little-endian
    header       JSON: {NAME: {"dtype", "shape", "data_offsets"}, ...}, filled up with blanks
    the rest     the bytes of the tensors, one behind the other

Source: the safetensors format, https://github.com/huggingface/safetensors#format. Its own library needs every
tensor three times while it writes, and ends the process where memory runs out; here they are written one by
one, from where they lie.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, final

import numpy as np
import torch
from torch import Tensor

SIZE_BYTES: Final = 8
METADATA: Final = "__metadata__"
# In the order in which the library sorts tensors: the widest come first.
_DTYPES: Final = {
    "I64": torch.int64,
    "F64": torch.float64,
    "C64": torch.complex64,
    "F32": torch.float32,
    "I32": torch.int32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES: Final = {dtype: name for name, dtype in _DTYPES.items()}
_ORDER: Final = {dtype: place for place, dtype in enumerate(_DTYPES.values())}


@final
class Packed:
    """Tensors of any device and layout as the bytes of a file, made piece by piece as they are asked for.

    Two names for one storage are written twice: what is shared is the caller's to know. `entries` are those
    of the header.
    """

    def __init__(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
        ordered = sorted(tensors.items(), key=lambda item: (_ORDER[item[1].dtype], item[0]))
        self._tensors = dict(ordered)
        self.entries: dict[str, dict[str, Any]] = {}
        end = 0
        for name, tensor in ordered:
            begin, end = end, end + tensor.numel() * tensor.element_size()
            shape = list(tensor.shape)
            self.entries[name] = {"dtype": _NAMES[tensor.dtype], "shape": shape, "data_offsets": [begin, end]}
        stated = {METADATA: dict(metadata)} if metadata is not None else {}
        text = json.dumps({**stated, **self.entries}, separators=(",", ":"), ensure_ascii=False).encode()
        header = text + b" " * (-len(text) % SIZE_BYTES)
        self._start = len(header).to_bytes(SIZE_BYTES, "little") + header
        self._size = len(self._start) + end

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes | memoryview]:
        yield self._start
        for name in self._tensors:
            yield self.piece(name)

    def piece(self, name: str) -> memoryview:
        """Gives the bytes of one tensor; nothing is copied where it lies on the CPU in one piece."""
        plain = self._tensors[name].detach().to("cpu").contiguous()
        piece: memoryview = plain.reshape(-1).view(torch.uint8).numpy().data
        return piece


def unpacked(content: bytes) -> dict[str, Tensor]:
    """Reads tensors from safetensors bytes, onto the CPU.

    The bytes are copied, never mapped: a file cut short under a map kills the process.
    Errors: ValueError where the bytes are no such file.
    """
    try:
        return _unpacked(content)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("this is no safetensors file") from error


def _unpacked(content: bytes) -> dict[str, Tensor]:
    start = SIZE_BYTES + int.from_bytes(content[:SIZE_BYTES], "little")
    if len(content) < SIZE_BYTES or start > len(content):
        raise ValueError("the header is cut short")
    header = json.loads(content[SIZE_BYTES:start])
    header.pop(METADATA, None)
    expected, tensors = 0, {}
    for name, entry in sorted(header.items(), key=lambda item: list(item[1]["data_offsets"])):
        (begin, end), shape, dtype = entry["data_offsets"], entry["shape"], _DTYPES[entry["dtype"]]
        if not all(type(size) is int and size >= 0 for size in (begin, end, *shape)):
            raise ValueError(f"{name} has no sizes")
        # Each begins where the one before ends, so that every byte belongs to one.
        size = math.prod(shape) * dtype.itemsize
        if begin != expected or end - begin != size or start + end > len(content):
            raise ValueError(f"{name} lies elsewhere")
        tensors[name] = torch.empty(shape, dtype=dtype)
        into = tensors[name].reshape(-1).view(torch.uint8).numpy()
        into[:] = np.frombuffer(content, np.uint8, end - begin, start + begin)
        expected = end
    if start + expected != len(content):
        raise ValueError("there are bytes behind the last tensor")
    return {name: tensors[name] for name in header}


def is_finite(tensor: Tensor) -> bool:
    """Tells whether every number of a tensor is finite; whole numbers always are."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    return bool(torch.isfinite(tensor).all())
