"""`nncli runs`: the runs below a folder, and what differs between some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from nncli.better import falls
from nncli.errors import Exit
from nncli.messages.catalogue import failure, nearest
from nncli.near_paths import nearest_path
from nncli.runs.comparing import Comparison, compare_runs
from nncli.runs.listing import ListedRun, list_runs
from nncli.terminal.run_tables import show_comparison, show_runs
from nncli.terminal.streams import Streams

STATES: Final = ("training", "done", "interrupted", "failed", "killed", "damaged")
_OWN_ORDERS: Final = ("started", "time", "run")


@dataclass(frozen=True)
class RunsOptions:
    """What `nncli runs` was asked to do; `diff` has the runs to compare, and then nothing else counts."""

    folder: Path = Path("runs")
    name: str | None = None
    state: tuple[str, ...] = ()
    figure: str | None = None
    sort: str | None = None
    last: int | None = None
    diff: tuple[Path, ...] = ()
    json: bool = False


def runs(options: RunsOptions, streams: Streams) -> int:
    """Lists runs, or compares those of `--diff`.

    Raises UsageError `runs-none`, `run-state`, `figure-of-no-run`, and what reading a run raises.
    """
    if options.diff:
        found = compare_runs(options.diff)
        if options.json:
            streams.document(_compared(found))
        else:
            show_comparison(streams, found)
        return Exit.DONE
    for state in options.state:
        if state not in STATES:
            raise failure("run-state", state=state, nearest=nearest(state, STATES), known=list(STATES))
    figure = options.figure or (options.sort if options.sort not in _OWN_ORDERS else None) or ""
    everything = list_runs(options.folder, figure)
    if not everything:
        raise failure("runs-none", folder=str(options.folder), nearest=nearest_path(options.folder))
    if figure and not any(figure in (each.figures or {}) for each in everything):
        known = sorted({name for each in everything for name in each.figures or {}})
        raise failure("figure-of-no-run", figure=figure, nearest=nearest(figure, known), known=known)
    chosen = _sorted([each for each in everything if _is_wanted(each, options)], options.sort)
    chosen = chosen[-options.last :] if options.last else chosen
    if not chosen and not options.json:
        names = ", ".join(dict.fromkeys(each.name for each in everything))
        streams.say(f"none of {len(everything)} runs is like that; their specs are called {names}")
    if options.json:
        streams.document({"version": 1, "runs": [_listed(each) for each in chosen]})
    else:
        show_runs(streams, chosen)
    return Exit.DONE


def _is_wanted(run: ListedRun, options: RunsOptions) -> bool:
    by_name = options.name is None or fnmatchcase(run.name, options.name)
    return by_name and (not options.state or run.state in options.state)


def _sorted(found: Sequence[ListedRun], order: str | None) -> list[ListedRun]:
    """Sorts runs so that what is newest, longest or best comes last, where a terminal ends."""
    if order == "run":
        return list(found)
    if order is None or order == "started":
        return sorted(found, key=lambda each: each.started.timestamp() if each.started else 0.0)
    if order == "time":
        return sorted(found, key=lambda each: each.seconds)

    def rank(each: ListedRun) -> tuple[bool, float]:
        value = each.best if each.best is not None else 0.0
        return each.best is not None, -value if falls(order) else value

    return sorted(found, key=rank)


def _listed(run: ListedRun) -> dict[str, Any]:
    started = run.started.isoformat() if run.started else None
    return {**asdict(run), "path": str(run.path), "started": started}


def _compared(found: Comparison) -> dict[str, Any]:
    def part(name: str) -> Mapping[str, Any]:
        return {each.what: list(each.values) for each in getattr(found, name)}

    parts = {name: part(name) for name in ("spec", "data", "environment", "figures")}
    return {"version": 1, "runs": [_listed(each) for each in found.runs], **parts}
