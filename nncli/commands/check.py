"""`nncli check`: every problem of a spec, or "ok" with its sizes; runs are left to check_run.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nncli.errors import Exit, NncliError, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.opening import read_spec
from nncli.terminal.problems import as_document, show_problem
from nncli.terminal.streams import Streams

WEIGHTS: Final = ".safetensors"

if TYPE_CHECKING:
    from nncli.preparing.own_code import OwnCode
    from nncli.preparing.prepared import Prepared


@dataclass(frozen=True)
class CheckOptions:
    """What `nncli check` was asked to do; `specs` may be run folders and weights files too."""

    specs: tuple[Path, ...]
    set: tuple[str, ...] = ()
    no_data: bool = False
    resolved: bool = False
    json: bool = False
    code: tuple[Path, ...] = ()
    replay: int = 0


def check(options: CheckOptions, streams: Streams) -> int:
    """Checks specs and runs one after the other; the exit code is the lowest of those that failed."""
    if options.resolved and (options.json or len(options.specs) > 1):
        raise failure("check-resolved-alone")
    code = _own_code(options)
    exits: list[int] = []
    problems: list[Problem] = []
    for path in options.specs:
        try:
            lines, warnings = _checked(path, options, code)
        except NncliError as error:
            exits.append(error.exit_code)
            problems.extend(error.problems)
            if not options.json:
                _show(error.problems, streams)
            continue
        problems.extend(warnings)
        if not options.json:
            _show(warnings, streams)
            for line in lines:
                streams.data(line + "\n")
    if options.json:
        documents = [as_document(problem) for problem in problems]
        streams.document({"version": 1, "ok": not exits, "problems": documents})
    return min(exits, default=Exit.DONE)


def _own_code(options: CheckOptions) -> OwnCode | None:
    """Loads the files of `--code`; without any, torch is not needed yet."""
    if not options.code:
        return None
    from nncli.preparing.own_code import load_code

    return load_code(options.code)


def _examine(path: Path, options: CheckOptions, code: OwnCode | None) -> Prepared:
    spec, problems = read_spec(path, options.set)
    if not any(network.layers for network in spec.networks.values()):
        # Without a network nothing else can be said, and torch is not needed to say it.
        raise failures(problems or [Problem("network-empty", spec.place("network"), "network")])
    from nncli.preparing.own_code import NO_CODE
    from nncli.preparing.prepared import prepare

    own = code or NO_CODE
    return prepare(spec, problems, with_data=not options.no_data, with_weights=False, code=own)


def _show(problems: Sequence[Problem], streams: Streams) -> None:
    for problem in problems:
        show_problem(streams, problem)


def _checked(
    path: Path, options: CheckOptions, code: OwnCode | None
) -> tuple[Iterable[str], Sequence[Problem]]:
    """Checks one file or folder: the lines that say what it is, and warnings."""
    if path.is_dir() or path.suffix == WEIGHTS:
        from nncli.commands.check_run import check_run

        answer = check_run(path, options.replay, code)
        return answer.lines, answer.warnings
    if options.replay:
        raise failure("replay-needs-run", file=path)
    prepared = _examine(path, options, code)
    if options.resolved:
        from nncli.spec.writing import as_tree, as_yaml

        return as_yaml(as_tree(prepared.spec)).removesuffix("\n").split("\n"), prepared.warnings
    from nncli.terminal.tables import check_lines

    return check_lines(str(path), prepared, stand_in=options.no_data), prepared.warnings
