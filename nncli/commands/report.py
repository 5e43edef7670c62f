"""`nncli report`: runs as one page that a person looks at, as plots alone, or as curves in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nncli.commands.output_files import check_output
from nncli.device import resolve_device, set_threads
from nncli.errors import Exit
from nncli.messages.catalogue import failure
from nncli.preparing.own_code import load_code
from nncli.reports.course import read_course
from nncli.reports.curve_plots import compared_plots
from nncli.reports.facts import Course, RunFacts
from nncli.reports.gathering import Looking, gather
from nncli.reports.inks import Plot, png_of, require_plots
from nncli.reports.page import page, run_plots
from nncli.runs.atomic import disk_errors, write_atomic
from nncli.runs.comparing import compare_runs
from nncli.runs.info import read_run
from nncli.terminal.curves import Axis, draw_curves
from nncli.terminal.figures import short
from nncli.terminal.streams import Streams
from nncli.terminal.waiting import waiting

OUTPUT: Final = Path("report.html")
_ROWS: Final = 14
_WIDEST: Final = 100


@dataclass(frozen=True)
class ReportOptions:
    """What `nncli report` was asked to do; without `output`, `png` and `terminal` it writes `report.html`."""

    runs: tuple[Path, ...]
    output: Path | None = None
    png: Path | None = None
    terminal: bool = False
    overwrite: bool = False
    data: Path | None = None
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


def report(options: ReportOptions, streams: Streams) -> int:
    """Writes the page and the plots, or draws curves; nothing in the runs changes."""
    wants_page = options.output is not None or not (options.png or options.terminal)
    output = options.output or OUTPUT
    names = run_names(options.runs)
    for run in options.runs:
        read_run(run)
    if wants_page or options.png:
        require_plots()
    if wants_page:
        check_output(output, overwrite=options.overwrite)
    if options.terminal:
        _show([read_course(run, read_run(run)) for run in options.runs], names, streams)
    if not wants_page and not options.png:
        return Exit.DONE
    set_threads(options.threads)
    looking = Looking(resolve_device(options.device), load_code(options.code), options.data)
    with waiting(streams, "looking"):
        facts = [gather(run, looking) for run in options.runs]
        compared = compare_runs(options.runs) if len(options.runs) > 1 else None
        text = page(facts, names, compared) if wants_page else ""
    if options.png is not None:
        _write_plots(facts, names, options.png, options.overwrite, streams)
    if wants_page:
        write_atomic(output, text.encode("utf-8", "replace"))
        streams.say(f"report written to {output}")
    return Exit.DONE


def run_names(runs: Sequence[Path]) -> tuple[str, ...]:
    """Tells runs apart by the ends of their paths, as long as needed: `a/1` and `b/1`."""
    parts = [run.resolve().parts for run in runs]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(each[-length:]) for each in parts]
        if len(set(names)) == len(set(parts)):
            break
    return tuple(names)


def _write_plots(
    facts: Sequence[RunFacts], names: Sequence[str], folder: Path, overwrite: bool, streams: Streams
) -> None:
    """Writes each plot as a PNG; those of several runs have the number of their run before their name."""
    plots: dict[str, Plot] = {}
    if len(facts) > 1:
        plots |= {plot.name: plot for plot in compared_plots(facts, names)}
    for number, run in enumerate(facts, 1):
        before = f"{number}-" if len(facts) > 1 else ""
        plots |= {f"{before}{plot.name}": plot for plot in run_plots(run)}
    files = {folder / f"{name}.png": plot for name, plot in plots.items()}
    for file in files:
        if file.exists() and not overwrite:
            raise failure("output-exists", file=str(file))
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for file, plot in files.items():
        write_atomic(file, png_of(plot))
    streams.say(f"{len(files)} plots written to {folder}")


def _show(courses: Sequence[Course], names: Sequence[str], streams: Streams) -> None:
    """Draws a frame of curves for each figure."""
    size = (min(streams.out.width, _WIDEST), _ROWS)
    figures = dict.fromkeys(curve.figure for course in courses for curve in course.curves)
    if not figures:
        streams.data("no epoch is complete yet\n")
    for figure in figures:
        drawn = draw_curves(dict(_curves(courses, names, figure)), Axis("epoch"), size)
        if drawn:
            streams.title(figure)
            streams.data(drawn)
    for course, name in zip(courses, names, strict=True):
        if course.best is not None:
            streams.data(
                f"{name}: best {course.best.watch} {short(course.best.value)} at epoch {course.best.epoch}\n"
            )


def _curves(
    courses: Sequence[Course], names: Sequence[str], figure: str
) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    for course, name in zip(courses, names, strict=True):
        for curve in course.curves:
            if curve.figure == figure:
                label = f"{name} {curve.part}" if len(courses) > 1 else curve.part
                yield label, [(epoch, value) for epoch, value in curve.points if value is not None]
