"""`nncli check RUN`: every digest of a run folder or weights file, and steps of the run done again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nncli.counted import counted
from nncli.device import resolve_device, set_threads
from nncli.doctor.recorded_runs import read_history
from nncli.errors import Problem, printable
from nncli.messages.catalogue import failure, failures
from nncli.models.recorded_data import with_recorded_data
from nncli.preparing.own_code import NO_CODE, OwnCode
from nncli.preparing.prepared import Prepared, prepare
from nncli.recording.replaying import Replayed, replay
from nncli.runs.environment import describe_environment, environment_differences, read_environment
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo
from nncli.runs.resume_command import resume_command
from nncli.runs.sameness import check_same_code
from nncli.runs.verifying import Verified, verify_run
from nncli.runs.weights_file import read_weights
from nncli.spec.opening import open_spec
from nncli.terminal.figures import count
from nncli.training.choices import applied, recorded_choices

_STATES: Final = {"killed": "killed: it says that it trains, and no process does"}


@dataclass(frozen=True)
class RunAnswer:
    """What was found: the lines of what is right, and the problems that are no errors."""

    lines: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()


def check_run(path: Path, steps: int, code: OwnCode | None) -> RunAnswer:
    """Verifies a run folder or a weights file, and does some steps of a run again.

    Raises all that is damaged, as one error; `replay-needs-run`, and what `replay` raises.
    """
    if not path.is_dir():
        if steps:
            raise failure("replay-needs-run", file=path)
        tensors = counted(len(read_weights(path).tensors), "tensor")
        return RunAnswer(
            (f"{printable(str(path))}: ok", f"  weights      {tensors}, as the digest in the file says")
        )
    verified = verify_run(path)
    if verified.problems:
        raise failures(verified.problems)
    lines = list(_lines(path, verified))
    if not steps:
        return RunAnswer(tuple(lines))
    replayed, warnings = _replay(path, verified, steps, code or NO_CODE)
    said = (
        f"{counted(replayed.steps, 'step')} from step {count(replayed.first_step)} give the recorded losses"
    )
    lines.append(
        f"  replay       {said}{' and the next checkpoint' if replayed.reaches else ''}, bit for bit"
    )
    return RunAnswer(tuple(lines), warnings)


def _lines(path: Path, verified: Verified) -> Iterator[str]:
    yield f"{printable(str(path))}: ok"
    yield f"  state        {_STATES.get(verified.state, verified.state)}"
    steps = ", ".join(count(each.step) for each in reversed(verified.checkpoints))
    yield f"  checkpoints  {f'step {steps}' if steps else 'none yet'}"
    yield f"  files        {counted(len(verified.info.files), 'file')} as run.json notes them"
    if command := _next(path, verified):
        yield f"  next         {printable(command)}"


def _next(path: Path, verified: Verified) -> str:
    """Says what to type for a run that is not done; nothing while it trains."""
    if verified.state == "failed" and read_history(path, verified.info).diverged:
        # It would diverge again.
        return shlex.join(["nncli", "inspect-gradients", str(path)])
    return resume_command(path, verified.info) if verified.state not in ("done", "training") else ""


def _replay(
    path: Path, verified: Verified, steps: int, code: OwnCode
) -> tuple[Replayed, tuple[Problem, ...]]:
    environment = read_environment(RunFolder(path).environment)
    device = resolve_device(str(environment["device"]).partition(":")[0])
    threads = set_threads(int(str(environment["threads"])))
    choices = recorded_choices(environment, path)
    prepared = _prepared(path, verified.info, code)
    training = prepared.spec.training
    assert training is not None
    now = describe_environment(
        device=str(device),
        threads=threads,
        precision=training.precision,
        seed=training.seed,
        spec_folder=None,
        choices=choices.to_json(),
    )
    differences = environment_differences(environment, now)
    warnings = [
        Problem("bits-may-differ", facts={"difference": each}, severity="warning") for each in differences
    ]
    job, state = prepared.job(device)
    with applied(choices, state.networks):
        return replay(path, verified.checkpoints, steps, job, state), tuple(warnings)


def _prepared(path: Path, info: RunInfo, code: OwnCode) -> Prepared:
    """Prepares a run from its resolved spec, which states all that the run was made of."""
    given = info.model_copy(update={"code": {file.name: digest for file, digest in code.digests.items()}})
    check_same_code(path, info, given)
    spec = open_spec(RunFolder(path).resolved)
    return prepare(with_recorded_data(spec, path, info) if spec.data else spec, code=code)
