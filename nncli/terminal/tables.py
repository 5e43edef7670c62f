"""Results as tables: data for stdout, and the lines that `check` and `train` end with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from nncli.errors import printable
from nncli.terminal.figures import count, short
from nncli.terminal.streams import Streams

if TYPE_CHECKING:
    from nncli.network.summary import Summary
    from nncli.preparing import Prepared
    from nncli.spec.items import InputSpec


def plain_table(*, header: bool = True) -> Table:
    """Makes an empty table in the one style of nncli."""
    return Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0), show_header=header)


def shape_text(shape: Sequence[int]) -> str:
    """Writes a shape without rows: `1×8×8`."""
    return "×".join(str(size) for size in shape) or "1"


def show_summary(streams: Streams, name: str, inputs: Mapping[str, InputSpec], summary: Summary) -> None:
    """Prints layers with shapes and parameters, and the memory of weights and training."""
    from nncli.network.sizing import readable_bytes

    taken = ", ".join(f"{key} {shape_text(given.shape)}" for key, given in inputs.items())
    streams.title(f"{name}: {taken}")
    table = plain_table()
    table.add_column("layer")
    table.add_column("type")
    table.add_column("in", justify="right")
    table.add_column("out", justify="right")
    table.add_column("parameters", justify="right")
    for layer in summary.layers:
        arriving = ", ".join(shape_text(shape[1:]) for shape in layer.input_shapes)
        leaving = shape_text(layer.output_shape[1:])
        number = count(layer.parameters) if layer.parameters else ""
        table.add_row(layer.name, layer.type, arriving, leaving, number)
    streams.table(table)
    frozen = summary.trainable != summary.parameters
    trained = f", {count(summary.trainable)} of them trained" if frozen else ""
    for line in (
        "",
        f"parameters  {count(summary.parameters)}{trained}",
        f"weights     {readable_bytes(summary.weight_bytes)}",
        f"training    about {readable_bytes(summary.training_bytes)} with batches of {summary.batch_size}",
    ):
        streams.data(line + "\n")


def check_lines(path: str, prepared: Prepared, stand_in: bool) -> Iterator[str]:
    """Says "ok" with the sizes of a spec."""
    yield f"{printable(path)}: ok"
    network, data = prepared.network, prepared.data
    if data is not None:
        parts = ", ".join(f"{name} {count(part.rows)}" for name, part in data.parts.items())
        yield f"  rows        {parts}"
    note = " (stand-in sizes; the data was not read)" if stand_in else ""
    inputs = ", ".join(f"{name} {shape_text(given.shape)}" for name, given in network.inputs.items())
    yield f"  inputs      {inputs}{note}"
    yield f"  output      {shape_text(network.output_shape)}"
    yield f"  parameters  {count(network.parameters())}"


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


def show_figures(streams: Streams, title: str, figures: Mapping[str, float | None]) -> None:
    """Prints figures, one a line."""
    streams.title(title)
    table = plain_table(header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, value in figures.items():
        table.add_row(Text(printable(name)), short(value))
    streams.table(table)
