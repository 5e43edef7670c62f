"""Which run folder a training run takes, and where it goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nncli import __version__
from nncli.errors import Problem, WeightsError
from nncli.messages.catalogue import failure
from nncli.network.graph.sizing import weight_bytes
from nncli.preparing.own_code import OwnCode
from nncli.preparing.prepared import Prepared
from nncli.recording.recorder import Recorder
from nncli.runs.atomic import check_space
from nncli.runs.checkpoints import KEPT, newest_checkpoint
from nncli.runs.environment import describe_environment, environment_differences, read_environment
from nncli.runs.folder import RUNS, RunFolder, digest_of, newest_run, next_run_path, relative_path
from nncli.runs.info import RunInfo, changed_files, create_run, read_run, restate_run, run_exists
from nncli.runs.locks import RunLock
from nncli.runs.rows import read_rows
from nncli.runs.sameness import check_same_code, check_same_run
from nncli.runs.weights_file import read_weights
from nncli.spec.spec import Spec
from nncli.spec.writing import as_tree, as_yaml
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams
from nncli.training.choices import Choices

LEAST_BYTES: Final = 2**20
_SEED: Final = "training.seed="


@dataclass(frozen=True)
class RunPlace:
    """The folder of a run: one to be made (`recorded` is None), or one to go on with.

    `path` is None where the next number below `runs/<name>` is taken. `lengthened` tells from which length to
    which other one a run goes on; empty where it is as long as it was. Then `recorded` is as it will be.
    """

    path: Path | None
    name: str
    recorded: RunInfo | None = None
    environment: Mapping[str, object] | None = None
    lengthened: str = ""

    def is_done(self, spec: Spec, sets: tuple[str, ...], code: OwnCode) -> bool:
        """Tells whether the run has nothing left to do, which needs no data and no network.

        A run whose weights file is lost or damaged has to write it again.
        Raises WeightsError `run-differs` where it was made by another spec; with other files of `--code`
        also where it is not done, since the spec can mean nothing without them.
        """
        if self.recorded is None or self.path is None or self.lengthened:
            return False
        given = run_info(self.path, spec, sets, self.recorded.data_digest, code)
        if self.recorded.state != "done":
            check_same_code(self.path, self.recorded, given)
            return False
        check_same_run(self.path, self.recorded, given)
        try:
            read_weights(RunFolder(self.path).weights)
        except WeightsError:
            return False
        return True

    def device_for(self, asked: str) -> str:
        """Chooses the recorded kind of device where none was asked for."""
        recorded = str((self.environment or {}).get("device", "auto"))
        return recorded.partition(":")[0] if asked == "auto" else asked

    def seed_for(self, asked: int | None, sets: tuple[str, ...]) -> int | None:
        """Chooses the seed that the run was begun with by `--seed`, where the command line says none."""
        recorded = self.recorded.set if self.recorded else ()
        typed = [each.partition("=")[2] for each in recorded if each.startswith(_SEED)]
        is_open = asked is None and not any(each.startswith(_SEED) for each in sets)
        return int(typed[-1]) if is_open and typed and re.fullmatch("[0-9]{1,18}", typed[-1]) else asked

    def threads_for(self, asked: int | None) -> int | None:
        """Chooses the recorded number of threads, since it changes bits."""
        recorded = (self.environment or {}).get("threads")
        return recorded if asked is None and isinstance(recorded, int) else asked

    def open(self, prepared: Prepared, facts: RunFacts, held: ExitStack, streams: Streams) -> RunFolder:
        """Makes the folder or checks that it belongs to this spec, and locks it while `held` lasts.

        Raises BusyError `run-exists`, `run-in-use`; WeightsError `run-differs`; ResourceError
        `disk-full`, before anything is written.
        """
        weights = weight_bytes(prepared.network.module)
        keep = prepared.spec.training.keep if prepared.spec.training else KEPT
        # Checkpoints with the weights of now and the best ones, and the weights file, at the least.
        check_space(self.path or RUNS, (2 * keep + 1) * weights + LEAST_BYTES)
        environment = facts.environment(prepared)
        if self.recorded is not None and self.path is not None:
            held.enter_context(RunLock(self.path))
            recorded = read_run(self.path).model_copy(update={"set": self.recorded.set})
            check_same_run(self.path, recorded, facts.info(self.path, prepared))
            # What a crash left of a longer run, or what was changed by hand, is stated again.
            if self.lengthened or RunFolder(self.path).resolved in changed_files(self.path, recorded):
                restate_run(self.path, recorded, as_yaml(as_tree(prepared.spec)))
            for difference in environment_differences(self.environment or {}, environment):
                said = {"difference": difference}
                show_problem(streams, Problem("bits-may-differ", facts=said, severity="warning"))
            return RunFolder(self.path)
        path = self.path or next_run_path(RUNS, self.name)
        resolved = as_yaml(as_tree(prepared.spec))
        run = create_run(path, facts.info(path, prepared), prepared.spec.origin.text, resolved, environment)
        held.enter_context(RunLock(path))
        return run


@dataclass(frozen=True)
class RunFacts:
    """What a run folder notes of how the run was started."""

    set: tuple[str, ...]
    device: str
    threads: int
    choices: Choices

    def info(self, path: Path, prepared: Prepared) -> RunInfo:
        """Writes run.json's content."""
        digest = prepared.data.digest if prepared.data else None
        return run_info(path, prepared.spec, self.set, digest, prepared.code)

    def environment(self, prepared: Prepared) -> dict[str, object]:
        """Writes environment.json's content."""
        training = prepared.spec.training
        return describe_environment(
            device=self.device,
            threads=self.threads,
            precision=training.precision if training else "auto",
            seed=training.seed if training else 0,
            spec_folder=prepared.spec.origin.folder,
            choices=self.choices.to_json(),
        )


def run_info(
    path: Path, spec: Spec, sets: tuple[str, ...], data_digest: str | None, code: OwnCode
) -> RunInfo:
    """Describes a run of a spec, in a folder that may not be there yet."""
    return RunInfo(
        nncli=__version__,
        name=spec.name,
        seed=spec.training.seed if spec.training else 0,
        set=sets,
        batch_size=int(spec.training.batch_size) if spec.training else None,
        code={relative_path(path, file) or file.name: digest for file, digest in code.digests.items()},
        spec_digest=digest_of(spec.origin.text),
        data_digest=data_digest,
        spec_folder=relative_path(path, spec.origin.folder),
        spec_file=Path(spec.origin.file).name,
    )


def choose_run(path: Path | None, resume: bool, name: str) -> RunPlace:
    """Chooses the run folder: the one named, the newest of a name to resume, or a new one.

    Raises BusyError `run-exists` where it is there and `--resume` is not, and WeightsError `run-damaged`.
    """
    found = path if path is not None else newest_run(RUNS, name) if resume else None
    if found is None or not RunFolder(found).info.exists():
        return RunPlace(path, name)
    if not resume:
        raise run_exists(found)
    recorded, file = read_run(found), RunFolder(found).environment
    environment = read_environment(file)
    # Its threads and choices decide bits.
    if file in changed_files(found, recorded):
        raise failure("run-damaged", run=found, file=file.name)
    return RunPlace(found, name, recorded, environment)


def finished_row(path: Path) -> dict[str, Any]:
    """Writes the last row of `train --json` for a run that is done already; nothing took any time."""
    rows = read_rows(RunFolder(path).metrics)
    last = rows[-1] if rows else {}
    checkpoint, _ = newest_checkpoint(path)
    return {
        "version": 1,
        "kind": "done",
        "run": str(path),
        "epochs": last.get("epoch", 0),
        "steps": last.get("step", 0),
        "seconds": 0.0,
        "samples_per_second": None,
        "best": checkpoint.state.get("best") if checkpoint else None,
    }


def restore(place: RunPlace, recorder: Recorder, streams: Streams) -> int:
    """Brings the state to the newest checkpoint of the run, and returns its step."""
    step = 0
    if place.recorded is not None:
        step, warnings = recorder.restore()
        for warning in warnings:
            show_problem(streams, warning)
    recorder.begin(step)
    return step
