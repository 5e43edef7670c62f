"""What the folder of a run tells without its weights or data: how it went, and on what machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nncli.doctor.recorded_runs import read_history
from nncli.errors import NncliError
from nncli.reports.facts import Best, Course, Curve, Head
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo
from nncli.runs.listing import listed
from nncli.runs.rows import read_rows
from nncli.spec.opening import open_spec
from nncli.spec.spec import Spec

PARTS = ("train", "validation")


def read_course(path: Path, info: RunInfo) -> Course:
    """Reads epochs, rates and times of a run. Raises WeightsError `rows-damaged`."""
    rows = [row for row in read_rows(RunFolder(path).metrics) if row.get("kind") == "epoch"]
    found, history = listed(path), read_history(path, info)
    best = None
    if found.best is not None:
        best = Best(found.best_epoch, found.figure, found.best)
    return Course(
        epochs=found.epoch,
        steps=found.step,
        curves=tuple(_curves(rows)),
        rates=tuple(_rates(rows)),
        best=best,
        statistics=history.steps,
        last_steps=history.last_steps(),
        seconds=found.seconds if rows else None,
        started=found.started,
    )


def resolved_spec(path: Path) -> Spec | None:
    """Reads the spec with its defaults; None where that is no spec any more."""
    try:
        return open_spec(RunFolder(path).resolved)
    except NncliError:
        return None


def read_head(path: Path, info: RunInfo, environment: Mapping[str, Any], *, diverged: bool) -> Head:
    """Says what a run is and how it ended."""
    resolved = resolved_spec(path)
    device = str(environment.get("device", ""))
    name = environment.get("device_name")
    return Head(
        folder=str(path),
        name=info.name,
        state="diverged" if diverged else listed(path).state,
        description=(resolved.description or "") if resolved else "",
        seed=info.seed,
        device=f"{device}, {name}" if name else device,
    )


def _curves(rows: Sequence[Mapping[str, Any]]) -> Iterator[Curve]:
    """Gives a curve for each figure of each part, losses first, as the rows have them."""
    names = dict.fromkeys(name for row in rows for part in PARTS for name in row.get(part) or {})
    for name in names:
        for part in PARTS:
            points = [(int(row["epoch"]), (row.get(part) or {}).get(name)) for row in rows]
            if any(name in (row.get(part) or {}) for row in rows):
                yield Curve(name, part, tuple(points))


def _rates(rows: Sequence[Mapping[str, Any]]) -> Iterator[Curve]:
    written = [(int(row["epoch"]), row["learning_rate"]) for row in rows if "learning_rate" in row]
    found: dict[str, list[tuple[int, float | None]]] = {}
    for epoch, rate in written:
        for name, value in rate.items() if isinstance(rate, Mapping) else [("", rate)]:
            found.setdefault(name, []).append((epoch, value))
    for name, points in found.items():
        yield Curve("learning rate", name, tuple(points))
