"""A safetensors file of any origin, or the index of several: names, shapes and places of its tensors.

Only the headers are read here. An index is the JSON that lies beside the parts of a divided checkpoint:
{"weight_map": {NAME: FILE}}, each FILE in the same folder.
Source: https://huggingface.co/docs/safetensors, and the index that transformers writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from safetensors import SafetensorError, safe_open

from nncli.errors import Place
from nncli.messages.catalogue import failure
from nncli.near_paths import nearest_beside
from nncli.runs.layer_record import LAYERS_KEY, LayerRecord, read_layers
from nncli.runs.weights_file import read_weights

Shape: TypeAlias = tuple[int, ...]

INDEX_SUFFIX: Final = ".safetensors.index.json"
_USUAL_FILES: Final = ("model.safetensors", "model.safetensors.index.json")
_LARGEST_INDEX_BYTES: Final = 64 * 2**20
_LONGEST_NAME: Final = 1024
# A path keeps one slash of two. One letter before the colon is a drive.
_ADDRESS: Final = re.compile(r"(^|/)[a-z]{2,5}:/")
_SIZE_BYTES: Final = 8
_PICKLE_STARTS: Final = (b"PK\x03\x04", b"\x80", b"\x93NUMPY", b"\x89HDF")
"""How zip archives of torch and Keras, bare pickles, .npy and .h5 files begin."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor that was not read yet: its shape, its dtype as safetensors spells it, and its file."""

    shape: Shape
    dtype: str
    file: Path


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """What a weights file holds; `layers` is empty where nncli did not write it."""

    path: Path
    tensors: Mapping[str, StoredTensor]
    layers: Mapping[str, LayerRecord] = field(default_factory=dict)

    def shapes(self) -> dict[str, Shape]:
        """The shape of every tensor by its name in the file."""
        return {name: tensor.shape for name, tensor in self.tensors.items()}


def open_stored(path: Path, place: Place | None = None) -> StoredWeights:
    """Reads the header of a safetensors file, or of every file that an index names.

    Raises WeightsError `pretrained-missing`, `pretrained-address`, `pretrained-folder`,
    `pretrained-closed`, `pretrained-pickle`, `pretrained-damaged`, `pretrained-index`; for a file of
    nncli also what `read_weights` raises.
    """
    _refuse_others(path, place)
    if path.name.endswith(INDEX_SUFFIX):
        return _open_index(path, place)
    tensors, metadata = _read_header(path, place)
    if any(key.startswith("nncli.") for key in metadata):
        # A file of nncli has a digest over every byte, and reading it whole checks that.
        read_weights(path)
    return StoredWeights(path, tensors, read_layers(metadata.get(LAYERS_KEY, "")))


def _refuse_others(path: Path, place: Place | None) -> None:
    """Says what a path leads to where that is no regular file that can be read."""
    if _ADDRESS.search(path.as_posix()) and not path.exists():
        raise failure("pretrained-address", place, file=path)
    if path.is_dir():
        known = next((path / name for name in _USUAL_FILES if (path / name).is_file()), "")
        raise failure("pretrained-folder", place, file=path, inside=known)
    if not path.exists():
        raise failure("pretrained-missing", place, file=path, nearest=nearest_beside(path))
    if not path.is_file():
        raise failure("pretrained-closed", place, file=path, reason="it is no regular file")
    try:
        with path.open("rb") as stream:
            start = stream.read(_SIZE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise failure("pretrained-closed", place, file=path, reason=reason) from error
    # The size of a header may begin with the same byte as a pickle; a header begins with a brace.
    if start.startswith(_PICKLE_STARTS) and start[_SIZE_BYTES:] != b"{":
        raise failure("pretrained-pickle", place, file=path)


def _read_header(path: Path, place: Place | None) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    tensors = {}
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            for name in file.keys():
                stored = file.get_slice(name)
                tensors[name] = StoredTensor(tuple(stored.get_shape()), stored.get_dtype(), path)
    except (SafetensorError, OSError) as error:
        raise failure("pretrained-damaged", place, file=path, reason=_reason(path, error)) from error
    _check_names(path, tensors, place)
    return tensors, metadata


def _reason(path: Path, error: Exception) -> str:
    """Says in words what safetensors says in names of its own errors."""
    if path.stat().st_size == 0:
        return "it is empty"
    said = str(error).removeprefix("Error while deserializing header: ")
    if "not fully covered" in said:
        return "its size does not fit its header, mostly because a copy or download broke off"
    return f"it is no safetensors file, or its header is damaged ({said})"


def _check_names(path: Path, names: Iterable[str], place: Place | None) -> None:
    for name in names:
        if len(name) > _LONGEST_NAME:
            reason = f"the name of a tensor has more than {_LONGEST_NAME} characters"
            raise failure("pretrained-damaged", place, file=path, reason=reason)


def _open_index(path: Path, place: Place | None) -> StoredWeights:
    """Reads an index; a file that it names must lie beside it."""
    if path.stat().st_size > _LARGEST_INDEX_BYTES:
        raise failure("pretrained-index", place, file=path, reason=f"more than {_LARGEST_INDEX_BYTES} bytes")
    try:
        index = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise failure("pretrained-index", place, file=path, reason="it is no JSON") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise failure("pretrained-closed", place, file=path, reason=reason) from error
    names = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(names, dict) or not all(isinstance(each, str) for each in names.values()):
        raise failure("pretrained-index", place, file=path, reason="it has no `weight_map` of names to files")
    tensors: dict[str, StoredTensor] = {}
    for part in dict.fromkeys(names.values()):
        if part in ("", ".", "..") or any(sign in part for sign in "/\\\0:"):
            reason = f"`{part}` is no file beside it"
            raise failure("pretrained-index", place, file=path, reason=reason)
        _refuse_others(path.parent / part, place)
        held, _ = _read_header(path.parent / part, place)
        tensors |= {name: tensor for name, tensor in held.items() if names.get(name) == part}
    absent = next((name for name in names if name not in tensors), None)
    if absent is not None:
        reason = f"`{absent}` is not in {names[absent]}"
        raise failure("pretrained-index", place, file=path, reason=reason)
    return StoredWeights(path, tensors)
