"""The tree of summary: a line a layer below its scopes, repetitions folded, and what the whole takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from nncli.errors import printable
from nncli.network.graph.sizing import readable_bytes
from nncli.network.summary.folding import Group, Part, folded, steps_of
from nncli.network.summary.steps import Step
from nncli.network.summary.summary import Summary
from nncli.terminal.figures import count
from nncli.terminal.streams import Streams
from nncli.terminal.tables import inputs_text, plain_table, shape_text

_HEADERS: Final = ("name", "layer", "output", "parameters", "FLOPs", "mask")
_LEFT: Final = ("name", "layer", "mask")
# The widest cells of the name and of the layer, and how narrow they get where the screen is.
_WIDEST, _NARROWEST = (64, 40), (30, 16)
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class View:
    """How much is shown: every call by its whole name, or a tree of at most `depth` scopes."""

    is_flat: bool = False
    depth: int | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    indent: int
    steps: Sequence[Step]
    step: Step | None
    output: tuple[int, ...]


def show_summary(streams: Streams, summary: Summary, view: View) -> None:
    """Prints layers with shapes, parameters and operations, and below them what the whole takes."""
    streams.title(f"{summary.name}: {inputs_text(summary.inputs)}")
    headers = _HEADERS if any(step.mask for step in summary.steps) else _HEADERS[:-1]
    flops = summary.cost.flops if summary.cost else {}
    parts: Sequence[Part] = summary.steps if view.is_flat else folded(summary.steps)
    lines = list(_lines(parts, 0, view))
    rows = [[*_cells(line, flops)][: len(headers)] for line in lines]
    widest = _fitting([headers, *rows], streams.out.width)
    table = plain_table()
    for header in headers:
        table.add_column(header, justify="left" if header in _LEFT else "right")
    for line, cells in zip(lines, rows, strict=True):
        # Of a name below many scopes some letters stay.
        widths = max(widest[0], 2 * line.indent + 8), widest[1]
        short = (cut(cell, width) for cell, width in zip(cells, widths, strict=False))
        style = "" if line.step else "bold"
        table.add_row(*(Text(text, style) for text in (*short, *cells[len(widths) :])))
    streams.table(table)
    width = max(len(label) for label, _ in _totals(summary))
    for label, text in (("", ""), *_totals(summary)):
        streams.data(f"{label:<{width}}  {text}".rstrip() + "\n")


def _lines(parts: Sequence[Part], depth: int, view: View) -> Iterator[_Line]:
    for part in parts:
        if isinstance(part, Step):
            name = part.name if view.is_flat else part.name.rpartition(".")[2]
            yield _Line(name, depth, (part,), part, part.output)
            continue
        steps = tuple(steps_of(part))
        times = f" × {part.times}" if part.times > 1 else ""
        yield _Line(f"{part.name}{times}", depth, steps, None, _last_of_first(part))
        if view.depth is None or depth < view.depth:
            yield from _lines(part.children, depth + 1, view)


def _last_of_first(group: Group) -> tuple[int, ...]:
    last = group.children[-1]
    return last.output if isinstance(last, Step) else _last_of_first(last)


def _cells(line: _Line, flops: Mapping[str, int]) -> Iterator[str]:
    yield "  " * line.indent + _plain(line.name)
    yield _plain(line.step.type) if line.step else ""
    yield shape_text(line.output)
    parameters = sum(step.parameters for step in line.steps)
    shared = "shared" if any(step.has_shared for step in line.steps) else ""
    yield count(parameters) if parameters else shared
    operations = sum(flops.get(step.key, 0) for step in line.steps)
    yield large(operations) if operations else ""
    yield cut(line.step.mask.removesuffix(".mask"), _NARROWEST[1]) if line.step else ""


def _plain(text: str) -> str:
    return printable(text).replace("\t", " ").replace("\n", " ")


def _fitting(rows: Sequence[Sequence[str]], screen: int) -> tuple[int, int]:
    """Finds how wide names and layers may be, so that a line fits on the screen: layers are cut first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    name, layer = (min(width, most) for width, most in zip(widths, _WIDEST, strict=False))
    room = screen - sum(widths[2:]) - _GAP * (len(widths) - 1)
    layer = min(layer, max(_NARROWEST[1], room - name))
    return min(name, max(_NARROWEST[0], room - layer)), layer


def cut(text: str, width: int) -> str:
    """Shortens a text to a width, without anything that would steer a terminal."""
    shown = _plain(text)
    return shown if len(shown) <= width else shown[: width - 1] + "…"


def large(value: float) -> str:
    """Writes a large number with three digits and a unit: `1.23 M`, `45.6 G`."""
    if value < 1000:
        return f"{value:.0f}"
    for unit in ("k", "M", "G", "T", "P"):
        value /= 1000
        # 999.6 is 1.00 of the next unit.
        if value < 999.5 or unit == "P":
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"
    return ""


def _totals(summary: Summary) -> tuple[tuple[str, str], ...]:
    frozen = summary.parameters - summary.trainable
    trained = f" ({count(summary.trainable)} trained, {count(frozen)} frozen)" if frozen else ""
    lines = [
        ("parameters", f"{count(summary.parameters)}{trained}"),
        ("weights", readable_bytes(summary.weight_bytes)),
    ]
    cost, wanted = summary.cost, summary.wanted
    if cost is None:
        return (*lines, ("FLOPs, memory", f"unknown: {printable(summary.reason)}"))
    ratio = cost.training_flops / cost.prediction_flops if cost.prediction_flops else 0
    rows = f"batches of {count(wanted.batch_size)}"
    training, prediction = readable_bytes(cost.training_bytes), readable_bytes(cost.prediction_bytes)
    kept, learning = readable_bytes(cost.kept_bytes), f"{large(cost.training_flops)} to train on it"
    lines += [
        ("FLOPs", f"{large(cost.prediction_flops)} to predict a row, {learning} ({ratio:.1f}×)"),
        ("training", f"about {training} with {rows}; each row keeps {kept}"),
        ("prediction", f"about {prediction} with {rows}"),
    ]
    if wanted.limit_bytes is not None:
        assert cost.largest_training_batch is not None and cost.largest_prediction_batch is not None
        limit = readable_bytes(wanted.limit_bytes)
        trained_on, predicted = count(cost.largest_training_batch), count(cost.largest_prediction_batch)
        largest = f"{trained_on} rows to train on, {predicted} to predict"
        lines.append(("largest batch", f"{largest} in {limit}"))
    return tuple(lines)
