"""Encoded data kept between starts, so that the next one reads tensors instead of a table.

A file of the cache is a sha256 over the rest of it, then safetensors; the document that belongs to the
tensors lies among them as bytes. It is used only where the digest is right, and its name holds whatever
the result depends on: the bytes of the data, what is declared, and the code that reads and encodes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nncli.columns.encoders import Encoders
from nncli.data.dataset import Data, Part, PartName
from nncli.errors import NncliError, Place, Problem
from nncli.spec.schema import DataSpec

if TYPE_CHECKING:
    from torch import Tensor

FOLDER_VARIABLE: Final = "NNCLI_CACHE"
MOST_BYTES: Final = 2 * 2**30
"""The cache keeps at most this much; what was not used for longest goes first."""
_SUFFIX: Final = ".data"
_DOCUMENT: Final = "document"
_DIGEST_BYTES: Final = 32
_CODE: Final = ("sources", "columns", "data")
"""The folders whose code decides what encoded data are."""


def cache_folder() -> Path:
    """Gives the folder of the cache: NNCLI_CACHE, else the usual place of the system for caches."""
    stated = os.environ.get(FOLDER_VARIABLE)
    if stated:
        return Path(stated)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "nncli"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/nncli"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nncli"


def cache_key(data: DataSpec, digest: str, names: Sequence[str]) -> str:
    """Names the result of opening: `digest` is of the source files, `names` are those of messages."""
    key = hashlib.sha256(json.dumps([data.model_dump(mode="json"), digest, list(names)]).encode())
    package = Path(__file__).parent.parent
    for path in sorted(each for folder in _CODE for each in (package / folder).glob("*.py")):
        key.update(path.read_bytes())
    return key.hexdigest()


def read_cached(key: str) -> Data | None:
    """Gives the data of a key, or None where it is not there or not as it was written."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        path = _path(key)
        content = path.read_bytes()
        body = memoryview(content)[_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != content[:_DIGEST_BYTES]:
            return None
        tensors = load(bytes(body))
        data = _data(json.loads(tensors.pop(_DOCUMENT).numpy().tobytes()), tensors)
        os.utime(path)
    except (OSError, RuntimeError, ValueError, KeyError, SafetensorError, NncliError):
        return None
    return data


def write_cached(key: str, data: Data) -> None:
    """Keeps data for the next start; where that cannot be done, nothing is said and nothing lost."""
    import torch
    from safetensors.torch import save

    tensors = {
        f"{part.name}/{kind}/{name}": tensor.contiguous()
        for part in data.parts.values()
        for kind, group in (("inputs", part.inputs), ("targets", part.targets))
        for name, tensor in group.items()
    }
    if sum(tensor.nbytes for tensor in tensors.values()) > MOST_BYTES // 2:
        return
    document = bytearray(json.dumps(_document(data)).encode())
    body = save(tensors | {_DOCUMENT: torch.frombuffer(document, dtype=torch.uint8)})
    # A home that cannot be found is a RuntimeError.
    with suppress(OSError, RuntimeError):
        _write(_path(key), hashlib.sha256(body).digest(), body)


def _path(key: str) -> Path:
    return cache_folder() / "data" / f"{key}{_SUFFIX}"


def _write(path: Path, *pieces: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            for piece in pieces:
                stream.write(piece)
        os.replace(aside, path)
    except BaseException:
        os.unlink(aside)
        raise
    _make_room(path.parent)


def _make_room(folder: Path) -> None:
    files = [(each.stat(), each) for each in folder.iterdir() if each.suffix in (_SUFFIX, ".partial")]
    total_bytes = sum(found.st_size for found, _ in files)
    for found, each in sorted(files, key=lambda pair: pair[0].st_mtime_ns):
        if total_bytes <= MOST_BYTES:
            break
        each.unlink(missing_ok=True)
        total_bytes -= found.st_size


def _document(data: Data) -> dict[str, Any]:
    return {
        "encoders": data.encoders.to_json(),
        "resolved": data.resolved.model_dump(mode="json"),
        "digest": data.digest,
        "rows": {name: part.rows for name, part in data.parts.items()},
        "warnings": [_warning(warning) for warning in data.warnings],
    }


def _warning(problem: Problem) -> dict[str, Any]:
    place = problem.place
    at = [place.file, place.line, place.column, place.text] if place else None
    return {"code": problem.code, "place": at, "path": problem.path, "facts": dict(problem.facts)}


def _data(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Data:
    encoders = Encoders.from_json(document["encoders"])
    warnings = [
        Problem(
            each["code"],
            Place(*each["place"]) if each["place"] else None,
            each["path"],
            each["facts"],
            "warning",
        )
        for each in document["warnings"]
    ]
    parts: dict[PartName, Part] = {}
    name: PartName
    for name, rows in document["rows"].items():
        inputs = {key: tensors[f"{name}/inputs/{key}"] for key in encoders.inputs()}
        targets = {key: tensors[f"{name}/targets/{key}"] for key in encoders.targets()}
        parts[name] = Part(name, rows, inputs, targets)
    return Data(
        parts,
        encoders,
        DataSpec.model_validate_json(json.dumps(document["resolved"])),
        document["digest"],
        tuple(warnings),
    )
