"""Faults of size and length: too many units or too few, too few epochs or too many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from nncli.diagnosis.by_heart import MOSTLY
from nncli.diagnosis.findings import Finding
from nncli.diagnosis.history import Epoch
from nncli.diagnosis.of_ends import BLIND, DEVIATIONS
from nncli.diagnosis.outcomes import Fit
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.structure import output_layer, weighted
from nncli.diagnosis.subject import Subject, at_layer, item_path
from nncli.errors import Severity
from nncli.spec.editing import Change

OVERFITTING_TIMES: Final = 1.2
OVERFITTING_EPOCHS: Final = 3
OVERFITTING_STAYS: Final = 1.1
OVERFITTING_RISE: Final = 0.05
"""A rise of less than this share of the loss of a constant does no harm."""
STILL_FALLING: Final = 0.05
WIDE: Final = 32


def overfitting(subject: Subject) -> Finding | None:
    """Finds a loss of validation that rose for epochs while that of training fell, beyond chance."""
    history, outcome = subject.history, subject.outcome
    if history is None or outcome is None or outcome.validation is None:
        return None
    found = [(each.validation.get("loss"), each) for each in history.epochs]
    known = [(loss, each) for loss, each in found if loss is not None and math.isfinite(loss)]
    if len(known) < OVERFITTING_EPOCHS + 1:
        return None
    best, at = min(known, key=lambda each: each[0])
    late = median([loss for loss, _ in known[-OVERFITTING_EPOCHS:]])
    since = known[-1][1].epoch - at.epoch
    times = late / best if best > 0 else 1.0
    has_fallen = (known[-1][1].loss or math.inf) < (at.loss or 0.0)
    if times < OVERFITTING_TIMES or since < OVERFITTING_EPOCHS or not has_fallen:
        return None
    # The rows are the same in all epochs, so that a rise that stays is no chance.
    stays = (
        min(loss for loss, _ in known[-max(OVERFITTING_EPOCHS, len(known) // 3) :]) > OVERFITTING_STAYS * best
    )
    least = max(_deviation(outcome.validation, best), OVERFITTING_RISE * (subject.constant or 0.0))
    if not stays or late - best < least:
        return None
    spot, code = (
        subject.at("training.epochs" if subject.training.epochs else "training"),
        "diagnosis-overfitting",
    )
    stop = Change("training.stop_early", {"patience": max(OVERFITTING_EPOCHS, len(known) // 10)})
    patch = Patch((stop, *_decay(subject), *_dropout(subject)))
    facts = {"best": f"{best:.3g}", "late": f"{late:.3g}", "epoch": at.epoch, "epochs": known[-1][1].epoch}
    # Of classes the loss may rise where it is too sure, though it is right as often as before.
    is_right = outcome.validation.balanced is not None and not _is_worse(known[-1][1], at, outcome.validation)
    # One that was never better than a constant was right by chance alone.
    has_shown = best < BLIND * (subject.constant or math.inf)
    severity: Severity = "note" if is_right and has_shown else "warning"
    return Finding("overfitting", code, severity, "end", spot, times, OVERFITTING_TIMES, facts, patch=patch)


def _decay(subject: Subject) -> list[Change]:
    call = subject.training.optimizer
    has = "weight_decay" in call.keywords
    path = f"training.optimizer.{call.name}.weight_decay"
    return (
        [] if has or call.name not in ("Adam", "AdamW", "SGD", "RMSprop", "NAdam") else [Change(path, 0.01)]
    )


def _dropout(subject: Subject) -> list[Change]:
    """Puts Dropout behind the activations between layers with weights, where a network has none."""
    calls = subject.network.calls
    last = output_layer(subject.network)
    if last is None or any(each.type.startswith("Dropout") for each in calls):
        return []
    names = [each.name for each in calls]
    paths = [
        item_path(each)
        for each in calls[: names.index(last.name)]
        if each.type in ("ReLU", "GELU", "SiLU", "LeakyReLU", "Tanh", "ELU")
    ]
    return [Change(path, {"Dropout": 0.3}, "after") for path in dict.fromkeys(paths)]


def _deviation(fit: Fit, loss: float) -> float:
    """Gives the deviation of the mean loss of validation: of squares as it is, else from that of errors."""
    if fit.balanced is None:
        return fit.deviation / fit.error * loss if fit.error else 0.0
    return fit.deviation


def _is_worse(last: Epoch, best: Epoch, fit: Fit) -> bool:
    """Tells whether fewer classes are right at the end than in the best epoch, beyond chance."""
    for name in ("accuracy", "balanced_accuracy"):
        now, then = last.validation.get(name), best.validation.get(name)
        if now is not None and then is not None:
            return then - now > DEVIATIONS * fit.deviation
    return False


def undertrained(subject: Subject) -> Finding | None:
    """Finds runs that ended while both losses were still falling."""
    history, training = subject.history, subject.training
    if history is None or training.schedule or training.stop_early or not subject.is_poor:
        return None
    losses = [each.loss for each in history.epochs]
    if len(losses) < 2 or any(each is None for each in losses):
        return None
    back = max(1, len(losses) // 5)
    falls = [_fall(losses, back)]
    others = [each.validation.get("loss") for each in history.epochs]
    if all(each is not None for each in others):
        falls.append(_fall(others, back))
    fall = min(falls)
    if fall < STILL_FALLING:
        return None
    key = "steps" if training.steps else "epochs"
    now = training.steps or training.epochs
    patch = set_to(f"training.{key}", now * 4) if now else None
    spot, code = subject.at(f"training.{key}"), "diagnosis-undertrained"
    facts = {"fall": f"{fall:.0%}", "epochs": back}
    return Finding("undertrained", code, "warning", "end", spot, fall, STILL_FALLING, facts, patch=patch)


def _fall(losses: Sequence[float | None], back: int) -> float:
    """Gives the share by which losses fell from one stretch of epochs to the next, the last one."""
    known = [each for each in losses if each is not None]
    now, then = median(known[-back:]), median(known[-2 * back : -back] or known[:1])
    return 1 - now / then if then > 0 else 0.0


def underfitting(subject: Subject) -> Finding | None:
    """Finds networks that learn little of the rows, and not even one batch by heart, at any rate."""
    found, outcome = subject.by_heart, subject.outcome
    if found is None or outcome is None or found.is_mostly_learned:
        return None
    layers = weighted(subject.network)[:-1]
    narrow = min(layers, key=lambda each: each.output_shape[-1]) if layers else None
    spot = at_layer(narrow) if narrow is not None else subject.at(subject.network_path)
    facts = {"rows": found.rows, "error": f"{found.error:.0%}"}
    patch = _wider(subject) if narrow is not None and narrow.output_shape[-1] < WIDE else None
    code = "diagnosis-underfitting"
    return Finding("underfitting", code, "warning", "end", spot, found.error, MOSTLY, facts, "likely", patch)


def _wider(subject: Subject) -> Patch | None:
    """Makes hidden Linear layers wider that are written as a number alone."""
    last = output_layer(subject.network)
    found = {}
    for call in weighted(subject.network):
        arguments = subject.network.constructions[call.name].arguments
        is_plain = call.type == "Linear" and set(arguments) == {"out_features", "in_features"}
        if is_plain and (last is None or call.name != last.name):
            found[f"{item_path(call)}.Linear"] = max(WIDE, 4 * call.output_shape[-1])
    return Patch(tuple(Change(path, width) for path, width in found.items())) if found else None
