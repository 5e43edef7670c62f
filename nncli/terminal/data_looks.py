"""What `nncli data` shows: parts, a line a column with its histogram, findings, and samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.text import Text

from nncli.counted import counted
from nncli.errors import printable
from nncli.inspection.figures import Figures
from nncli.inspection.findings import Finding, percent
from nncli.inspection.looking import Look
from nncli.inspection.spreads import Spread
from nncli.terminal.figures import count
from nncli.terminal.gradients import STYLES
from nncli.terminal.prose import print_prose
from nncli.terminal.streams import Streams
from nncli.terminal.summaries import cut
from nncli.terminal.tables import plain_table

WIDE: Final = 120
_NAME: Final = {False: 16, True: 32}
_BARS: Final = {False: 10, True: 20}
_REST: Final = {False: 34, True: 100}
_LEVELS: Final = " ▁▂▃▄▅▆▇█"
_CLASS_BAR: Final = 24
_MOST_CLASSES: Final = 20
_MOST_NOTES: Final = 3
_FULL, _HALF = "█", "▌"


def show_look(streams: Streams, name: str, look: Look) -> None:
    """Prints all that there is to see of data to stdout; narrow terminals get shorter lines."""
    is_wide = streams.out.width >= WIDE
    _show_parts(streams, name, look)
    _show_columns(streams, look, is_wide)
    for column in look.columns:
        if column.role == "target" and column.classes:
            _show_classes(streams, column)
    _show_samples(streams, look, is_wide)
    _show_findings(streams, look)


def bars(spread: Spread | None, width: int) -> str:
    """Draws a histogram of one line: the fullest bin reaches to the top, and no bin with a row is blank."""
    if spread is None:
        return ""
    group = len(spread.bins) // width
    bins = [sum(spread.bins[first : first + group]) for first in range(0, len(spread.bins), group)]
    return _levels(bins)


def _levels(counts: Sequence[int]) -> str:
    highest = max(counts, default=0)
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[-(-each * top // highest)] if each else " " for each in counts) if highest else ""


def _show_parts(streams: Streams, name: str, look: Look) -> None:
    parts = ", ".join(f"{part} {count(rows)}" for part, rows in look.rows.items())
    streams.title(f"{name}: {parts} row{'s' if look.total != 1 else ''}")
    if look.seen < look.total:
        share = percent(look.seen, look.total)
        streams.data(
            f"figures of {count(look.seen)} of {count(look.total)} rows ({share}), drawn from every part\n"
        )
    if look.timeline is not None:
        line = look.timeline
        series = f"{count(line.series)} series, " if line.series > 1 else ""
        span = f", {line.first} to {line.last}" if line.first is not None else ""
        streams.data(f"in time: {series}{count(line.steps)} steps{span}\n")
    streams.data("\n")


def _show_columns(streams: Streams, look: Look, is_wide: bool) -> None:
    table = plain_table()
    for header in ("column", "type", "empty", "histogram", "values"):
        table.add_column(header, justify="right" if header == "empty" else "left")
    for column in look.columns:
        drawn = bars(column.spread, _BARS[is_wide]) or _levels(
            [n for _, n in column.classes[: _BARS[is_wide]]]
        )
        table.add_row(
            Text(cut(column.name, _NAME[is_wide]), "bold" if column.role == "target" else ""),
            column.type,
            count(column.missing) if column.missing else "",
            Text(drawn),
            Text(cut(values_text(column), _REST[is_wide])),
        )
    streams.table(table)


def values_text(column: Figures) -> str:
    """Says what stands in a column, in one line."""
    found, spread = column.details, column.spread
    if column.classes:
        (most, rows), total = column.classes[0], sum(each for _, each in column.classes)
        size = f"{_sizes_text(found)}, " if "smallest" in found else ""
        return f"{size}{count(len(column.classes))} classes, {percent(rows, total)} `{most}`"
    if "smallest" in found:
        return _images_text(found)
    if "first" in found:
        return f"{found['first']} to {found['last']}"
    words = [_range(spread, " s" if "rates" in found else "")] if spread else []
    if "vocabulary" in found:
        words = [f"vocabulary {count(found['vocabulary'])}", *(f"lengths {each}" for each in words)]
        words += [f"stretches of {count(found['stretch'])}"] if "stretch" in found else []
    if "rates" in found:
        words.append(f"{'/'.join(map(count, found['rates']))} Hz")
    if "window" in found:
        words.append("steps {} to {}".format(*found["window"]))
    return ", ".join(words)


def _range(spread: Spread, unit: str) -> str:
    if spread.lowest == spread.highest:
        return f"{_figure(spread.lowest)}{unit}"
    return f"{_figure(spread.lowest)} to {_figure(spread.highest)}{unit}, mean {_figure(spread.mean)}"


def _figure(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.6g}"


def _images_text(found: Any) -> str:
    means = " ".join(_figure(each) for each in found.get("channel_means", []))
    channels = found.get("channels", 1)
    return f"{_sizes_text(found)}, {channels} channel{'s' if channels > 1 else ''}, mean {means}"


def _sizes_text(found: Any) -> str:
    smallest, largest = ("×".join(map(str, found[each])) for each in ("smallest", "largest"))
    return smallest if smallest == largest else f"{smallest} to {largest}"


def _show_classes(streams: Streams, column: Figures) -> None:
    ratio = column.ratio or 1.0
    streams.data("\n")
    what = "pixels by class" if column.type == "mask" else "classes"
    streams.title(f"{what} of {column.name}: {count(len(column.classes))}, {ratio:.3g} to 1")
    table, most = plain_table(header=False), column.classes[0][1]
    shown = column.classes[:_MOST_CLASSES]
    for name, rows in shown:
        full, half = divmod(max(1, round(2 * _CLASS_BAR * rows / most)), 2)
        table.add_row(
            Text(cut(name, _NAME[True])),
            Text(count(rows), justify="right"),
            Text(_FULL * full + _HALF * half),
        )
    streams.table(table)
    if len(column.classes) > len(shown):
        rest = column.classes[_MOST_CLASSES:]
        streams.data(f"… and {count(len(rest))} more with {count(sum(rows for _, rows in rest))} rows\n")


def _show_samples(streams: Streams, look: Look, is_wide: bool) -> None:
    if look.samples:
        streams.data("\n")
        streams.title("first training rows")
        table = plain_table()
        everything = list(look.samples[0])
        headers = everything[: 8 if is_wide else 5]
        for header in headers:
            table.add_column(Text(cut(header, _NAME[False] - 2)))
        for row in look.samples:
            table.add_row(
                *(
                    Text(cut("" if row[each] is None else str(row[each]), _NAME[is_wide] - 2))
                    for each in headers
                )
            )
        streams.table(table)
        if left := len(everything) - len(headers):
            streams.data(f"… and {counted(left, 'more column')}: `--json` has all of them\n")
    for name, samples in look.tokens.items():
        streams.data("\n")
        streams.title(f"first tokens of {name}")
        for tokens in samples:
            streams.data("  " + " · ".join(_token(each) for each in tokens) + "\n")


def _token(text: str) -> str:
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _show_findings(streams: Streams, look: Look) -> None:
    out = streams.out
    if not look.findings:
        out.print("\nno findings: no repeated rows, no column that gives the target away, nothing uneven")
    shown, left_out = _worth_showing(look.findings)
    for number, finding in enumerate(shown):
        # Findings of one name that follow each other have one hint.
        following = shown[number + 1 : number + 2]
        out.print()
        for text in _finding_lines(finding, is_last=not following or following[0].hint != finding.hint):
            # What goes on stands below the text behind `hint: ` and `at: `.
            start = text.plain.partition(": ")[0]
            print_prose(out, text, len(start) + 2 if start in ("hint", "at") else 4)
    for name, columns in left_out.items():
        out.print(f"\n{columns} more of `{name}`: `--json` lists them all")


def _worth_showing(findings: Sequence[Finding]) -> tuple[list[Finding], dict[str, int]]:
    """Leaves out notes of one kind beyond the first few; counts those, by their name."""
    seen, left_out, shown = Counter[str](), Counter[str](), []
    for each in findings:
        seen[each.name] += each.severity == "note"
        if seen[each.name] > _MOST_NOTES:
            left_out[each.name] += 1
        else:
            shown.append(each)
    return shown, dict(left_out)


def _finding_lines(finding: Finding, is_last: bool) -> Iterator[Text]:
    label = (f"{finding.severity}[{finding.name}]", STYLES[finding.severity])
    yield Text.assemble(label, f": {finding.message}")
    if finding.places:
        more = ", …" if finding.count > len(finding.places) else ""
        yield Text(f"at: {printable(', '.join(finding.places))}{more}")
    if is_last:
        yield Text(f"hint: {finding.hint}")
