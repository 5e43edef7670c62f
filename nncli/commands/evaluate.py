"""`nncli evaluate`: loss, metrics and confusion of a trained network on one part of the data."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nncli.columns.targets import TargetSpec
from nncli.counted import counted
from nncli.data.dataset import Part, PartName
from nncli.data.rows import part_from
from nncli.data.rows import read_rows as read_data
from nncli.device import resolve_device, set_threads
from nncli.errors import Exit
from nncli.messages.catalogue import failure, nearest
from nncli.models.model import Model, trained_model
from nncli.models.opened import Opened, compiled_updates, open_weights
from nncli.models.recorded_data import recorded_data
from nncli.objectives.updates import CompiledUpdate
from nncli.preparing.own_code import load_code
from nncli.runs.folder import RunFolder
from nncli.runs.rows import read_rows
from nncli.terminal.figures import short
from nncli.terminal.streams import Streams
from nncli.terminal.tables import show_confusion, show_figures
from nncli.terminal.waiting import waiting
from nncli.training.baselines import baselines
from nncli.training.evaluation import Evaluation, computed_figures
from nncli.training.evaluation import evaluate as evaluate_part
from nncli.training.held import HeldPart
from nncli.training.metrics import Unscale, confusion
from nncli.training.stepping import Moment, Update, computed
from nncli.training.update_metrics import measured

_FIGURE: Final = re.compile(r"[A-Za-z_][\w.]*")
_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z_][\w.]*)\s*([<>=!]+)\s*(\S+)\s*\Z")
# What was meant by signs that other languages have, or that are written the wrong way round.
_MEANT: Final = {"=>": ">=", "=<": "<=", "==": ">=", "=": ">="}
_COMPARE: Final = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}

MOST_COUNTED: Final = 50
"""Of more classes, such as the tokens of a text, no table is made: its size is their square."""


@dataclass(frozen=True)
class EvaluateOptions:
    """What `nncli evaluate` was asked to do."""

    run: Path
    split: PartName | None = None
    data: Path | None = None
    json: bool = False
    require: tuple[str, ...] = ()
    device: str = "auto"
    threads: int | None = None
    code: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Requirement:
    """A figure with the bound it must keep: `accuracy>=0.95`."""

    text: str
    figure: str
    sign: str
    bound: float

    def is_met(self, figures: Mapping[str, float | None]) -> bool:
        """Tells whether the figure keeps the bound; an undefined figure does not."""
        value = figures[self.figure]
        return value is not None and _COMPARE[self.sign](value, self.bound)


def evaluate(options: EvaluateOptions, streams: Streams) -> int:
    """Prints the figures; returns NO where a requirement is missed."""
    requirements = [read_requirement(text) for text in options.require]
    set_threads(options.threads)
    opened = open_weights(options.run, load_code(options.code))
    model = trained_model(opened, resolve_device(options.device))
    compiled = compiled_updates(opened)
    updates = measured(computed(compiled), compiled, *_own(opened)) if compiled else ()
    metrics = () if updates else model.judge.metrics
    for requirement in requirements:
        losses = [name for each in updates for name in (*each.figures, *_measures(each))] or ["loss"]
        _check_figure(requirement, [*losses, *(metric.name for metric in metrics)])
    with waiting(streams, "evaluating"):
        part = _part(options, model)
        found = _of_updates(opened, compiled, model, part, options.run) if updates else _evaluate(model, part)
    rules = baselines(part, model.encoders, metrics)
    missed = [r for r in requirements if not r.is_met(found.figures)]
    table = _confusion(model, found)
    if options.json:
        streams.document(
            {
                "version": 1,
                "split": part.name if options.data is None else None,
                "data": str(options.data) if options.data else None,
                "rows": part.rows,
                "metrics": dict(found.figures),
                "baselines": rules,
                "confusion": table,
            }
        )
    else:
        source = f"{options.data}" if options.data else f"the {part.name} part"
        title = f"{model.spec.name} on {source}, {counted(part.rows, 'row')}"
        show_figures(streams, title, found.figures, rules)
        if table:
            streams.data("\n")
            show_confusion(streams, table["classes"], table["counts"])
    for requirement in missed:
        streams.say(f"missed: {requirement.text} (it is {short(found.figures[requirement.figure])})")
    return Exit.NO if missed else Exit.DONE


def read_requirement(text: str) -> Requirement:
    """Reads `accuracy>=0.95`.

    Raises UsageError `requirement-form`: a bare `accuracy` is what is left where the shell took
    the `>` for a redirection.
    """
    found = _REQUIREMENT.match(text)
    if found is None:
        cut = text.strip() if _FIGURE.fullmatch(text.strip()) else ""
        raise failure("requirement-form", text=text, cut=cut)
    figure, sign, bound = found.groups()
    if sign not in _COMPARE:
        right = f"{figure}{_MEANT.get(sign, '>=')}{bound}"
        raise failure("requirement-form", text=text, sign=sign, right=right)
    if _is_number(bound):
        return Requirement(text, figure, sign, float(bound))
    share = bound.removesuffix("%")
    right = f"{figure}{sign}{float(share) / 100:g}" if share != bound and _is_number(share) else ""
    raise failure("requirement-form", text=text, bound=bound, share=right)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _check_figure(requirement: Requirement, known: list[str]) -> None:
    if requirement.figure not in known:
        near = nearest(requirement.figure, known)
        raise failure("requirement-figure", figure=requirement.figure, nearest=near, known=known)


def _part(options: EvaluateOptions, model: Model) -> Part:
    if options.data is not None:
        if options.split is not None:
            raise failure("split-and-data")
        table = read_data(options.data, model.encoders, with_targets=True)
        return part_from(model.encoders, table, "test")
    parts = recorded_data(model, options.run).parts
    wanted: PartName = options.split or ("test" if "test" in parts else "validation")
    if wanted not in parts:
        raise failure("part-missing", part=wanted, known=list(parts))
    return parts[wanted]


def _evaluate(model: Model, part: Part) -> Evaluation:
    held = HeldPart(part, list(model.network.inputs), model.judge.objective, model.device)
    return evaluate_part(model.module, held, model.judge, model.training.batch_size)


def _of_updates(
    opened: Opened, updates: tuple[CompiledUpdate, ...], model: Model, part: Part, run: Path
) -> Evaluation:
    """Works out the losses of updates; there are no predictions."""
    assert opened.spec.training is not None
    columns = frozenset[str]().union(*(each.columns for each in updates))
    for each in updates:
        each.module.to(model.device)
        if each.measured is not None:
            each.measured.module.to(model.device)
    modules = {name: network.module.to(model.device) for name, network in opened.networks.items()}
    inputs = [name for name in part.columns.inputs if name in columns]
    held = HeldPart(part, inputs, None, model.device, with_targets=True)
    training = opened.spec.training
    # A file does not say when its training ended; a run does.
    rows = read_rows(RunFolder(run).metrics) if opened.run else []
    step, epoch = (rows[-1].get(key) if rows else 0 for key in ("step", "epoch"))
    now = Moment(training.seed, step if isinstance(step, int) else 0, epoch if isinstance(epoch, int) else 0)
    measuring = measured(computed(updates), updates, *_own(opened))
    return Evaluation(computed_figures(measuring, modules, held, training.batch_size, now), {}, {})


def _own(opened: Opened) -> tuple[Mapping[str, TargetSpec], Unscale]:
    """Describes the targets of the data, and the way back to their units."""
    assert opened.encoders is not None
    return opened.encoders.targets(), opened.encoders.decode_number


def _measures(update: Update) -> tuple[str, ...]:
    return update.measures.names if update.measures else ()


def _confusion(model: Model, found: Evaluation) -> dict[str, Any] | None:
    """Counts true class by predicted class, of the only target with classes, as far as a person reads it."""
    if not found.predictions:
        return None
    targets = [each for each in model.encoders.targets().values() if each.type in ("category", "binary")]
    if len(targets) != 1 or len(targets[0].classes) > MOST_COUNTED:
        return None
    target = targets[0]
    predicted = found.predictions[target.name].value.cpu()
    counts = confusion(found.truths[target.name].cpu(), predicted, len(target.classes))
    return {"classes": list(target.classes), "counts": counts.tolist()}
