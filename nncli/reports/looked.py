"""Worst samples, data, the drawing of the network, spec and environment, as HTML."""

from __future__ import annotations

from collections.abc import Mapping

from nncli.inspection.figures import Figures
from nncli.reports.facts import DataFacts, Measured, RunFacts, Sample
from nncli.reports.markup import NOTHING, Html, joined, note, picture, table, tag, text
from nncli.reports.worst import MOST_LOOKED
from nncli.terminal.data_looks import values_text
from nncli.terminal.figures import count, short

_MOST_COLUMNS = 60
_SHORT, _LONG = 24, 60


def samples_html(measured: Measured) -> Html:
    """Shows the rows of the highest loss: as pictures with what was said, or as a table of their cells."""
    draw = f", an even draw of {count(measured.rows)}" if measured.rows > MOST_LOOKED else ""
    words = note(
        f"The highest losses of {count(measured.looked)} rows of {measured.part}{draw}, worst first."
    )
    if any(sample.images for sample in measured.samples):
        return joined([words, tag("div", *map(_card, measured.samples), of="samples")])
    headers = list(dict.fromkeys(header for each in measured.samples for header in each.cells))
    # A short answer stays on one line; a text may be long.
    is_short = all(len(_answer(each)) <= _SHORT for each in measured.samples)
    classes = {1: "whole", 2: "whole"} if is_short else {}
    for at, header in enumerate(headers, 3):
        if any(len(sample.cells.get(header, "")) > _LONG for sample in measured.samples):
            classes[at] = "long"
    rows = [
        [
            text(short(sample.loss)),
            _answer(sample),
            text(", ".join(sample.truths.values())),
            *(text(sample.cells.get(header, "")) for header in headers),
        ]
        for sample in measured.samples
    ]
    return joined([words, table(["loss", "said", "true", *headers], rows, [0], classes)])


def _card(sample: Sample) -> Html:
    pictures = [
        picture(png, f"{name} of a row with a loss of {short(sample.loss)}")
        for name, png in sample.images.items()
    ]
    cells = [tag("div", text(f"{name}: {value}"), of="note") for name, value in sample.cells.items()]
    said = tag(
        "div", text("said "), tag("b", _answer(sample), of="" if sample.answers == sample.truths else "bad")
    )
    true = tag("div", text("true "), tag("b", text(", ".join(sample.truths.values()))))
    loss = tag("div", text(f"loss {short(sample.loss)}"), of="note")
    return tag("div", *pictures, said, true, loss, *cells, of="sample")


def _answer(sample: Sample) -> Html:
    told = []
    for name, answer in sample.answers.items():
        sure = f" ({sample.sure[name]:.0%})" if name in sample.sure else ""
        told.append(f"{answer}{sure}")
    return text(", ".join(told))


def data_html(data: DataFacts) -> Html:
    """Shows the rows of each part, and a line for each column with its histogram."""
    parts = ", ".join(f"{name} {count(rows)}" for name, rows in data.rows.items())
    rows = [
        [
            tag("b", text(column.name)) if column.role == "target" else text(column.name),
            text(column.type),
            text(count(column.missing) if column.missing else ""),
            _bars(column),
            text(values_text(column)),
        ]
        for column in data.columns[:_MOST_COLUMNS]
    ]
    left = len(data.columns) - len(rows)
    more = note(f"… and {count(left)} more columns") if left > 0 else NOTHING
    words = tag("p", text(f"Rows: {parts}. Targets are bold."))
    return joined([words, table(["column", "type", "empty", "histogram", "values"], rows, [2]), more])


def _bars(column: Figures) -> Html:
    counts = list(column.spread.bins) if column.spread else [rows for _, rows in column.classes[:20]]
    highest = max(counts, default=0)
    if not highest:
        return NOTHING
    # A bin with a row is never blank.
    heights = [max(6, round(100 * each / highest)) if each else 0 for each in counts]
    return tag("div", *(tag("i", style=f"height:{height}%") for height in heights), of="bar")


def spec_html(run: RunFacts) -> Html:
    """Shows the spec as it was written, the values of `--set`, and with all defaults."""
    sets = note(f"with {' '.join(f'--set {each}' for each in run.sets)}") if run.sets else NOTHING
    whole = tag(
        "details", tag("summary", text("with every default"), of="note"), tag("pre", text(run.resolved))
    )
    return joined([sets, tag("pre", text(run.spec)), whole])


def environment_html(environment: Mapping[str, str]) -> Html:
    """Shows software, machine and choices."""
    return table(
        ["", ""], [[text(name), text(value)] for name, value in environment.items()], classes={0: "whole"}
    )
