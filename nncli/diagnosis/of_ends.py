"""Faults that show in what came out of a run: what was learnt, on which rows, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.history import Epoch
from nncli.diagnosis.of_gradients import VANISHING_RATIO, ends_of, flatter, vanishing
from nncli.diagnosis.of_starts import (
    SATURATED_SHARE,
    before_weights,
    dead,
    is_dead,
    saturated_share,
)
from nncli.diagnosis.outcomes import Fit
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.probes import Probe
from nncli.diagnosis.structure import output_layer
from nncli.diagnosis.subject import Subject, at_layer, item_path, with_matrix
from nncli.errors import Severity
from nncli.network.compiled import LayerCall
from nncli.spec.editing import Change

OVERFITTING_TIMES: Final = 1.2
OVERFITTING_EPOCHS: Final = 3
OVERFITTING_STAYS: Final = 1.1
DEVIATIONS: Final = 2.0
STILL_FALLING: Final = 0.05
NOTHING_LEARNED: Final = 0.05
SAME_SPREAD: Final = 1e-3
SAME_CLASS: Final = 0.99
TRUE_SHARE: Final = 0.9
TIMES_TRAINING: Final = 1.5
STALLED_RATIO: Final = 1e-3


def dead_at_the_end(subject: Subject) -> Finding | None:
    """Finds units that died in training, where little was learnt."""
    end = subject.end
    for layer in end.layers if end is not None else ():
        if is_dead(layer) and (subject.is_poor or subject.outcome is None):
            spot = at_layer(layer.call)
            patch = Patch((Change(spot.path, "LeakyReLU"),))
            return dead(layer, spot, end.rows if end else 0, patch, is_start=False)
    return None


def saturated_at_the_end(subject: Subject) -> Finding | None:
    """Finds flat layers that stopped the learning; trained layers may well be flat."""
    end = subject.end
    if end is None or (subject.outcome is not None and not subject.is_poor):
        return None
    for layer in before_weights(end):
        share = saturated_share(layer)
        if share > SATURATED_SHARE and _has_stalled(end, layer.call):
            spot, code = at_layer(layer.call), "diagnosis-saturated-activations"
            patch = Patch((Change(spot.path, "ReLU"),))
            facts = {"share": f"{share:.0%}"}
            return Finding(
                "saturated_activations",
                code,
                "warning",
                "end",
                spot,
                share,
                SATURATED_SHARE,
                facts,
                patch=patch,
            )
    return None


def _has_stalled(end: Probe, call: LayerCall) -> bool:
    names = [layer.call.name for layer in end.layers]
    before = [each for each in with_matrix(end) if names.index(each.call.name) < names.index(call.name)]
    all_rms = [each.gradient.rms for each in with_matrix(end) if each.gradient]
    if not before or before[-1].gradient is None:
        return False
    return before[-1].gradient.rms < STALLED_RATIO * median(all_rms)


def vanishing_at_the_end(subject: Subject) -> Finding | None:
    """Finds a first layer that hardly gets a gradient after a run that came to nothing."""
    end = subject.end
    ends = ends_of(end) if end is not None else None
    if ends is None or (subject.outcome is not None and not subject.is_poor):
        return None
    first, last, ratio = ends
    if ratio >= VANISHING_RATIO:
        return None
    return vanishing((ratio, VANISHING_RATIO), first, last, ("warning", "end"), flatter(subject))


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
    if not stays or late - best < _deviation(outcome.validation, best):
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
    severity: Severity = "note" if is_right else "warning"
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


def label_noise(subject: Subject) -> Finding | None:
    """Finds training rows learnt by heart that say nothing of others."""
    outcome, history = subject.outcome, subject.history
    if outcome is None or outcome.validation is None or history is None or not history.epochs:
        return None
    other = outcome.validation
    first, last = history.epochs[0].loss, history.epochs[-1].loss
    if first is None or last is None or not subject.constant or last > 0.7 * subject.constant:
        return None
    losses = [each.validation.get("loss") for each in history.epochs]
    best = min((each for each in losses if each is not None), default=None)
    is_blind = best is not None and best > 0.95 * subject.constant
    if not is_blind or other.blind - other.error > DEVIATIONS * other.deviation:
        return None
    name = subject.facts.targets[0].name
    spot, code = subject.at(f"data.targets.{name}", name), "diagnosis-label-noise"
    facts = {"best": f"{best:.3g}", "constant": f"{subject.constant:.3g}", "train": f"{last:.3g}"}
    value = best / subject.constant if best is not None else None
    return Finding("label_noise", code, "warning", "end", spot, value, 0.95, facts, "likely")


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


def not_learning(subject: Subject) -> Finding | None:
    """Finds runs that do no better than one answer for all rows."""
    outcome = subject.outcome
    if outcome is None or not subject.constant or outcome.score >= NOTHING_LEARNED:
        return None
    fit = outcome.train
    if fit.blind - fit.error > DEVIATIONS * fit.deviation:
        return None
    spot, code = subject.at("training"), "diagnosis-not-learning"
    facts = {"loss": f"{fit.loss:.3g}", "constant": f"{subject.constant:.3g}"}
    return Finding(
        "not_learning", code, "error", "end", spot, outcome.score, NOTHING_LEARNED, facts, "measured"
    )


def constant_predictions(subject: Subject) -> Finding | None:
    """Finds networks that answer the same whatever flows in."""
    if subject.outcome is None:
        return None
    fit = subject.outcome.train
    spot, code = subject.at("training"), "diagnosis-constant-predictions"
    if fit.spread is not None and fit.spread < SAME_SPREAD:
        facts = {"value": f"{fit.spread:.2g}"}
        return Finding("constant_predictions", code, "error", "end", spot, fit.spread, SAME_SPREAD, facts)
    if fit.largest is None or fit.true_share is None:
        return None
    if fit.largest <= SAME_CLASS or fit.true_share >= TRUE_SHARE:
        return None
    code = "diagnosis-one-class"
    facts = {"value": f"{fit.largest:.0%}", "true": f"{fit.true_share:.0%}"}
    return Finding("constant_predictions", code, "error", "end", spot, fit.largest, SAME_CLASS, facts)


def train_eval_mismatch(subject: Subject) -> Finding | None:
    """Finds networks that do far worse out of training on the very rows that they were trained on."""
    outcome = subject.outcome
    norms = [each for each in subject.network.layers if each.type.startswith("BatchNorm")]
    if outcome is None or not norms or not subject.constant:
        return None
    times = outcome.train.loss / outcome.training_loss if outcome.training_loss > 0 else 1.0
    if times < TIMES_TRAINING or outcome.train.loss - outcome.training_loss < 0.1 * subject.constant:
        return None
    spot, code = at_layer(norms[0]), "diagnosis-train-eval-mismatch"
    patch = Patch((Change(f"{item_path(norms[0])}.{norms[0].type}", {"momentum": 0.1}),))
    facts = {"eval": f"{outcome.train.loss:.3g}", "train": f"{outcome.training_loss:.3g}"}
    return Finding(
        "train_eval_mismatch", code, "warning", "end", spot, times, TIMES_TRAINING, facts, "likely", patch
    )
