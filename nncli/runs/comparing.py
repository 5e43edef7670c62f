"""What differs between runs: in what their specs say, their data, where they ran, and what they reached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nncli.runs.atomic import read_own
from nncli.runs.folder import RunFolder
from nncli.runs.info import read_run
from nncli.runs.listing import ListedRun, listed, read_resolved

ABSENT: Final = "–"
"""Stands where one of the runs says nothing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in all runs, with its value in each, as text."""

    what: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side: `spec` by YAML paths, `data` by what is digested, `environment`, and `figures`.

    `figures` are those of the best epoch of each run.
    """

    runs: tuple[ListedRun, ...]
    spec: tuple[Difference, ...]
    data: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    figures: tuple[Difference, ...]


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """Compares runs. Errors: those of `read_run`, and of reading their specs."""
    infos = [read_run(path) for path in paths]
    digests = [{"digest": (info.data_digest or ABSENT)[:12]} for info in infos]
    runs = tuple(listed(path) for path in paths)
    names = dict.fromkeys(name for run in runs for name in (run.figures or {}))
    figures = [{name: _figure(run, name) for name in names} for run in runs]
    return Comparison(
        runs=runs,
        spec=tuple(_differences([_spec(path) for path in paths])),
        data=tuple(_differences(digests)),
        environment=tuple(_differences([_environment(path) for path in paths])),
        figures=tuple(_differences(figures)),
    )


def _figure(run: ListedRun, name: str) -> str:
    value = (run.figures or {}).get(name)
    return ABSENT if value is None else f"{value:.4g}"


def _spec(path: Path) -> dict[str, str]:
    return dict(_flat(read_resolved(RunFolder(path)), ""))


def _environment(path: Path) -> dict[str, str]:
    found = dict(_flat(json.loads(read_own(RunFolder(path).environment)), ""))
    # The spec says it as well.
    found.pop("seed", None)
    return found


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Lists the values of a tree by their paths; a list of plain values is one."""
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _flat(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)) and any(isinstance(each, (Mapping, list, tuple)) for each in value):
        for number, below in enumerate(value):
            yield from _flat(below, f"{path}.{number}")
    else:
        yield path, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return "{}" if isinstance(value, Mapping) else str(value)


def _differences(found: Sequence[Mapping[str, str]]) -> Iterator[Difference]:
    for what in dict.fromkeys(key for each in found for key in each):
        values = tuple(each.get(what, ABSENT) for each in found)
        if len(set(values)) > 1:
            yield Difference(what, values)
