"""What a run folder tells of how a run went, and the spec of a run that has no weights yet."""

from __future__ import annotations

from pathlib import Path

from nncli.diagnosis.history import History, history_of
from nncli.errors import NncliError
from nncli.models.recorded_data import with_recorded_data
from nncli.runs.folder import RunFolder
from nncli.runs.info import RunInfo, read_run
from nncli.runs.rows import read_rows
from nncli.spec.opening import open_spec, parse_spec
from nncli.spec.reading import read_file
from nncli.spec.spec import Origin, Spec

DIVERGED = "diverged"


def read_history(path: Path, info: RunInfo) -> History:
    """Reads the epochs and statistics of a run. Raises WeightsError `rows-damaged`."""
    run = RunFolder(path)
    events = read_rows(run.log)
    ended = [event for event in events if event.get("event") in ("failed", "done", "interrupted")]
    problems = ended[-1].get("problems") if ended else None
    is_diverged = isinstance(problems, list) and DIVERGED in problems
    return history_of(read_rows(run.metrics), read_rows(run.statistics), info.state, diverged=is_diverged)


def has_weights(path: Path) -> bool:
    """Tells whether a run has saved any weights; raises what `read_run` does where it is no run."""
    read_run(path)
    return RunFolder(path).weights.exists()


def has_updates(path: Path) -> bool:
    """Tells whether the spec of a run says its own updates, as it is resolved; no where it is no spec any
    more."""
    try:
        training = open_spec(RunFolder(path).resolved).training
    except NncliError:
        return False
    return training is not None and bool(training.updates)


def written_spec(path: Path, info: RunInfo) -> Spec:
    """Reads the spec of a run as it was written, with its `--set` values and its data where they are.

    Raises SpecError where it is wrong, and what `with_recorded_data` does.
    """
    file = RunFolder(path).spec
    text = read_file(file, str(file))
    spec = parse_spec(text, Origin(str(file), path, text), info.set, stem=info.name)
    return spec if spec.data is None else with_recorded_data(spec, path, info)
