"""`nncli summary`: layers, shapes, parameters and memory of a spec's network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nncli.errors import Exit
from nncli.network.summary import summarise
from nncli.preparing import prepare
from nncli.spec.opening import read_spec
from nncli.terminal.streams import Streams
from nncli.terminal.tables import show_summary


@dataclass(frozen=True)
class SummaryOptions:
    """What `nncli summary` was asked to do."""

    spec: Path
    set: tuple[str, ...] = ()
    no_data: bool = False
    json: bool = False


def summary(options: SummaryOptions, streams: Streams) -> int:
    """Prints the table of layers, or its JSON document."""
    spec, problems = read_spec(options.spec, options.set)
    prepared = prepare(spec, problems, with_data=not options.no_data, with_weights=False)
    batch_size = spec.training.batch_size if spec.training else 1
    found = summarise(prepared.network, batch_size)
    if options.json:
        streams.document({"version": 1, **found.document()})
    else:
        show_summary(streams, prepared.spec.name, prepared.network.inputs, found)
    return Exit.DONE
