"""Safetensors as data: each tensor a column."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.sources.data_files import DataFile
from nncli.sources.stored_arrays import ArraysFile, StoredArray
from nncli.sources.tables import Reading

_MOST_HEADER_BYTES: Final = 8 * 2**20
_LENGTH_BYTES: Final = 8
_METADATA: Final = "__metadata__"
_TYPES: Final[Mapping[str, str]] = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "BF16": "<u2",
    "F32": "<f4",
    "F64": "<f8",
}


def open_safetensors(file: DataFile, reading: Reading) -> ArraysFile:
    """Reads the header of a safetensors file, which must account for every byte.

    Raises `data-empty`, `data-unreadable`, `data-changing`.
    """
    place = Place(file.shown, 1, 1)
    if not file.size_bytes:
        raise failure("data-empty", place)
    try:
        with file.stream() as stream:
            arrays = _arrays(file, stream)
    except (ValueError, TypeError, KeyError, RecursionError, OSError) as error:
        raise failure("data-unreadable", place, reason=str(error)) from None
    return ArraysFile(file, reading, arrays)


def _arrays(file: DataFile, stream: BinaryIO) -> dict[str, StoredArray]:
    header_bytes = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
    if header_bytes > min(_MOST_HEADER_BYTES, file.size_bytes - _LENGTH_BYTES):
        raise ValueError("it does not begin as a safetensors file does")
    header = json.loads(stream.read(header_bytes), object_pairs_hook=_unrepeated)
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    header.pop(_METADATA, None)
    data_start = _LENGTH_BYTES + header_bytes
    arrays, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        kind, shape = str(entry["dtype"]), tuple(map(int, entry["shape"]))
        first, last = map(int, entry["data_offsets"])
        if kind not in _TYPES:
            raise ValueError(f"`{name}` is of type {kind}")
        dtype = np.dtype(_TYPES[kind])
        if first != end or last - first != math.prod(shape) * dtype.itemsize or min(shape, default=0) < 0:
            raise ValueError(f"the place of `{name}` does not fit its shape and its neighbours")
        opener = _Opener(file, data_start + first)
        arrays[name] = StoredArray(dtype, shape, opener.stream, widened=kind == "BF16")
        end = last
    if data_start + end != file.size_bytes:
        raise ValueError("its tensors do not end where the file does")
    return {name: arrays[name] for name in header}


def _unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in its header")
    return found


@dataclass(frozen=True)
class _Opener:
    """Where a tensor begins in a file."""

    file: DataFile
    offset: int

    def stream(self) -> BinaryIO:
        """Opens the file at the tensor."""
        found = self.file.stream()
        found.seek(self.offset)
        return found
