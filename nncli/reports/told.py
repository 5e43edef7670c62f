"""The head of a report and what the doctor says, as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.history import LastStep
from nncli.diagnosis.verdicts import Verdicts
from nncli.reports.facts import RunFacts
from nncli.reports.markup import NOTHING, Html, joined, table, tag, text
from nncli.terminal.figures import count, duration, short
from nncli.terminal.verdicts import effect_text, place_of

_STATES = {"done": "good", "training": "middle", "interrupted": "middle", "killed": "middle"}


def head(run: RunFacts) -> Html:
    """Writes what a run is: its name and state, and the figures that a person asks for first."""
    told, course = run.head, run.course
    title = tag("h1", text(told.name))
    state = tag("span", text(told.state), of=f"state {_STATES.get(told.state, 'bad')}")
    parts = [text(each) for each in (told.description, told.folder) if each]
    tiles = joined(_tile(value, label) for value, label in _tiles(run))
    parts.append(text(f"seed {told.seed}"))
    if course.started:
        parts.append(tag("span", text(f"begun {course.started:%Y-%m-%d %H:%M} UTC"), of="whole"))
    lead_line = tag("p", Html(" · ".join(parts)), of="lead")
    return tag("header", tag("div", title, state, of="top"), lead_line, tag("div", tiles, of="tiles"))


def _tile(value: str, label: str) -> Html:
    size = {"of": "long"} if len(value) > 14 else {}
    return tag("div", tag("b", text(value), **size), tag("span", text(label)), of="tile")


def _tiles(run: RunFacts) -> Iterator[tuple[str, str]]:
    told, course = run.head, run.course
    for name, value in _best_figures(run):
        yield short(value), name
    yield count(course.epochs), f"epochs, {count(course.steps)} steps"
    if course.seconds is not None:
        yield duration(course.seconds), "of training"
    if told.parameters is not None:
        yield count(told.parameters), "parameters"
    if told.device:
        yield told.device.partition(",")[0], told.device.partition(", ")[2] or "device"


def _best_figures(run: RunFacts) -> Iterator[tuple[str, float | None]]:
    """Gives the figure that chose the weights, and the first metric of the same epoch."""
    best, curves = run.course.best, run.course.curves
    if best is None:
        for curve in curves[:1]:
            yield f"last {curve.part} {curve.figure}", curve.points[-1][1] if curve.points else None
        return
    yield f"best {best.watch.replace('.', ' ')}, epoch {best.epoch}", best.value
    part, _, figure = best.watch.partition(".")
    for curve in curves:
        if curve.part == part and curve.figure not in (figure, "loss"):
            yield f"{part} {curve.figure} in that epoch", dict(curve.points).get(best.epoch)
            return


def verdicts_html(verdicts: Verdicts) -> Html:
    """Writes the findings, the likeliest cause first, and which checks were made."""
    found = [_verdict(each) for each in verdicts.findings]
    if not found:
        found = [
            tag("p", tag("b", text("No findings."), of="good"), text(" Nothing looks wrong in this run."))
        ]
    others = list(dict.fromkeys(each.id for each in verdicts.others))
    if others:
        found.append(tag("p", text(f"Less likely: {', '.join(others)}."), of="note"))
    made = list(dict.fromkeys(each.name for each in verdicts.checks if not each.unable))
    left = {each.name: each.reason for each in verdicts.checks if each.unable and each.name not in made}
    lines = [tag("p", text(f"Checked: {', '.join(made)}."), of="note")]
    for reason in dict.fromkeys(left.values()):
        names = [name for name, why in left.items() if why == reason]
        lines.append(tag("p", text(f"Not checked: {', '.join(names)}, since {reason}."), of="note"))
    checks = tag("details", tag("summary", text(f"{len(made)} checks were made"), of="note"), *lines)
    return joined([*found, checks])


def last_steps_html(steps: Sequence[LastStep]) -> Html:
    """Writes the last steps before a number was not finite; nothing where there are none."""
    if not steps:
        return NOTHING
    shown = [(each.loss, each.gradient, each.update) for each in steps]
    cells = [[text("" if value is None else short(value)) for value in row] for row in shown]
    rows = [[text(count(each.step)), *row] for each, row in zip(steps, cells, strict=True)]
    title = tag("h3", text("The last steps before a number was not finite"))
    return joined([title, table(("step", "loss", "gradient", "largest update"), rows, range(4))])


def _verdict(finding: Finding) -> Html:
    kind = "note-of" if finding.severity == "note" else finding.severity
    place = tag("span", text(f" in {place_of(finding)}"))
    lines = [
        tag("h3", text(finding.id.replace("_", " ")), place),
        tag("p", text(finding.evidence[:1].upper() + finding.evidence[1:] + ".")),
        tag(
            "p", text(f"{finding.why} ({'a guess' if finding.sure == 'guess' else finding.sure})"), of="note"
        ),
        tag("p", tag("b", text("What to do: ")), text(finding.advice)),
        tag("pre", text(finding.patch.yaml)) if finding.patch else NOTHING,
        tag("p", text(f"Tried: {effect_text(finding.effect)}."), of="note") if finding.effect else NOTHING,
    ]
    explained = list(dict.fromkeys(each.in_short for each in finding.explains))
    if explained:
        lines.append(tag("p", text(f"This explains {'; '.join(explained)}."), of="note"))
    return tag("div", *lines, of=f"verdict {kind}")
