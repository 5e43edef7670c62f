"""The runs below a folder, each in a few facts; damaged ones are told, not left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from nncli.better import is_better
from nncli.errors import NncliError
from nncli.natural_order import natural_order
from nncli.runs.atomic import read_own
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, read_run
from nncli.runs.locks import is_held
from nncli.runs.rows import read_rows
from nncli.spec.nodes import plain
from nncli.spec.reading import read_nodes

State: TypeAlias = Literal["training", "done", "interrupted", "failed", "killed", "damaged"]

_DEPTH: Final = 3
"""How deep below a folder runs are looked for: `runs/<name>/<number>` is two below."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run: how far it came, and the epoch at which a figure was best.

    `state` is killed where it says that it trains and nobody does. `figure` is the one that chose the
    weights, else the loss of training; `best` is its value, `figures` are all those of that epoch, by names
    such as `validation.accuracy`. Units: `seconds` of all epochs, validation included.
    """

    path: Path
    name: str
    state: State
    started: datetime | None = None
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    figure: str = ""
    best: float | None = None
    best_epoch: int = 0
    figures: Mapping[str, float | None] | None = None


def list_runs(folder: Path, figure: str = "") -> list[ListedRun]:
    """Lists the runs in a folder and in the folders below it, by their paths; `figure` is that of `best`."""
    paths = sorted(_runs_below(folder, _DEPTH), key=lambda path: natural_order(str(path)))
    return [listed(path, figure) for path in paths]


def _runs_below(folder: Path, depth: int) -> Iterator[Path]:
    if RunFolder(folder).info.is_file():
        yield folder
        return
    if depth:
        with suppress(OSError):
            for below in folder.iterdir():
                if below.is_dir() and not below.is_symlink() and not below.name.startswith("."):
                    yield from _runs_below(below, depth - 1)


def listed(path: Path, figure: str = "") -> ListedRun:
    """Looks at one run. What cannot be read makes it damaged; nothing is raised."""
    run = RunFolder(path)
    try:
        info = read_run(path)
        epochs, log = read_rows(run.metrics), read_rows(run.log)
        watched = figure or _watched(run)
        state = state_of(path, info)
    except (NncliError, OSError, ValueError):
        return ListedRun(path, path.parent.name, "damaged")
    last: dict[str, Any] = epochs[-1] if epochs else {}
    best = _best(epochs, watched)
    figures = _figures(best) if best else None
    value = figures.get(watched) if figures else None
    return ListedRun(
        path=path,
        name=info.name,
        state=state,
        started=_started(log),
        epoch=int(last.get("epoch", 0)),
        step=int(last.get("step", 0)),
        seconds=training_seconds(log),
        figure=watched,
        best=value,
        best_epoch=int(best["epoch"]) if best and value is not None else 0,
        figures=figures,
    )


def state_of(path: Path, info: RunInfo) -> State:
    """Tells how a run stands: one that says that it trains, and that nobody holds, was killed."""
    if info.state != "running":
        return info.state
    return "training" if is_held(path) else "killed"


def read_resolved(run: RunFolder) -> dict[str, Any]:
    """Reads the resolved spec as plain values. Raises SpecError where it is no YAML, OSError, ValueError."""
    found = plain(read_nodes(read_own(run.resolved).decode("utf-8"), str(run.resolved)))
    return found if isinstance(found, dict) else {}


def _watched(run: RunFolder) -> str:
    training = read_resolved(run).get("training")
    return str(training.get("keep_best", "train.loss")) if isinstance(training, dict) else "train.loss"


def _best(epochs: list[dict[str, Any]], watched: str) -> dict[str, Any] | None:
    best: dict[str, Any] | None = None
    for row in epochs:
        value = _figures(row).get(watched)
        if is_better(watched, value, _figures(best).get(watched) if best else None):
            best = row
    return best or (epochs[-1] if epochs else None)


def _figures(row: Mapping[str, Any]) -> dict[str, float | None]:
    parts = {part: row.get(part) or {} for part in ("train", "validation")}
    return {f"{part}.{name}": value for part, found in parts.items() for name, value in found.items()}


def _started(log: list[dict[str, Any]]) -> datetime | None:
    times = (str(row["time"]) for row in log if row.get("event") == "started" and "time" in row)
    with suppress(ValueError):
        first = next(times, None)
        return datetime.fromisoformat(first) if first else None
    return None


def training_seconds(log: Sequence[Mapping[str, Any]]) -> float:
    """Adds up the seconds of all epochs in a log; of one that was trained again, those of the last time."""
    epochs = (row for row in log if row.get("event") == "epoch")
    return sum({int(row["epoch"]): float(row.get("seconds") or 0.0) for row in epochs}.values())
