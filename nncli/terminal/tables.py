"""Results as tables: data for stdout, and the lines that `check` and `train` end with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from nncli.errors import printable
from nncli.terminal.figures import count, short
from nncli.terminal.streams import Streams

if TYPE_CHECKING:
    from nncli.preparing.prepared import Prepared
    from nncli.pretrained.foreign import ForeignWeights


NO_RULES: Final[Mapping[str, Mapping[str, float | None]]] = {}


def plain_table(*, header: bool = True) -> Table:
    """Makes an empty table in the one style of nncli."""
    return Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), show_header=header)


def shape_text(shape: Sequence[int]) -> str:
    """Writes a shape without rows: `1×8×8`."""
    return "×".join(str(size) for size in shape) or "1"


def inputs_text(inputs: Mapping[str, Sequence[int]]) -> str:
    """Writes inputs with their shapes; a mask stands beside what it belongs to: `tokens 64 with mask`."""
    masked = {name: f"{name}.mask" in inputs for name in inputs}
    return ", ".join(
        f"{name} {shape_text(shape)}{' with mask' if masked[name] else ''}"
        for name, shape in inputs.items()
        if not masked.get(name.removesuffix(".mask"), False) or masked[name]
    )


def check_lines(path: str, prepared: Prepared, stand_in: bool) -> Iterator[str]:
    """Says "ok" with the sizes of a spec, network by network, and what became of weights from elsewhere."""
    yield f"{printable(path)}: ok"
    if prepared.data is not None:
        parts = ", ".join(f"{name} {count(part.rows)}" for name, part in prepared.data.parts.items())
        yield f"  rows        {parts}"
    is_note = stand_in and prepared.spec.data is not None
    note = " (stand-in sizes; the data was not read)" if is_note else ""
    for name, network in prepared.networks.items():
        if len(prepared.networks) > 1:
            yield f"  {printable(name)}:"
        inputs = inputs_text({each: given.shape for each, given in network.inputs.items()})
        yield f"  inputs      {printable(inputs)}{note}"
        outputs = [f"{each} {shape_text(shape)}" for each, shape in network.outputs.items()]
        yield f"  output      {printable(', '.join(outputs)).removeprefix('output ')}"
        yield f"  parameters  {count(network.parameters())}"
    yield from foreign_lines(prepared.foreign)


def foreign_lines(foreign: Sequence[ForeignWeights]) -> Iterator[str]:
    """Says for each file of `weights:` how its tensors came into the network."""
    for each in foreign:
        yield f"  weights     {printable(each.file)}{f' for {each.prefix}' if each.prefix else ''}"
        yield from (f"    {line}" for line in each.report.lines())


def show_confusion(streams: Streams, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
    """Prints how often each class (rows) was taken for each class (columns)."""
    streams.title("true class by row, predicted class by column")
    table = plain_table()
    table.add_column("")
    for name in classes:
        table.add_column(Text(printable(name)), justify="right")
    for true, row in enumerate(counts):
        cells = (Text(str(number), _cell_style(number, true == said)) for said, number in enumerate(row))
        table.add_row(Text(printable(classes[true])), *cells)
    streams.table(table)


def _cell_style(number: int, right: bool) -> str:
    if not number:
        return "dim"
    return "bold" if right else ""


def show_figures(
    streams: Streams,
    title: str,
    figures: Mapping[str, float | None],
    rules: Mapping[str, Mapping[str, float | None]] = NO_RULES,
) -> None:
    """Prints figures, one a line, and beside them those of the rules that a forecast has to beat."""
    streams.title(title)
    table = plain_table(header=bool(rules))
    table.add_column()
    table.add_column("network" if rules else "", justify="right")
    for rule in rules:
        table.add_column(Text(rule), justify="right")
    for name, value in figures.items():
        others = [short(each[name]) if name in each else "" for each in rules.values()]
        table.add_row(Text(printable(name)), short(value), *others)
    streams.table(table)
