"""`nncli data`: data before training, and the cache of encoded data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from nncli.cache_folder import Entry, cache_folder, clear_cache, list_cache
from nncli.commands.output_files import check_output
from nncli.errors import Exit, NncliError, Problem
from nncli.inspection.figures import Figures
from nncli.inspection.findings import CODES, Finding
from nncli.inspection.looking import Look, look
from nncli.inspection.pictures import contact_sheet_png, image_inputs
from nncli.messages.catalogue import failure, failures, nearest
from nncli.runs.atomic import write_atomic
from nncli.spec.opening import read_spec
from nncli.spec.spec import Spec
from nncli.terminal.cache_tables import show_cache, show_cleared
from nncli.terminal.data_looks import show_look
from nncli.terminal.problems import as_document, show_problem
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting

VERSION = 1
_OF_NETWORKS = ("network", "networks", "blocks", "constants", "weights", "init", "freeze", "training")
_FOUND = {"column-constant": "constant", "class-rare": "rare", "input-is-target": "giveaway"}
"""What opening warns of, with the finding here that says it with more beside it."""


@dataclass(frozen=True)
class DataOptions:
    """What `nncli data` was asked to do."""

    spec: Path | None
    set: tuple[str, ...] = ()
    fail_on: tuple[str, ...] = ()
    contact_sheet: Path | None = None
    overwrite: bool = False
    json: bool = False
    cache: Literal["list", "clear"] | None = None


def data(options: DataOptions, streams: Streams) -> int:
    """Shows the data of a spec, or the cache; returns NO where something was found that was to fail on."""
    if (options.spec is None) == (options.cache is None):
        raise failure("data-what")
    if options.spec is None:
        return _cache(options, streams)
    wanted = tuple(_wanted(options.fail_on))
    if options.contact_sheet is not None:
        check_output(options.contact_sheet, overwrite=options.overwrite)
    try:
        spec = _read(options.spec, options.set)
        with waiting(streams, "looking"):
            found = look(spec)
    except NncliError as error:
        if not options.json:
            raise
        problems = [as_document(problem) for problem in error.problems]
        streams.document({"version": VERSION, "ok": False, "problems": problems})
        return error.exit_code
    _show(spec, found, options, streams)
    if options.contact_sheet is not None:
        _draw(spec, found, options.contact_sheet, streams)
    failed = any(finding.name in wanted for finding in found.findings)
    return Exit.NO if failed else Exit.DONE


def _wanted(fail_on: Sequence[str]) -> Iterator[str]:
    for word in (each.strip() for option in fail_on for each in option.split(",")):
        if word not in CODES:
            known = tuple(CODES)
            raise failure("finding-unknown", id=word, nearest=nearest(word, known), known=known)
        yield word


def _read(path: Path, changes: Sequence[str]) -> Spec:
    """Reads a spec; what is wrong with its networks and their training keeps nobody from looking at data."""
    spec, problems = read_spec(path, changes, needs_network=False)
    errors = [
        each
        for each in problems
        if each.severity == "error" and each.path.partition(".")[0] not in _OF_NETWORKS
    ]
    if spec.data is None and "data" not in spec.places:
        errors.append(Problem("key-missing", spec.place(), "data", {"key": "data"}))
    if errors:
        raise failures(errors)
    return spec


def _show(spec: Spec, found: Look, options: DataOptions, streams: Streams) -> None:
    warnings = [each for each in found.data.warnings if not _is_found(each, found.findings)]
    if options.json:
        streams.document(_document(spec, found, warnings))
        return
    for warning in warnings:
        show_problem(streams, warning)
    show_look(streams, str(options.spec), found)


def _is_found(warning: Problem, findings: Sequence[Finding]) -> bool:
    """Tells whether a finding about the same column says what a warning does."""
    column = warning.facts.get("name", warning.path.rpartition(".")[2])
    return any((each.name, each.column) == (_FOUND.get(warning.code), column) for each in findings)


def _draw(spec: Spec, found: Look, file: Path, streams: Streams) -> None:
    if not image_inputs(found.data.encoders):
        raise failure("contact-sheet-none")
    seed = spec.training.seed if spec.training is not None else 0
    write_atomic(file, contact_sheet_png(found.data, seed))
    streams.say(f"contact sheet written to {file}")


def _document(spec: Spec, found: Look, warnings: Sequence[Problem]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "ok": True,
        "name": spec.name,
        "digest": found.data.digest,
        "rows": dict(found.rows),
        "seen": found.seen,
        "timeline": asdict(found.timeline) if found.timeline else None,
        "columns": [_column(column) for column in found.columns],
        "samples": [dict(row) for row in found.samples],
        "tokens": {name: list(map(list, samples)) for name, samples in found.tokens.items()},
        "findings": [_finding(finding) for finding in found.findings],
        "problems": [as_document(warning) for warning in warnings],
    }


def _column(column: Figures) -> dict[str, Any]:
    counted = "pixels" if column.type == "mask" else "rows"
    classes = [{"class": name, counted: count} for name, count in column.classes]
    return {**asdict(column), "details": dict(column.details), "classes": classes, "ratio": column.ratio}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "severity": finding.severity,
        "column": finding.column or None,
        "count": finding.count,
        "places": list(finding.places),
        "message": finding.message,
        "hint": finding.hint,
    }


def _cache(options: DataOptions, streams: Streams) -> int:
    removed = clear_cache() if options.cache == "clear" else ()
    left, folder = list_cache(), str(cache_folder())
    if options.json:
        both = {"removed": removed, "entries": left} if options.cache == "clear" else {"entries": left}
        documents = {name: [_entry(entry) for entry in entries] for name, entries in both.items()}
        streams.document({"version": VERSION, "folder": folder, **documents})
    elif options.cache == "clear":
        show_cleared(streams, removed, left)
    else:
        show_cache(streams, folder, left)
    return Exit.DONE


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "about": entry.about,
        "size_bytes": entry.size_bytes,
        "used": entry.used,
        "path": str(entry.path),
    }
