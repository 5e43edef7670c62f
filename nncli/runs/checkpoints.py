"""Checkpoints: one folder each, whole or absent, with the digests of its files written last.

    checkpoints/000123/networks.safetensors
                       updaters.safetensors       one file for each group of tensors
                       state.json                 numbers and words
                       manifest.json              {"version", "step", "files": {NAME: {"sha256", "bytes"}}}

A name that ends in `.partial` is being written or removed; one in `.damaged` was found so and left.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from nncli.errors import Problem
from nncli.messages.catalogue import failure
from nncli.operating_system import sync_folder
from nncli.runs.atomic import PARTIAL, Pieces, digest_own, disk_errors, read_own, refuse_link, write_new
from nncli.runs.folder import RunFolder
from nncli.runs.tensors import Packed, unpacked

VERSION: Final = 1
KEPT: Final = 2

_STATE: Final = "state.json"
_MANIFEST: Final = "manifest.json"
_SUFFIX: Final = ".safetensors"
_STEP: Final = re.compile(r"[0-9]{6,18}")
_FILE_PATTERN: Final = r"[a-z_]{1,64}\.safetensors|state\.json"
_FILE: Final = re.compile(_FILE_PATTERN)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: str
    bytes: int


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: int
    step: int
    files: dict[Annotated[str, Field(pattern=f"^({_FILE_PATTERN})$")], _File]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read: tensors on the CPU by group and name, and the state beside them."""

    path: Path
    step: int
    tensors: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, object]


@dataclass(frozen=True)
class Keeping:
    """Which checkpoints stay when one is saved: the newest; with `drops_later` none of later steps."""

    newest: int = KEPT
    drops_later: bool = False


class _DamagedError(Exception):
    """A checkpoint that does not verify, with the file where that shows."""


def save_checkpoint(
    run: Path,
    step: int,
    tensors: Mapping[str, Mapping[str, Tensor]],
    state: Mapping[str, object],
    keeping: Keeping = Keeping(),
) -> Path:
    """Saves a step and then removes all but the newest checkpoints that verify, two or as many as to keep.

    The caller holds the lock of the run. Names of groups are lower-case words. Where the step is saved
    already, that stays if its state is the same, or until the new one lies beside it and verifies.
    Errors: disk-full, disk-failed, folder-read-only, file-linked, save-damaged; what was there stays.
    """
    folder = RunFolder(run).checkpoints
    refuse_link(folder)
    written = json.dumps(state).encode()
    old = [path for path in _saved(folder) if int(path.name) == step and _verifies(path)]
    is_same = bool(old) and _manifest(old[0]).files[_STATE].sha256 == hashlib.sha256(written).hexdigest()
    packed = {f"{group}{_SUFFIX}": Packed(named) for group, named in tensors.items()}
    files: dict[str, bytes | Pieces] = {**packed, _STATE: written}
    with disk_errors(folder, sum(map(len, files.values()))):
        target = old[0] if is_same else _put(folder, step, files, old)
        verified = _retire(folder, step, keeping)
    if target not in verified:
        raise failure("save-damaged", checkpoint=target)
    return target


def _publish(target: Path, step: int, files: Mapping[str, bytes | Pieces]) -> None:
    partial = target.with_name(target.name + PARTIAL)
    _discard(partial)
    partial.mkdir()
    try:
        # Hashed as they are written: what is read again later is compared with what was in memory.
        listed = {
            name: {"sha256": write_new(partial / name, content), "bytes": len(content)}
            for name, content in files.items()
        }
        manifest = {"version": VERSION, "step": step, "files": listed}
        write_new(partial / _MANIFEST, json.dumps(manifest, separators=(",", ":")).encode())
        sync_folder(partial)
        os.rename(partial, target)
    except BaseException:
        _discard(partial)
        raise
    sync_folder(target.parent)


def _put(folder: Path, step: int, files: Mapping[str, bytes | Pieces], old: Sequence[Path]) -> Path:
    """Publishes a checkpoint beside others of its step by a longer name, and removes them if it verifies."""
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
    usual = folder / f"{step:06}"
    target = folder / f"0{old[0].name}" if old else usual
    _set_aside(target)
    _publish(target, step, files)
    if not old or not _verifies(target):
        return target
    for path in old:
        _remove(path)
    if usual.exists():
        return target
    os.rename(target, usual)
    sync_folder(folder)
    return usual


def newest_checkpoint(run: Path) -> tuple[Checkpoint | None, list[Problem]]:
    """Reads the checkpoint of the highest step that verifies, with a warning for each newer one.

    None where nothing was saved yet. Changes nothing on disk.
    Errors: checkpoints-damaged where none verifies, checkpoint-newer, file-linked.
    """
    warnings: list[Problem] = []
    for path, found in examined_checkpoints(run):
        if isinstance(found, Checkpoint):
            return found, warnings
        facts = {"checkpoint": path, "file": found}
        warnings.append(Problem("checkpoint-damaged", facts=facts, severity="warning"))
    if warnings:
        raise failure("checkpoints-damaged", folder=RunFolder(run).checkpoints, count=len(warnings))
    return None, []


def examined_checkpoints(run: Path) -> Iterator[tuple[Path, Checkpoint | str]]:
    """Reads every checkpoint, the highest step first: each as it is, or the file that is damaged.

    Errors: checkpoint-newer, file-linked.
    """
    folder = RunFolder(run).checkpoints
    refuse_link(folder)
    for path in _saved(folder):
        try:
            yield path, _read(path)
        except _DamagedError as damaged:
            yield path, str(damaged)


def clean_leftovers(run: Path) -> None:
    """Removes what a crash left half written; the caller holds the lock of the run.

    Only names that nncli gives to such files are touched, and no link is followed.
    """
    for path in run.glob(f".*{PARTIAL}"):
        if re.fullmatch(r"\..+\.[0-9a-f]{8}\.partial", path.name) and not path.is_dir():
            with suppress(OSError):
                path.unlink()
    folder = RunFolder(run).checkpoints
    refuse_link(folder)
    for path in folder.glob(f"*{PARTIAL}"):
        if _STEP.fullmatch(path.name.removesuffix(PARTIAL)):
            _discard(path)


def _saved(folder: Path) -> list[Path]:
    """Lists checkpoint folders, the highest step first, then the longest name; the clock has no say."""
    paths = list(folder.iterdir()) if folder.is_dir() else []
    saved = [path for path in paths if _STEP.fullmatch(path.name)]
    return sorted(saved, key=lambda path: (int(path.name), len(path.name)), reverse=True)


def _read(path: Path) -> Checkpoint:
    contents = _contents(path)
    try:
        state = json.loads(contents.pop(_STATE))
        tensors = {name.removesuffix(_SUFFIX): unpacked(content) for name, content in contents.items()}
    except (ValueError, RecursionError) as error:
        raise _DamagedError(_STATE) from error
    if not isinstance(state, dict):
        raise _DamagedError(_STATE)
    return Checkpoint(path, int(path.name), tensors, state)


def _verifies(path: Path) -> bool:
    """Compares the files of a checkpoint with its manifest, a piece of each in memory at a time."""
    refuse_link(path)
    try:
        listed = _manifest(path).files.items()
        return all(digest_own(path / name) == (each.sha256, each.bytes) for name, each in listed)
    except (_DamagedError, OSError):
        return False


def _contents(path: Path) -> dict[str, bytes]:
    """Reads the files of a checkpoint once, and compares those very bytes with the manifest."""
    refuse_link(path)
    contents: dict[str, bytes] = {}
    for name, listed in _manifest(path).files.items():
        content = _bytes_of(path / name)
        if len(content) != listed.bytes or hashlib.sha256(content).hexdigest() != listed.sha256:
            raise _DamagedError(name)
        contents[name] = content
    return contents


def _manifest(path: Path) -> _Manifest:
    try:
        document = json.loads(_bytes_of(path / _MANIFEST))
        version = document["version"] if isinstance(document, dict) else None
        if type(version) is int and version > VERSION:
            raise failure("checkpoint-newer", checkpoint=path, version=version, known=VERSION)
        manifest = _Manifest.model_validate(document)
    except (ValueError, KeyError, RecursionError, ValidationError) as error:
        raise _DamagedError(_MANIFEST) from error
    if manifest.version != VERSION or manifest.step != int(path.name) or _STATE not in manifest.files:
        raise _DamagedError(_MANIFEST)
    return manifest


def _bytes_of(path: Path) -> bytes:
    try:
        return read_own(path)
    except OSError as error:
        raise _DamagedError(path.name) from error


def _retire(folder: Path, step: int, keeping: Keeping) -> list[Path]:
    """Removes what was saved on a way that was left or is older than enough, and marks damaged newer ones."""
    verified: list[Path] = []
    for path in _saved(folder):
        if len(verified) == keeping.newest:
            _remove(path)
        elif keeping.drops_later and int(path.name) > step:
            _remove(path)
            _set_aside(path)
        elif _verifies(path):
            verified.append(path)
        elif int(path.name) > step:
            _set_aside(path)
    # Where something could not be removed, now or before, it is tried again.
    clean_leftovers(folder.parent)
    return verified


def _set_aside(path: Path) -> None:
    """Renames a damaged checkpoint, so that a later one can take its place and nothing is lost."""
    if path.exists():
        os.rename(path, path.with_name(f"{path.name}.{secrets.token_hex(4)}.damaged"))


def _remove(path: Path) -> None:
    partial = path.with_name(path.name + PARTIAL)
    with suppress(OSError, _DamagedError):
        listed = set(_manifest(path).files)
        os.rename(path, partial)
        _discard(partial, listed)


def _discard(partial: Path, listed: set[str] | None = None) -> None:
    """Removes the files of a partial folder and then the folder; files of others make it stay."""
    if partial.is_symlink() or not partial.is_dir():
        return
    for path in list(partial.iterdir()):
        ours = path.name in listed if listed is not None else _FILE.fullmatch(path.name)
        if ours or path.name == _MANIFEST:
            with suppress(OSError):
                path.unlink()
    with suppress(OSError):
        partial.rmdir()
