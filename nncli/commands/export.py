"""`nncli export`: a network as one file, verified against the network itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nncli.commands.output_files import check_output
from nncli.device import resolve_device
from nncli.errors import Exit
from nncli.exports.exporting import Format, format_of
from nncli.exports.exporting import export as write_export
from nncli.exports.subject import Subject, subject_of_model, subject_of_network
from nncli.messages.catalogue import failure
from nncli.model import describe_model, open_model
from nncli.network.sizing import readable_bytes
from nncli.own_code import load_code
from nncli.preparing import prepare
from nncli.spec.opening import read_spec
from nncli.terminal.figures import count
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting

SPEC_ENDINGS: Final = (".yaml", ".yml")


@dataclass(frozen=True)
class ExportOptions:
    """What `nncli export` was asked to do; without a format, the ending of `output` says it."""

    target: Path
    output: Path
    format: Format | None = None
    set: tuple[str, ...] = ()
    overwrite: bool = False
    json: bool = False
    code: tuple[Path, ...] = ()


def export(options: ExportOptions, streams: Streams) -> int:
    """Writes the file, whole, verified, or not at all."""
    form = format_of(options.output, options.format)
    check_output(options.output, overwrite=options.overwrite)
    with waiting(streams, "exporting"):
        subject = _subject(options, streams)
        done = write_export(subject, form, options.output)
    parameters = subject.network.parameters()
    if options.json:
        document = {"version": 1, "file": str(done.file), "format": form, "bytes": done.size_bytes}
        streams.document({**document, "parameters": parameters, "difference": done.difference})
    size, difference = readable_bytes(done.size_bytes), f"{done.difference:.1e}" if done.difference else "0"
    streams.say(f"{count(parameters)} parameters, {size}, written to {done.file} as {form}")
    streams.say(f"largest difference to the network: {difference} of its largest output")
    return Exit.DONE


def _subject(options: ExportOptions, streams: Streams) -> Subject:
    """Opens a run or weights file; a spec gives its network with initial weights."""
    code = load_code(options.code)
    if options.target.suffix.lower() not in SPEC_ENDINGS or options.target.is_dir():
        if options.set:
            raise failure("set-on-run")
        return subject_of_model(open_model(options.target, resolve_device("cpu"), code))
    spec, problems = read_spec(options.target, options.set)
    prepared = prepare(spec, problems, code=code)
    for warning in prepared.warnings:
        show_problem(streams, warning)
    return subject_of_network(prepared.spec.name, prepared.network, describe_model(prepared))
