"""`nncli check`: every problem of a spec, or "ok" with its sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nncli.errors import Exit, NncliError, Problem
from nncli.messages.catalogue import failure, failures
from nncli.spec.opening import read_spec
from nncli.terminal.problems import as_document, show_problem
from nncli.terminal.streams import Streams

if TYPE_CHECKING:
    from nncli.own_code import OwnCode
    from nncli.preparing import Prepared


@dataclass(frozen=True)
class CheckOptions:
    """What `nncli check` was asked to do."""

    specs: tuple[Path, ...]
    set: tuple[str, ...] = ()
    no_data: bool = False
    resolved: bool = False
    json: bool = False
    code: tuple[Path, ...] = ()


def check(options: CheckOptions, streams: Streams) -> int:
    """Checks specs one after the other; the exit code is the lowest of those that failed."""
    if options.resolved and (options.json or len(options.specs) > 1):
        raise failure("check-resolved-alone")
    code = _own_code(options)
    exits: list[int] = []
    problems: list[Problem] = []
    for path in options.specs:
        try:
            prepared = _examine(path, options, code)
        except NncliError as error:
            exits.append(error.exit_code)
            problems.extend(error.problems)
            if not options.json:
                _show(error.problems, streams)
            continue
        problems.extend(prepared.warnings)
        if not options.json:
            _show(prepared.warnings, streams)
            _report(path, prepared, options, streams)
    if options.json:
        documents = [as_document(problem) for problem in problems]
        streams.document({"version": 1, "ok": not exits, "problems": documents})
    return min(exits, default=Exit.DONE)


def _own_code(options: CheckOptions) -> OwnCode | None:
    """Loads the files of `--code`; without any, torch is not needed yet."""
    if not options.code:
        return None
    from nncli.own_code import load_code

    return load_code(options.code)


def _examine(path: Path, options: CheckOptions, code: OwnCode | None) -> Prepared:
    spec, problems = read_spec(path, options.set)
    if not any(network.layers for network in spec.networks.values()):
        # Without a network nothing else can be said, and torch is not needed to say it.
        raise failures(problems or [Problem("network-empty", spec.place("network"), "network")])
    from nncli.own_code import NO_CODE
    from nncli.preparing import prepare

    own = code or NO_CODE
    return prepare(spec, problems, with_data=not options.no_data, with_weights=False, code=own)


def _show(problems: Sequence[Problem], streams: Streams) -> None:
    for problem in problems:
        show_problem(streams, problem)


def _report(path: Path, prepared: Prepared, options: CheckOptions, streams: Streams) -> None:
    if options.resolved:
        from nncli.spec.writing import as_tree, as_yaml

        streams.data(as_yaml(as_tree(prepared.spec)))
        return
    from nncli.terminal.tables import check_lines

    for line in check_lines(str(path), prepared, stand_in=options.no_data):
        streams.data(line + "\n")
