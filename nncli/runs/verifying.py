"""A run folder verified: every digest in it, with what is damaged and what to type."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from nncli.errors import NncliError, Problem
from nncli.messages.catalogue import failure
from nncli.runs.checkpoints import Checkpoint, examined_checkpoints
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, changed_files, read_run
from nncli.runs.listing import State, state_of
from nncli.runs.resume_command import resolving_command, resume_command, spec_file_of
from nncli.runs.weights_file import read_weights


@dataclass(frozen=True)
class Verified:
    """What a run folder holds: how the run stands, its checkpoints, the newest first, and what is wrong."""

    info: RunInfo
    state: State
    checkpoints: tuple[Checkpoint, ...]
    problems: tuple[Problem, ...]


def verify_run(path: Path) -> Verified:
    """Compares every file of a run folder with the digest that was written with it; changes nothing.

    A run that is going on may be verified too. Raises what `read_run` does.
    """
    info = read_run(path)
    state = state_of(path, info)
    command = resume_command(path, info)
    problems = [_changed(path, info, file) for file in changed_files(path, info)]
    checkpoints, damaged = _checkpoints(path, command)
    problems += damaged
    if info.state == "done" and not checkpoints and not damaged:
        problems.append(Problem("checkpoints-gone", facts={"folder": RunFolder(path).checkpoints}))
    problems += _weights(path, info, bool(checkpoints or damaged), command)
    return Verified(info, state, checkpoints, tuple(problems))


def _checkpoints(path: Path, command: str) -> tuple[tuple[Checkpoint, ...], list[Problem]]:
    good: list[Checkpoint] = []
    bad: list[tuple[Path, str]] = []
    try:
        for folder, found in examined_checkpoints(path):
            if isinstance(found, Checkpoint):
                good.append(found)
            else:
                bad.append((folder, found))
    except NncliError as error:
        return tuple(good), list(error.problems)
    if bad and not good:
        problem = failure("checkpoints-damaged", folder=RunFolder(path).checkpoints, count=len(bad))
        return (), list(problem.problems)
    step = good[0].step if good else 0
    # One below those that verify is never needed again, and the next save removes it.
    facts = [{"checkpoint": folder, "file": file, "step": step, "command": command} for folder, file in bad]
    return tuple(good), [Problem("checkpoint-spoilt", facts=each) for each in facts]


def _changed(path: Path, info: RunInfo, file: Path) -> Problem:
    run = RunFolder(path)
    if file in run.rows():
        return Problem("rows-changed", facts={"file": file})
    facts = {"run": path, "file": file.name}
    if file == run.spec and (original := spec_file_of(path, info)) is not None:
        facts["command"] = shlex.join(["cp", str(original), str(file)])
    if file == run.resolved:
        facts["command"] = f"{resolving_command(path, info)} > {shlex.quote(str(file))}"
    return Problem("run-damaged", facts=facts)


def _weights(path: Path, info: RunInfo, has_checkpoints: bool, command: str) -> list[Problem]:
    """Reads the weights file, which every run has from its first checkpoint on."""
    file = RunFolder(path).weights
    if not file.exists():
        return [without_weights(path, info)] if has_checkpoints else []
    try:
        read_weights(file)
    except NncliError as error:
        facts = {"run": path, "reason": str(error), "command": command}
        return [Problem("run-weights-damaged", facts=facts)]
    return []


def without_weights(path: Path, info: RunInfo) -> Problem:
    """Makes the problem of a run without a weights file: its checkpoints give one, or nothing was saved."""
    state, command = state_of(path, info), resume_command(path, info)
    facts: dict[str, object] = {"run": path, "state": state, "command": command}
    if RunFolder(path).has_checkpoints():
        return Problem("run-without-weights", facts=facts)
    if state == "training":
        facts["command"] = ""
    if state == "failed":
        facts["inspect"] = shlex.join(["nncli", "inspect-gradients", str(path)])
    return Problem("run-unsaved", facts=facts)
