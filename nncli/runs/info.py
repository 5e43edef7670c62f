"""run.json: what a run is, how far it came, and the digests of what lies beside it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
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
from nncli.runs.folder import RunFolder, nearest_run

RunState: TypeAlias = Literal["running", "done", "interrupted", "failed"]

FORMAT: Final = 1
"""The version of the folder's layout; a reader refuses a higher one."""

_DIGEST: Final = "digest"


class Extent(BaseModel):
    """What a file held when it was noted; one that rows are added to has that at its beginning for ever.

    Units: `size` in bytes.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    size: int = Field(ge=0)
    sha256: str

    @staticmethod
    def of(content: bytes) -> Extent:
        """Describes some bytes."""
        return Extent(size=len(content), sha256=hashlib.sha256(content).hexdigest())

    def begins(self, content: bytes) -> bool:
        """Tells whether a file still begins with what was noted."""
        return Extent.of(content[: self.size]) == self


class RunInfo(BaseModel):
    """What run.json holds, beside a digest of all of it.

    `nncli` is the version that made the run. `spec_folder` is where the data paths of the spec
    start from, relative to the run folder and with `/`, so that both can move together; null
    where there is no such way; `spec_file` is its name there. `set` holds the `--set` arguments as typed,
    `batch_size` is what `batch_size: auto` came to, or what is stated; null without training.
    `code` the sha256 of each file of `--code` by its path relative to the run folder. `files` has
    what the files beside it held when it was written, by name.
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
    batch_size: int | None = None
    spec_digest: str
    data_digest: str | None = None
    spec_folder: str | None = None
    spec_file: str | None = None
    files: dict[str, Extent] = Field(default_factory=dict)

    def text(self) -> bytes:
        """Writes the JSON document."""
        return _signed(self.model_dump(mode="json"))


def _signed(document: Mapping[str, object]) -> bytes:
    """Writes a document with its digest, in the one form that is read again."""
    digest = hashlib.sha256(json.dumps(document).encode()).hexdigest()
    return (json.dumps({**document, _DIGEST: digest}, indent=2) + "\n").encode()


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
    }
    noted = {file.name: Extent.of(content) for file, content in files.items()}
    files[made.info] = info.model_copy(update={"files": noted}).text()
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
        raise failure("run-missing", run=path, nearest=nearest_run(path))
    for entry in run.entries():
        refuse_link(entry)
    damaged = failure("run-damaged", run=path, file=run.info.name)
    try:
        content = read_own(run.info)
        document = json.loads(content)
    except FileNotFoundError as error:
        raise failure("run-foreign", run=path, nearest=nearest_run(path)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise damaged from error
    written = document.get("format") if isinstance(document, dict) else None
    if type(written) is int and written > FORMAT:
        made_by = str(document.get("nncli", ""))
        raise failure("run-newer", run=path, format=written, version=made_by, known=FORMAT)
    if not isinstance(document, dict):
        raise damaged
    document.pop(_DIGEST, None)
    # Written as it is read, it has to be the same: no bit may be another, not that of a blank.
    if _signed(document) != content:
        raise damaged
    try:
        return RunInfo.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise damaged from error


def update_state(path: Path, state: RunState) -> RunInfo:
    """Changes the state that run.json notes, and notes all rows; the caller holds the lock of the run.

    Errors: those of `read_run` and `write_atomic`.
    """
    return _rewritten(path, read_run(path).model_copy(update={"state": state}), {})


def note_rows(path: Path, kept_bytes: Mapping[str, int] = {}) -> RunInfo:
    """Notes what the files of rows hold, of some only their beginning; the caller holds the lock of the run.

    Errors: those of `read_run` and `write_atomic`.
    """
    return _rewritten(path, read_run(path), kept_bytes)


def _rewritten(path: Path, info: RunInfo, kept_bytes: Mapping[str, int]) -> RunInfo:
    noted = {}
    for file in RunFolder(path).rows():
        if (content := _content(file)) is not None:
            noted[file.name] = Extent.of(content[: kept_bytes.get(file.name, len(content))])
    info = info.model_copy(update={"files": {**info.files, **noted}})
    write_atomic(RunFolder(path).info, info.text())
    return info


def restate_run(path: Path, info: RunInfo, resolved: str) -> None:
    """Writes anew what a run is to be; the caller holds its lock. Errors: those of `write_atomic`."""
    file = RunFolder(path).resolved
    write_atomic(file, resolved.encode())
    files = {**info.files, file.name: Extent.of(resolved.encode())}
    write_atomic(RunFolder(path).info, info.model_copy(update={"files": files}).text())


def changed_files(path: Path, info: RunInfo) -> list[Path]:
    """Lists the files beside run.json that are not any more what it notes.

    Rows that were added since count as no change. Errors: file-linked, file-not-regular.
    """
    run = RunFolder(path)
    rows = {file.name for file in run.rows()}
    known = {file.name: file for file in run.entries()}
    changed = []
    for name, extent in info.files.items():
        content = _content(known[name]) if name in known else None
        if content is None or not extent.begins(content) or (name not in rows and len(content) > extent.size):
            changed.append(path / name)
    return changed


def _content(file: Path) -> bytes | None:
    try:
        return read_own(file)
    except OSError:
        return None


def spec_folder_of(run: Path, info: RunInfo) -> Path | None:
    """Finds the spec's folder again; None where it is not there any more."""
    if info.spec_folder is None:
        return None
    folder = (run.resolve() / info.spec_folder).resolve()
    return folder if folder.is_dir() else None
