"""The page: sections of one run, or several runs beside each other, as one HTML file without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from nncli import __version__
from nncli.counted import counted
from nncli.reports.answer_plots import answer_plots
from nncli.reports.answers import MOST_CLASSES
from nncli.reports.compared import comparison
from nncli.reports.curve_plots import curve_plots
from nncli.reports.facts import RunFacts
from nncli.reports.flow_plots import activation_plot, flow_plots
from nncli.reports.gathering import environment_texts
from nncli.reports.inks import Plot
from nncli.reports.looked import data_html, environment_html, samples_html, spec_html
from nncli.reports.markup import Html, figures, joined, note, section, tag, text
from nncli.reports.style import style_sheet
from nncli.reports.told import head, last_steps_html, verdicts_html
from nncli.runs.comparing import Comparison
from nncli.terminal.figures import short

# The page may load nothing and run nothing, even where something got past the escaping.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
NO_EPOCH: Final = "no epoch is complete"
NO_TABLE: Final = f"Not drawn: there is a table of 2 to {MOST_CLASSES} classes, and a plot of numbers."
NO_STATISTICS: Final = "the run has no statistics of steps"


@dataclass(frozen=True)
class _Section:
    """A section: its name in links, its title, and what makes its inside, or None for the reason.

    `of` is the name in `missing` where that is another.
    """

    anchor: str
    title: str
    inside: Callable[[RunFacts, str], Html | None]
    reason: str = "there is nothing to show"
    of: str = ""


def page(runs: Sequence[RunFacts], names: Sequence[str], compared: Comparison | None = None) -> str:
    """Writes the whole file; `names` tell runs apart, `compared` says what differs between several."""
    if compared is None:
        body = joined(_of_run(runs[0], "run"))
        title = runs[0].head.name
    else:
        title = " · ".join(names)
        parts = [comparison(runs, names, compared)]
        for number, (run, name) in enumerate(zip(runs, names, strict=True), 1):
            inside = joined(_of_run(run, f"run{number}"))
            parts.append(tag("details", tag("summary", text(name)), inside, of="run"))
        body = joined(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{style_sheet()}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n<footer>nncli {text(__version__)}</footer>\n</main>\n</body>\n</html>\n"
    )


def run_plots(run: RunFacts) -> Iterator[Plot]:
    """Gives every plot of a run, in the order of the page."""
    yield from curve_plots(run)
    yield from flow_plots(run)
    if run.probe and (plot := activation_plot(run.probe.layers)):
        yield plot
    if run.measured:
        yield from answer_plots(run.measured)


def _of_run(run: RunFacts, prefix: str) -> Iterator[Html]:
    yield head(run)
    yield tag("nav", *(tag("a", text(each.title), href=f"#{prefix}-{each.anchor}") for each in _SECTIONS))
    for each in _SECTIONS:
        inside = each.inside(run, prefix)
        if inside is None:
            inside = note(f"Not here: {run.missing.get(each.of or each.anchor, each.reason)}.")
        yield section(f"{prefix}-{each.anchor}", each.title, inside)


def _figures(plots: Sequence[Plot], prefix: str) -> Html | None:
    return figures(plots, prefix) if plots else None


def _curves(run: RunFacts, prefix: str) -> Html | None:
    return _figures(list(curve_plots(run)), prefix)


def _verdicts(run: RunFacts, prefix: str) -> Html | None:
    last = last_steps_html(run.course.last_steps)
    return joined([verdicts_html(run.verdicts), last]) if run.verdicts else last or None


def _flow(run: RunFacts, prefix: str) -> Html | None:
    drawn = _figures(list(flow_plots(run)), prefix)
    words = (
        "Gradient flow: the norm of each layer's gradient, inputs at the top; blank where there was none. "
        "Activation health: the share of a layer that passes next to no gradient on, as units are dead or "
        "its outputs lie where it is flat. "
        "Updates: how far one step moves weights, as a share of them; most healthy runs stay in the band."
    )
    return joined([note(words), drawn]) if drawn else None


def _activations(run: RunFacts, prefix: str) -> Html | None:
    plot = activation_plot(run.probe.layers) if run.probe else None
    if run.probe is None or plot is None:
        return None
    step = run.probe.step
    weights = (
        f"the weights after {counted(step, 'step')}" if step else "initial weights, since none were saved"
    )
    words = note(f"Outputs of each layer over {counted(run.probe.rows, 'training row')}, with {weights}.")
    return joined([words, figures([plot], prefix)])


def _answers(run: RunFacts, prefix: str) -> Html | None:
    if run.measured is None:
        return None
    told = ", ".join(f"{name} {short(value)}" for name, value in run.measured.figures.items())
    words = tag("p", text(f"On {run.measured.part}, {counted(run.measured.rows, 'row')}: {told}."))
    plots = list(answer_plots(run.measured))
    return joined([words, figures(plots, prefix) if plots else note(NO_TABLE)])


def _worst(run: RunFacts, prefix: str) -> Html | None:
    return samples_html(run.measured) if run.measured and run.measured.samples else None


def _data(run: RunFacts, prefix: str) -> Html | None:
    return data_html(run.data) if run.data else None


def _graph(run: RunFacts, prefix: str) -> Html | None:
    if not run.graph:
        return None
    # Ids are those of the whole page, which needs no namespaces.
    drawn = run.graph.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    drawn = drawn.replace('id="arrow"', f'id="{prefix}-arrow"').replace("#arrow", f"#{prefix}-arrow")
    return tag("div", Html(drawn), of="graph")


def _spec(run: RunFacts, prefix: str) -> Html | None:
    return spec_html(run)


def _environment(run: RunFacts, prefix: str) -> Html | None:
    return environment_html(environment_texts(run.environment))


_SECTIONS: Final = (
    _Section("curves", "Curves", _curves, NO_EPOCH),
    _Section("verdicts", "Verdicts", _verdicts),
    _Section("flow", "Gradients and updates", _flow, NO_STATISTICS),
    _Section("activations", "Activations", _activations),
    _Section("answers", "Answers", _answers),
    _Section("worst", "Worst samples", _worst, of="answers"),
    _Section("data", "Data", _data),
    _Section("graph", "Network", _graph),
    _Section("spec", "Spec", _spec),
    _Section("environment", "Environment", _environment),
)
