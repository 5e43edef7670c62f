"""The commands that go on with a run, as they would be typed now."""

from __future__ import annotations

import shlex
from pathlib import Path

from nncli.runs.info import RunInfo, spec_folder_of


def resume_command(run: Path, info: RunInfo) -> str:
    """Writes `nncli train iris.yaml --set training.epochs=5 --run runs/iris/1 --resume`, for a shell.

    SPEC stands for a spec that is not where the run found it; such a file of `--code` goes by its name.
    """
    return shlex.join(["nncli", "train", *_spec(run, info), "--run", str(run), "--resume"])


def resolving_command(run: Path, info: RunInfo) -> str:
    """Writes the command that prints resolved.yaml of a run, for a shell."""
    return shlex.join(["nncli", "check", *_spec(run, info), "--resolved"])


def spec_file_of(run: Path, info: RunInfo) -> Path | None:
    """Finds the spec of a run where it lay, as a path from here; None where it is not there any more."""
    folder = spec_folder_of(run, info)
    # run.json may come from anywhere, and names a file in that folder only.
    if folder is None or not info.spec_file or Path(info.spec_file).name != info.spec_file:
        return None
    path = folder / info.spec_file
    return Path(_from_here(path)) if path.is_file() else None


def _spec(run: Path, info: RunInfo) -> list[str]:
    words = [str(spec_file_of(run, info) or "SPEC")]
    for value in info.set:
        words += ["--set", value]
    for file in info.code:
        words += ["--code", _code(run, file)]
    return words


def _code(run: Path, file: str) -> str:
    try:
        path = (run.resolve() / file).resolve()
    # run.json may come from anywhere, and hold what is no path.
    except ValueError:
        return "FILE"
    return _from_here(path) if path.is_file() else path.name


def _from_here(path: Path) -> str:
    here = Path.cwd().resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
