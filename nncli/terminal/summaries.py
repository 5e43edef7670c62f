"""The tree of summary: a line a layer below its scopes, repetitions folded, and what the whole takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from nncli.errors import printable
from nncli.network.folding import Group, Part, folded, steps_of
from nncli.network.sizing import readable_bytes
from nncli.network.steps import Step
from nncli.network.summary import Summary
from nncli.terminal.figures import count
from nncli.terminal.streams import Streams
from nncli.terminal.tables import plain_table, shape_text

WIDE: Final = 120
# The widest cells of the name and of the layer, on narrow screens and on wide ones.
_CELLS: Final = {False: (30, 16), True: (64, 40)}


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
    taken = ", ".join(f"{key} {shape_text(shape)}" for key, shape in summary.inputs.items())
    streams.title(f"{summary.name}: {taken}")
    masked = any(step.mask for step in summary.steps)
    flops = summary.cost.flops if summary.cost else {}
    table = plain_table()
    for header in ("name", "layer", "output", "parameters", "FLOPs", "mask")[: 6 if masked else 5]:
        table.add_column(header, justify="left" if header in ("name", "layer", "mask") else "right")
    widest = _CELLS[streams.out.width >= WIDE]
    parts: Sequence[Part] = summary.steps if view.is_flat else folded(summary.steps)
    for line in _lines(parts, 0, view):
        table.add_row(*_cells(line, flops, widest))
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


def _cells(line: _Line, flops: Mapping[str, int], widest: tuple[int, int]) -> Iterator[Text]:
    style = "" if line.step else "bold"
    indent = "  " * line.indent
    yield Text(indent + cut(line.name, max(8, widest[0] - len(indent))), style)
    yield Text(cut(line.step.type, widest[1]) if line.step else "")
    yield Text(shape_text(line.output), style)
    parameters = sum(step.parameters for step in line.steps)
    shared = "shared" if any(step.has_shared for step in line.steps) else ""
    yield Text(count(parameters) if parameters else shared, style)
    operations = sum(flops.get(step.key, 0) for step in line.steps)
    yield Text(large(operations) if operations else "", style)
    yield Text(cut(line.step.mask.removesuffix(".mask"), widest[1]) if line.step else "")


def cut(text: str, width: int) -> str:
    """Shortens a text to a width, without anything that would steer a terminal."""
    shown = printable(text).replace("\t", " ").replace("\n", " ")
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
