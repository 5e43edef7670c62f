"""`nncli export`: a network as one file, verified against the network itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nncli.commands.output_files import check_output
from nncli.errors import Exit
from nncli.exports.exporting import HOLDS_SEVERAL, Format, format_of
from nncli.exports.exporting import export as write_export
from nncli.exports.subject import subject_of
from nncli.messages.catalogue import failure
from nncli.models.opened import Opened, is_spec, open_untrained, open_weights
from nncli.network.graph.sizing import readable_bytes
from nncli.preparing.own_code import load_code
from nncli.terminal.figures import count
from nncli.terminal.problems import show_problem
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting


@dataclass(frozen=True)
class ExportOptions:
    """What `nncli export` was asked to do; without a format, the ending of `output` says it.

    `network` is one of several; without it a format that holds several takes all.
    """

    target: Path
    output: Path
    format: Format | None = None
    network: str | None = None
    set: tuple[str, ...] = ()
    overwrite: bool = False
    json: bool = False
    code: tuple[Path, ...] = ()


def export(options: ExportOptions, streams: Streams) -> int:
    """Writes the file, whole, verified, or not at all."""
    form = format_of(options.output, options.format)
    check_output(options.output, overwrite=options.overwrite)
    with waiting(streams, "exporting"):
        opened = _opened(options)
        for warning in opened.warnings:
            show_problem(streams, warning)
        subject = subject_of(opened, options.network, takes_one=form not in HOLDS_SEVERAL)
        done = write_export(subject, form, options.output)
    parameters = subject.parameters()
    if options.json:
        document = {"version": 1, "file": str(done.file), "format": form, "bytes": done.size_bytes}
        networks = list(subject.networks)
        document |= {"networks": networks, "parameters": parameters, "difference": done.difference}
        streams.document(document)
    size, difference = readable_bytes(done.size_bytes), f"{done.difference:.1e}" if done.difference else "0"
    streams.say(f"{count(parameters)} parameters, {size}, written to {done.file} as {form}")
    streams.say(f"largest difference to the network: {difference} of its largest output")
    return Exit.DONE


def _opened(options: ExportOptions) -> Opened:
    """Opens a run or weights file; a spec gives its networks with initial weights."""
    code = load_code(options.code)
    if is_spec(options.target):
        return open_untrained(options.target, options.set, code)
    if options.set:
        raise failure("set-on-run")
    return open_weights(options.target, code)
