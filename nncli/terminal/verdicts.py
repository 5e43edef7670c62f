"""What the doctor says: the likeliest cause first, each with its place, its number and what to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from nncli.diagnosis.findings import Effect, Finding
from nncli.errors import SET_FILE, printable
from nncli.terminal.figures import count, short
from nncli.terminal.gradients import STYLES
from nncli.terminal.prose import print_prose
from nncli.terminal.streams import Streams
from nncli.terminal.tables import plain_table

if TYPE_CHECKING:
    from nncli.diagnosis.history import LastStep
    from nncli.diagnosis.verdicts import Verdicts

_HANG: Final = 4
_SURE: Final = {"measured": "measured", "likely": "likely", "guess": "a guess"}


def show_verdicts(streams: Streams, verdicts: Verdicts) -> None:
    """Prints the findings to stdout, and which checks were made."""
    out = streams.out
    for number, finding in enumerate(verdicts.findings):
        out.print()
        mark = "→ " if number == 0 and len(verdicts.findings) > 1 else ""
        show_finding(out, finding, mark)
        for label, text in _lines(finding):
            print_prose(out, Text(f"  {label}: {text}"), len(label) + 4)
            if label == "hint" and finding.patch:
                for line in finding.patch.yaml.splitlines():
                    out.print(Text(f"    {printable(line)}"), soft_wrap=True)
    if not verdicts.findings:
        out.print("\nno findings")
    if verdicts.others:
        names = ", ".join(dict.fromkeys(each.id for each in verdicts.others))
        out.print()
        print_prose(out, Text(f"less likely: {names}"), _HANG)
    out.print()
    for line in _checks(verdicts):
        print_prose(out, Text(line), _HANG)


def show_finding(console: Console, finding: Finding, mark: str = "") -> None:
    """Prints what is at fault, where, and what was measured."""
    label = (f"{mark}{finding.severity}[{finding.id}]", STYLES[finding.severity])
    print_prose(console, Text.assemble(label, f" {place_of(finding)}: {finding.evidence}"), _HANG)


def show_last_steps(streams: Streams, steps: Sequence[LastStep]) -> None:
    """Prints the last steps before a number was not finite, where there were any."""
    if not steps:
        return
    streams.out.print()
    streams.title("the last steps before a number was not finite")
    table = plain_table()
    for header in ("step", "loss", "gradient", "largest update"):
        table.add_column(header, justify="right")
    for each in steps:
        told = [
            short(value) if value is not None else "" for value in (each.loss, each.gradient, each.update)
        ]
        table.add_row(count(each.step), *told)
    streams.table(table)


def place_of(finding: Finding) -> str:
    """Writes what is at fault and where it stands: `relu (wine.yaml:5)`, or in which `--set`."""
    sign = " " if finding.file == SET_FILE else ":"
    return f"{printable(finding.layer)} ({printable(finding.file)}{sign}{finding.line})"


def _lines(finding: Finding) -> Iterator[tuple[str, str]]:
    """Lists what is told of a finding, each with its label."""
    yield "why", f"{finding.why} ({_SURE[finding.sure]})"
    explained = [printable(each.in_short) for each in finding.explains]
    if explained:
        yield "explains", "; ".join(explained)
    yield "hint", finding.advice
    if finding.effect:
        yield "tried", effect_text(finding.effect)


def effect_text(effect: Effect) -> str:
    """Says what a patch did: `loss after 40 steps 2.3 → 0.71`."""
    what = "" if effect.helps else "; it does not help in these steps"
    if effect.losses:
        before, after = effect.losses
        return f"loss after {effect.steps} steps {short(before)} → {short(after)}{what}"
    shares = f"{effect.before:.0%} → {effect.after:.0%}"
    return f"loss after {effect.steps} steps, of that of one answer for all rows, {shares}{what}"


def _checks(verdicts: Verdicts) -> Iterator[str]:
    made = list(dict.fromkeys(each.name for each in verdicts.checks if not each.unable))
    yield f"checked: {', '.join(made)}"
    reasons = dict.fromkeys(each.reason for each in verdicts.checks if each.unable)
    for reason in reasons:
        left = [each.name for each in verdicts.checks if each.reason == reason and each.name not in made]
        if left:
            yield f"not checked: {', '.join(dict.fromkeys(left))}, since {reason}"
