"""Whether a run is gone on with as it began: the same spec, `--set`, `--seed`, `--code` and data"""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath
from typing import Final

from nncli.errors import Problem
from nncli.messages.catalogue import failures
from nncli.runs.info import RunInfo

_SEED: Final = "training.seed="


def check_same_run(path: Path, recorded: RunInfo, given: RunInfo) -> None:
    """Refuses to resume a run with another spec, seed, `--set`, `--code` or data, naming each difference.

    Errors: run-differs, once for each.
    """
    # A seed of the command line is a `--set` too, and is told once.
    sets = [" ".join(each for each in info.set if not each.startswith(_SEED)) for info in (recorded, given)]
    pairs = (
        ("the digest of the spec", recorded.spec_digest[:12], given.spec_digest[:12]),
        ("--set", *sets),
        ("--seed", str(recorded.seed), str(given.seed)),
        ("the digest of the data", (recorded.data_digest or "")[:12], (given.data_digest or "")[:12]),
    )
    problems = [
        Problem(
            "run-differs",
            facts={"run": path, "what": what, "recorded": old or "nothing", "given": new or "nothing"},
        )
        for what, old, new in pairs
        if old != new
    ]
    problems += _other_code(path, recorded, given)
    if problems:
        raise failures(problems)


def check_same_code(path: Path, recorded: RunInfo, given: RunInfo) -> None:
    """Refuses to resume a run with other files of `--code`. Errors: run-differs."""
    if problems := _other_code(path, recorded, given):
        raise failures(problems)


def _other_code(path: Path, recorded: RunInfo, given: RunInfo) -> list[Problem]:
    """Compares files by name and digest; `add` names those that were not given."""
    old, new = (
        {PurePosixPath(file).name: digest[:12] for file, digest in info.code.items()}
        for info in (recorded, given)
    )
    if old == new:
        return []
    said = [", ".join(f"{name} {digest}" for name, digest in each.items()) for each in (old, new)]
    add = " ".join(f"--code {shlex.quote(name)}" for name in old if name not in new)
    facts = {"run": path, "what": "--code", "recorded": said[0] or "nothing", "given": said[1] or "nothing"}
    return [Problem("run-differs", facts={**facts, "add": add})]
