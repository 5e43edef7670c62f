"""The weights file: safetensors whose metadata say all that evaluate and predict need.

    8 bytes      size of the header, little-endian
    header       JSON: {"__metadata__": {...}, NAME: {"dtype", "shape", "data_offsets"}, ...}
    the rest     the bytes of the tensors

Source: the safetensors format, https://github.com/huggingface/safetensors#format. That format has
no checksum, so `nncli.digest` covers the metadata and every byte of the tensors.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from torch import Tensor

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.runs.atomic import read_regular, write_atomic
from nncli.runs.tensors import METADATA, SIZE_BYTES, Packed, is_finite, unpacked

FORMAT: Final = 1
"""The version of this file's metadata and digest; a reader refuses a higher one."""

_FORMAT_KEY: Final = "nncli.format"
_VERSION_KEY: Final = "nncli.version"
_DIGEST_KEY: Final = "nncli.digest"
_MOST_HEADER_BYTES: Final = 64 * 2**20
_MOST_TENSORS: Final = 100_000
_LARGEST_DIMENSION: Final = 2**40
_NAME: Final = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
_DTYPES: Final = frozenset({"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL", "C64"})
_PICKLES: Final = re.compile(rb"PK\x03\x04|\x80[\x00-\x05]|\x93NUMPY|\x89HDF")
"""How zip archives of torch and Keras, bare pickles, .npy and .h5 files begin."""


@dataclass(frozen=True)
class WeightsFile:
    """What a weights file holds: tensors on the CPU by name, and all metadata as written."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where a tensor lies in the bytes behind the header, from `begin` up to `end`."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


_Header: TypeAlias = tuple[dict[str, str], dict[str, _Entry]]


class _DamagedHeaderError(ValueError):
    """The header is not what nncli writes."""


def write_weights(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Writes a weights file whole or not at all, adding `nncli.format` and `nncli.digest`.

    The same tensors and metadata give the same bytes. A shared tensor is stored once for each
    name given: pass only the owners.
    Errors: disk-full, disk-failed, folder-read-only.
    """
    bare = Packed(tensors)
    given = {key: value for key, value in metadata.items() if key != _DIGEST_KEY}
    kept = dict(sorted({**given, _FORMAT_KEY: str(FORMAT)}.items()))
    entries = {name: _entry(fields) for name, fields in bare.entries.items()}
    kept[_DIGEST_KEY] = _digest(kept, entries, bare.piece)
    write_atomic(path, Packed(tensors, kept))


def read_weights(path: Path) -> WeightsFile:
    """Reads a weights file, once and whole, and refuses all that is not as nncli wrote it.

    Errors: weights-missing, weights-empty, weights-pickle, weights-unknown, weights-cut,
    weights-header-large, weights-damaged, weights-foreign, weights-newer, weights-not-finite,
    file-not-regular.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        raise failure("weights-missing", file=path, reason=error.strerror or str(error)) from error
    start = _header_end(path, content)
    try:
        metadata, entries = _header(content[SIZE_BYTES:start])
    except (ValueError, RecursionError) as error:
        raise failure("weights-damaged", file=path) from error
    _refuse_other_writers(path, metadata)
    expected = start + max((entry.end for entry in entries.values()), default=0)
    if len(content) < expected:
        raise failure("weights-cut", file=path, size_bytes=len(content), expected_bytes=expected)
    data = memoryview(content)[start:]
    found = _digest(metadata, entries, lambda name: data[entries[name].begin : entries[name].end])
    if found != metadata.get(_DIGEST_KEY):
        raise failure("weights-damaged", file=path)
    try:
        tensors = unpacked(content)
    except ValueError as error:
        raise failure("weights-damaged", file=path) from error
    for name, tensor in tensors.items():
        if not is_finite(tensor):
            raise failure("weights-not-finite", file=path, tensor=name)
    return WeightsFile(tensors, metadata)


def _header_end(path: Path, content: bytes) -> int:
    """Finds where the header ends, and says what the file is where it has none."""
    if not content:
        raise failure("weights-empty", file=path)
    if content[SIZE_BYTES : SIZE_BYTES + 1] != b"{":
        raise _no_safetensors(path, content)
    size = int.from_bytes(content[:SIZE_BYTES], "little")
    if size > _MOST_HEADER_BYTES:
        raise failure("weights-header-large", file=path, size_bytes=size, most_bytes=_MOST_HEADER_BYTES)
    if SIZE_BYTES + size > len(content):
        expected = SIZE_BYTES + size
        raise failure("weights-cut", file=path, size_bytes=len(content), expected_bytes=expected)
    return SIZE_BYTES + size


def _no_safetensors(path: Path, content: bytes) -> NncliError:
    return failure("weights-pickle" if _PICKLES.match(content) else "weights-unknown", file=path)


def _header(text: bytes) -> _Header:
    header = json.loads(text, object_pairs_hook=_unique)
    if not isinstance(header, dict) or len(header) > _MOST_TENSORS:
        raise _DamagedHeaderError
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _DamagedHeaderError
    if not all(len(name) <= 1024 and _NAME.fullmatch(name) for name in header):
        raise _DamagedHeaderError
    return metadata, {name: _entry(fields) for name, fields in header.items()}


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _DamagedHeaderError
    return mapping


def _entry(fields: object) -> _Entry:
    if not isinstance(fields, dict) or set(fields) != {"dtype", "shape", "data_offsets"}:
        raise _DamagedHeaderError
    dtype, shape, offsets = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise _DamagedHeaderError
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _DamagedHeaderError
    return _Entry(dtype, tuple(shape), offsets[0], offsets[1])


def _are_sizes(values: object) -> bool:
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value <= _LARGEST_DIMENSION for value in values
    )


def _refuse_other_writers(path: Path, metadata: Mapping[str, str]) -> None:
    written = metadata.get(_FORMAT_KEY)
    if written is None:
        raise failure("weights-foreign", file=path)
    if not written.isascii() or not written.isdecimal() or len(written) > 9:
        raise failure("weights-damaged", file=path)
    if int(written) > FORMAT:
        version = metadata.get(_VERSION_KEY, "")
        raise failure("weights-newer", file=path, format=written, version=version, known=FORMAT)


def _digest(
    metadata: Mapping[str, str], entries: Mapping[str, _Entry], piece: Callable[[str], memoryview]
) -> str:
    """Hashes metadata and tensors, each part behind its length, so that no two files read alike."""
    digest = hashlib.sha256()

    def add(part: bytes | memoryview) -> None:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)

    for key, value in sorted(metadata.items()):
        if key != _DIGEST_KEY:
            add(key.encode(errors="surrogatepass"))
            add(value.encode(errors="surrogatepass"))
    add(b"")
    for name, entry in sorted(entries.items()):
        add(json.dumps([name, entry.dtype, entry.shape]).encode())
        add(piece(name))
    return digest.hexdigest()
