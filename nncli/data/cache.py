"""Encoded data kept between starts, so that the next one opens arrays instead of reading a table.

An entry is a folder: `document.json` with what the arrays are, and their files. Its key holds whatever the
result depends on: the bytes of the data, what is declared, and the code that reads and encodes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nncli.cache_folder import find_entry, remove_damaged
from nncli.columns.encoders import Columns, Encoders
from nncli.data.arrays import files_of, open_array, open_columns
from nncli.data.dataset import Data, Part, PartName
from nncli.errors import NncliError, Place, Problem
from nncli.spec.schema import DataSpec

if TYPE_CHECKING:
    from nncli.columns.stored import Stored

KIND: Final = "data"
"""The kind of entry of the cache."""
_MOST_DIGESTED_BYTES: Final = 64 * 2**20
"""Larger files are known by their size: to read them whole would take longer than to train."""
_DOCUMENT: Final = "document.json"
_CODE: Final = ("sources", "columns", "data")
"""The folders whose code decides what encoded data are."""


def cache_key(data: DataSpec, digest: str, names: Sequence[str]) -> str:
    """Names the result of opening: `digest` is of the source files, `names` are those of messages."""
    key = hashlib.sha256(json.dumps([data.model_dump(mode="json"), digest, list(names)]).encode())
    package = Path(__file__).parent.parent
    for path in sorted(each for folder in _CODE for each in (package / folder).glob("*.py")):
        key.update(path.read_bytes())
    return key.hexdigest()


def read_cached(key: str) -> Data | None:
    """Gives the data of a key, or None where it is not there or not as it was written."""
    try:
        folder = find_entry(KIND, key)
        if folder is None:
            return None
        document = json.loads((folder / _DOCUMENT).read_bytes())
        if document["files"] == _fingerprints(folder):
            return _data(document, folder)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, NncliError):
        pass
    remove_damaged(KIND, key)
    return None


def write_document(
    folder: Path, data: Data, columns: Sequence[Mapping[str, Any]], parts: Mapping[str, Any]
) -> None:
    """Writes what an entry holds beside its arrays.

    `columns` are documents of arrays, one for each source; `parts` maps names to the number of their
    source and the place of their index.
    """
    document = {
        "encoders": data.encoders.to_json(),
        "resolved": data.resolved.model_dump(mode="json"),
        "digest": data.digest,
        "columns": list(columns),
        "parts": dict(parts),
        "warnings": [_warning(warning) for warning in data.warnings],
        "files": _fingerprints(folder),
    }
    (folder / _DOCUMENT).write_text(json.dumps(document), encoding="utf-8")


def as_columns(encoders: Encoders, found: Mapping[str, Stored]) -> Columns:
    """Sorts columns, named `inputs.age` and `targets.price`, and adds those that are part of `features`."""
    if encoders.reaches:
        found = {
            name: encoders.reaches[name].of(column, is_target=name.startswith("targets."))
            for name, column in found.items()
        }
    inputs = {name[7:]: column for name, column in found.items() if name.startswith("inputs.")}
    targets = {name[8:]: column for name, column in found.items() if name.startswith("targets.")}
    inputs = encoders.with_parts_of_features(inputs)
    return Columns(inputs, targets, encoders.finishes(), encoders.target_finishes())


def _fingerprints(folder: Path) -> dict[str, list[int | str]]:
    """Tells files apart: by their size, and by their digest unless they are large."""
    found: dict[str, list[int | str]] = {}
    for each in files_of(folder):
        size_bytes = each.stat().st_size
        is_small = size_bytes <= _MOST_DIGESTED_BYTES
        found[each.name] = [size_bytes, hashlib.sha256(each.read_bytes()).hexdigest() if is_small else ""]
    return found


def _warning(problem: Problem) -> dict[str, Any]:
    place = problem.place
    at = [place.file, place.line, place.column, place.text] if place else None
    return {"code": problem.code, "place": at, "path": problem.path, "facts": dict(problem.facts)}


def _data(document: Mapping[str, Any], folder: Path) -> Data:
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
    columns = [as_columns(encoders, open_columns(each, folder)) for each in document["columns"]]
    parts: dict[PartName, Part] = {}
    name: PartName
    for name, part in document["parts"].items():
        parts[name] = Part(name, open_array(part["index"], folder), columns[part["columns"]])
    resolved = DataSpec.model_validate_json(json.dumps(document["resolved"]))
    return Data(parts, encoders, resolved, document["digest"], tuple(warnings))
