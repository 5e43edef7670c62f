"""`nncli summary`: layers, shapes, parameters, operations and memory of networks, and their drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nncli.drawing.layout import draw_networks
from nncli.drawing.svg import svg
from nncli.errors import Exit
from nncli.messages.catalogue import failure
from nncli.network.summary.summary import MOMENTS, Summary, Wanted, summarise
from nncli.preparing.own_code import load_code
from nncli.preparing.prepared import Prepared, prepare
from nncli.runs.atomic import write_atomic
from nncli.spec.opening import read_spec
from nncli.terminal.streams import Streams
from nncli.terminal.summaries import View, show_summary
from nncli.training.updating import kept_per_weight

_UNITS: Final[Mapping[str, int]] = {
    "b": 1,
    **{f"{letter}ib": 2 ** (10 * power) for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}b": 10 ** (3 * power) for power, letter in enumerate("kmgt", 1)},
}
_AMOUNT: Final = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([kmgt]?i?b)", re.IGNORECASE | re.ASCII)
_ENDINGS: Final = (".svg", ".png")


@dataclass(frozen=True)
class SummaryOptions:
    """What `nncli summary` was asked to do."""

    spec: Path
    set: tuple[str, ...] = ()
    no_data: bool = False
    flat: bool = False
    depth: int | None = None
    batch_size: int | None = None
    memory: str | None = None
    graph: Path | None = None
    overwrite: bool = False
    json: bool = False
    code: tuple[Path, ...] = ()


def summary(options: SummaryOptions, streams: Streams) -> int:
    """Prints the layers of every network, or the JSON document, and draws the networks."""
    limit = memory_bytes(options.memory) if options.memory is not None else None
    if options.graph is not None:
        _check_graph(options.graph, options.overwrite)
    spec, problems = read_spec(options.spec, options.set)
    code = load_code(options.code)
    prepared = prepare(spec, problems, with_data=not options.no_data, with_weights=False, code=code)
    summaries = _summaries(prepared, options.batch_size, limit)
    if options.json:
        networks = {name: found.document() for name, found in summaries.items()}
        streams.document({"version": 2, "name": prepared.spec.name, "networks": networks})
    else:
        _show(summaries, options, streams)
    if options.graph is not None:
        _draw(prepared.spec.name, summaries, options.graph)
        streams.say(f"drawing written to {options.graph}")
    return Exit.DONE


def memory_bytes(text: str) -> int:
    """Reads an amount of memory such as `8GiB` or `512 MB`, in bytes.

    Raises UsageError `memory-form`.
    """
    found = _AMOUNT.fullmatch(text.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None or float(found[1]) == 0:
        raise failure("memory-form", text=text)
    return int(float(found[1]) * unit)


def _check_graph(file: Path, overwrite: bool) -> None:
    if file.suffix.lower() not in _ENDINGS:
        raise failure("graph-ending-unknown", file=str(file))
    if file.exists() and not overwrite:
        raise failure("output-exists", file=str(file))


def _summaries(prepared: Prepared, batch_size: int | None, limit: int | None) -> dict[str, Summary]:
    spec, training = prepared.spec, prepared.spec.training
    rows = batch_size or (training.batch_size if training else 1)
    moments = kept_per_weight(training) if training else MOMENTS
    wanted = Wanted(rows, moments, limit)
    several = len(prepared.networks) > 1
    return {
        name: summarise(f"{spec.name}, {name}" if several else spec.name, network, wanted)
        for name, network in prepared.networks.items()
    }


def _show(summaries: Mapping[str, Summary], options: SummaryOptions, streams: Streams) -> None:
    view = View(options.flat, options.depth)
    for position, found in enumerate(summaries.values()):
        if position:
            streams.data("\n")
        show_summary(streams, found, view)


def _draw(name: str, summaries: Mapping[str, Summary], file: Path) -> None:
    picture = draw_networks({each: found.wiring for each, found in summaries.items()})
    if file.suffix.lower() == ".svg":
        write_atomic(file, svg(picture, name).encode())
        return
    # It brings a library of plots, which only a PNG needs.
    from nncli.drawing.png import png

    write_atomic(file, png(picture, name))
