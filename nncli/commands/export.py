"""`nncli export`: a trained network as one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nncli.device import resolve_device
from nncli.errors import Exit
from nncli.exports.safetensors_file import export_safetensors
from nncli.messages.catalogue import failure
from nncli.model import open_model
from nncli.network.sizing import readable_bytes
from nncli.terminal.figures import count
from nncli.terminal.streams import Streams

Format = Literal["safetensors"]


@dataclass(frozen=True)
class ExportOptions:
    """What `nncli export` was asked to do."""

    run: Path
    output: Path
    format: Format = "safetensors"
    overwrite: bool = False


def export(options: ExportOptions, streams: Streams) -> int:
    """Writes the file, whole or not at all."""
    if options.output.exists() and not options.overwrite:
        raise failure("output-exists", file=str(options.output))
    model = open_model(options.run, resolve_device("cpu"))
    export_safetensors(model, options.output)
    size = readable_bytes(options.output.stat().st_size)
    streams.say(f"{count(model.network.parameters())} parameters, {size}, written to {options.output}")
    return Exit.DONE
