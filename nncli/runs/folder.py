"""The run folder: the names in it, how one comes to be, and what run.json says.

runs/<name>/<number>/
    spec.yaml            the spec as written
    resolved.yaml        the same with defaults, --set and sizes filled in
    run.json             state, seed and digests
    environment.json     software, machine and choices
    metrics.jsonl        one row an epoch, without clock values
    log.jsonl            times, rates and events
    model.safetensors    the weights that were kept
    checkpoints/         where --resume goes on
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nncli.errors import NncliError
from nncli.messages.catalogue import failure
from nncli.operating_system import sync_folder
from nncli.runs.atomic import (
    PARTIAL,
    disk_errors,
    read_own,
    refuse_link,
    rename_over_empty,
    write_atomic,
    write_new,
)

RunState: TypeAlias = Literal["running", "done", "interrupted", "failed"]

FORMAT: Final = 1
"""The version of the folder's layout; a reader refuses a higher one."""

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

    def entries(self) -> tuple[Path, ...]:
        """Lists everything that may lie in the folder."""
        texts = (self.spec, self.resolved, self.info, self.environment)
        return (*texts, self.metrics, self.log, self.weights, self.checkpoints)


class RunInfo(BaseModel):
    """What run.json holds.

    `nncli` is the version that made the run. `spec_folder` is where the data paths of the spec
    start from, relative to the run folder and with `/`, so that both can move together; null
    where there is no such way; `spec_file` is its name there. `set` holds the `--set` arguments as typed,
    `code` the sha256 of each file of `--code` by its path relative to the run folder.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    version: Literal[1] = 1
    format: int = Field(default=FORMAT, ge=1)
    nncli: str
    state: RunState = "running"
    name: str
    seed: int
    set: tuple[str, ...] = ()
    code: dict[str, str] = Field(default_factory=dict)
    spec_digest: str
    data_digest: str | None = None
    spec_folder: str | None = None
    spec_file: str | None = None

    def text(self) -> bytes:
        """Writes the JSON document."""
        return (self.model_dump_json(indent=2) + "\n").encode()


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


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return [int(path.name) for path in folder.iterdir() if _NUMBER.fullmatch(path.name)]


def create_run(
    path: Path, info: RunInfo, spec: str, resolved: str, environment: Mapping[str, object]
) -> RunFolder:
    """Makes a run folder whole or not at all; of several starts at once, one makes it.

    `spec` and `resolved` are the texts of the two YAML files.
    Errors: run-exists where something is there already, disk-full, disk-failed,
    folder-read-only.
    """
    if not _is_free(path):
        raise run_exists(path)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    made = RunFolder(partial)
    files = {
        made.spec: spec.encode(),
        made.resolved: resolved.encode(),
        made.environment: (json.dumps(environment, indent=2) + "\n").encode(),
        made.info: info.text(),
    }
    with disk_errors(path, sum(map(len, files.values()))):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        try:
            for file, content in files.items():
                write_new(file, content)
            sync_folder(partial)
            _take_place(partial, path)
        except BaseException:
            _undo(files, partial)
            raise
        sync_folder(path.parent)
    return RunFolder(path)


def _is_free(path: Path) -> bool:
    """Tells whether a run can lie here: nothing does, or an empty folder with a name of its own."""
    if path.is_symlink() or path.name in ("", ".."):
        return False
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def run_exists(path: Path) -> NncliError:
    """Makes the error for a run that finds something in its place; only a run can be gone on with."""
    resume = "--resume" if RunFolder(path).info.is_file() else ""
    return failure("run-exists", run=path, resume=resume)


def _take_place(partial: Path, path: Path) -> None:
    try:
        rename_over_empty(partial, path)
    except OSError as error:
        if path.exists():
            raise run_exists(path) from error
        raise


def _undo(files: Mapping[Path, bytes], partial: Path) -> None:
    with suppress(OSError):
        for file in files:
            file.unlink(missing_ok=True)
        partial.rmdir()


def read_run(path: Path) -> RunInfo:
    """Reads run.json, after checking that nothing in the folder leads out of it.

    Errors: run-missing, run-foreign, run-damaged, run-newer, file-linked, file-not-regular.
    """
    run = RunFolder(path)
    if not path.is_dir():
        raise failure("run-missing", run=path)
    for entry in run.entries():
        refuse_link(entry)
    try:
        document = json.loads(read_own(run.info))
    except FileNotFoundError as error:
        raise failure("run-foreign", run=path) from error
    except (OSError, ValueError, RecursionError) as error:
        raise failure("run-damaged", run=path, file=run.info.name) from error
    written = document.get("format") if isinstance(document, dict) else None
    if type(written) is int and written > FORMAT:
        made_by = str(document.get("nncli", ""))
        raise failure("run-newer", run=path, format=written, version=made_by, known=FORMAT)
    try:
        return RunInfo.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise failure("run-damaged", run=path, file=run.info.name) from error


def update_state(path: Path, state: RunState) -> RunInfo:
    """Changes the state that run.json notes; the caller holds the lock of the run.

    Errors: those of `read_run` and `write_atomic`.
    """
    info = read_run(path).model_copy(update={"state": state})
    write_atomic(RunFolder(path).info, info.text())
    return info


def restate_run(path: Path, info: RunInfo, resolved: str) -> None:
    """Writes anew what a run is to be; the caller holds its lock. Errors: those of `write_atomic`."""
    write_atomic(RunFolder(path).resolved, resolved.encode())
    write_atomic(RunFolder(path).info, info.text())


def relative_path(run: Path, other: Path) -> str | None:
    """Says the way from a run folder to a file or folder outside; None between two Windows drives."""
    try:
        return Path(os.path.relpath(other.resolve(), run.resolve())).as_posix()
    except ValueError:
        return None


def spec_folder_of(run: Path, info: RunInfo) -> Path | None:
    """Finds the spec's folder again; None where it is not there any more."""
    if info.spec_folder is None:
        return None
    folder = (run.resolve() / info.spec_folder).resolve()
    return folder if folder.is_dir() else None
