"""Data sets that Hugging Face's `datasets` saved to disk: Arrow files, and what their columns mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from nncli.errors import Problem
from nncli.regular_files import read_regular_file
from nncli.sources.data_files import LARGE_BYTES, DataFile, find_file
from nncli.sources.several import FileSet

_STATE: Final = "state.json"
_INFO: Final = "dataset_info.json"
_PARTS: Final = "dataset_dict.json"
_MOST_BYTES: Final = 16 * 2**20


def is_hub_folder(folder: Path) -> bool:
    """Tells whether a folder was written by `save_to_disk`."""
    return (folder / _STATE).is_file() or (folder / _PARTS).is_file()


def find_hub_folder(folder: Path, shown: str) -> FileSet | Problem:
    """Finds the files of a saved data set.

    Problems, without a place: `hub-parts`, `hub-state`, and those of `find_file`.
    """
    try:
        if not (folder / _STATE).is_file():
            parts = [str(each) for each in _document(folder / _PARTS)["splits"]]
            return Problem("hub-parts", facts={"folder": shown, "parts": parts, "first": parts[0]})
        state = _document(folder / _STATE)
        names = [str(each["filename"]) for each in state["_data_files"]]
        if state.get("_indices_data_files"):
            raise ValueError("it has a list of rows to read: save it again after `flatten_indices()`")
        if any(Path(name).name != name for name in names) or not names:
            raise ValueError(f"{_STATE} names files elsewhere, or none")
        labels = _labels(_document(folder / _INFO)) if (folder / _INFO).is_file() else {}
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        return Problem("hub-state", facts={"folder": shown, "reason": str(error) or type(error).__name__})
    total_bytes = sum((folder / name).stat().st_size for name in names if (folder / name).is_file())
    files: list[DataFile] = []
    for name in names:
        found = find_file(folder / name, f"{shown}/{name}", 0 if total_bytes >= LARGE_BYTES else None)
        if isinstance(found, Problem):
            return found
        files.append(found)
    return FileSet(Path(names[0]), shown, tuple(files), (), labels)


def _document(path: Path) -> Any:
    return json.loads(read_regular_file(path, most_bytes=_MOST_BYTES))


def _labels(info: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Gives the names of classes: a column of them holds their numbers."""
    features = info.get("features") or {}
    return {
        str(header): tuple(map(str, feature["names"]))
        for header, feature in features.items()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    }
