"""The run folder: the names in it, and the numbers of runs.

runs/<name>/<number>/
    spec.yaml            the spec as written
    resolved.yaml        the same with defaults, --set and sizes filled in
    run.json             state, seed and digests
    environment.json     software, machine and choices
    metrics.jsonl        one row an epoch, without clock values
    statistics.jsonl     gradients and updates of some steps, by layer
    log.jsonl            times, rates and events
    model.safetensors    the weights that were kept
    checkpoints/         where --resume goes on
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nncli.near_paths import nearest_path
from nncli.runs.atomic import disk_errors

RUNS: Final = Path("runs")
"""Where runs lie that are given no folder."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run folder, and where each thing in it lies."""

    path: Path

    @property
    def spec(self) -> Path:
        """The spec as it was written."""
        return self.path / "spec.yaml"

    @property
    def resolved(self) -> Path:
        """The spec with everything filled in."""
        return self.path / "resolved.yaml"

    @property
    def info(self) -> Path:
        """State, seed and digests: see `RunInfo`."""
        return self.path / "run.json"

    @property
    def environment(self) -> Path:
        """Software, machine and choices."""
        return self.path / "environment.json"

    @property
    def metrics(self) -> Path:
        """Rows without clock values."""
        return self.path / "metrics.jsonl"

    @property
    def statistics(self) -> Path:
        """Rows of what was measured of steps, without clock values."""
        return self.path / "statistics.jsonl"

    @property
    def log(self) -> Path:
        """Rows of times, rates and events."""
        return self.path / "log.jsonl"

    @property
    def weights(self) -> Path:
        """The weights that were kept."""
        return self.path / "model.safetensors"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    def has_checkpoints(self) -> bool:
        """Tells whether anything was ever saved, be it whole or damaged."""
        return self.checkpoints.is_dir() and any(self.checkpoints.iterdir())

    def rows(self) -> tuple[Path, ...]:
        """Lists the files that only grow, row by row."""
        return self.metrics, self.statistics, self.log

    def entries(self) -> tuple[Path, ...]:
        """Lists everything that may lie in the folder."""
        texts = (self.spec, self.resolved, self.info, self.environment)
        return (*texts, *self.rows(), self.weights, self.checkpoints)


def digest_of(text: str) -> str:
    """Makes the sha256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def next_run_path(root: Path, name: str) -> Path:
    """Makes an empty folder `root/name/NUMBER` with the next number, which nobody else gets.

    Errors: disk-full, disk-failed, folder-read-only.
    """
    folder = root / name
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(max(_numbers(folder), default=0) + 1):
            with suppress(FileExistsError):
                (folder / str(number)).mkdir()
                break
    return folder / str(number)


def newest_run(root: Path, name: str) -> Path | None:
    """Finds the run of a name with the highest number; a folder without run.json is none."""
    folder = root / name
    numbers = [n for n in _numbers(folder) if RunFolder(folder / str(n)).info.is_file()]
    return folder / str(max(numbers)) if numbers else None


def nearest_run(path: Path) -> str:
    """Names the run that was probably meant by a path that is none; empty where nothing is like it.

    A name alone is looked for in runs/ as well, and of a folder of runs the newest is named.
    """
    is_bare = path.parent == Path()
    if path.is_dir() or (_NUMBER.fullmatch(path.name) and path.parent.is_dir()):
        runs = path if path.is_dir() else path.parent
        return str(newest_run(runs.parent, runs.name) or "")
    if is_bare and (RUNS / path).is_dir():
        near = str(RUNS / path)
    else:
        near = (nearest_path(RUNS / path) if is_bare else "") or nearest_path(path)
    if not near or not Path(near).is_dir() or RunFolder(Path(near)).info.is_file():
        return near
    return str(newest_run(Path(near).parent, Path(near).name) or "")


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return [int(path.name) for path in folder.iterdir() if _NUMBER.fullmatch(path.name)]


def relative_path(run: Path, other: Path) -> str | None:
    """Says the way from a run folder to a file or folder outside; None between two Windows drives."""
    try:
        return Path(os.path.relpath(other.resolve(), run.resolve())).as_posix()
    except ValueError:
        return None
