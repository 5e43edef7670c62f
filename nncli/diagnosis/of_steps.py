"""Faults of how weights change: learning rate and batches."""

from __future__ import annotations

import math
from statistics import median
from typing import Final

from nncli.diagnosis.findings import Finding, Sure
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.replays import STEPS, Replay, learning_rate
from nncli.diagnosis.subject import Subject
from nncli.errors import Severity
from nncli.spec.editing import Change

LARGE_UPDATE: Final = 0.1
SMALL_UPDATE: Final = 1e-3
TINY_UPDATE: Final = 1e-4
GAIN: Final = 0.25
"""How much more of the loss another learning rate has to take away, in shares of that of a constant."""
ENOUGH_STEPS: Final = 20
"""Of fewer steps any larger rate makes more, and what is wrong is that they are so few."""
TINY_GAIN: Final = 0.05
NEXT_TO_NOTHING: Final = 0.1
TIMES_RATE: Final = 5.0
TIMES_FALL: Final = 3.0
FEW_STEPS: Final = 100


def lr_too_high(subject: Subject) -> Finding | None:
    """Finds a learning rate with which the loss does not fall, while it does with a smaller one."""
    replays = subject.replays
    if replays is None or len(replays.rates) < 2 or not subject.constant:
        return None
    first, lower = replays.as_written, replays.best_rate(lambda factor: factor < 1)
    if lower is None or (subject.outcome is not None and not subject.is_poor and not _went_wrong(subject)):
        return None
    factor, best = lower
    reference = min(first.before, subject.constant)
    gained = (first.after - best.after) / reference if math.isfinite(first.after) else math.inf
    is_harmful = first.after > 0.9 * reference and gained > GAIN and best.after < 0.9 * reference
    if not is_harmful and not _is_behind(subject, best):
        return None
    higher = replays.best_rate(lambda factor: factor > 1)
    if higher is not None and higher[1].after < best.after:
        return None
    return _rate(subject, "lr_too_high", factor, _first_update(subject))


def _is_behind(subject: Subject, best: Replay) -> bool:
    """Tells whether a whole run came to less than some steps with a smaller rate."""
    if subject.outcome is None or not subject.constant:
        return False
    if subject.has_lost_it:
        return best.after < 0.9 * subject.constant
    return (1 - subject.outcome.score) - best.after / subject.constant > GAIN


def _went_wrong(subject: Subject) -> bool:
    history = subject.history
    return history is not None and history.diverged


def _first_update(subject: Subject) -> float | None:
    """Gives the largest change of any layer, as a share of its weights: of early steps, or of the first."""
    if subject.history is not None and subject.history.steps:
        early = [each for each in subject.history.steps if each.step <= 50]
        known = [[share for share in each.updates.values() if share is not None] for each in early]
        largest = [max(shares) for shares in known if shares]
        return median(largest) if largest else None
    ratios = [
        max((layer.update_ratio or 0.0 for layer in start.layers if layer.has_matrix), default=0.0)
        for start in subject.starts
    ]
    return median(ratios) if ratios else None


def _rate(subject: Subject, which: str, factor: float, update: float | None) -> Finding | None:
    replays, rate = subject.replays, learning_rate(subject.training)
    assert replays is not None
    if rate is None:
        return None
    name = subject.training.optimizer.name
    path = f"training.optimizer.{name}.lr"
    better = float(f"{rate * factor:.3g}")
    first, best = replays.as_written, replays.rates[factor]
    shown = "not finite" if math.isinf(first.after) else f"{first.after:.3g}"
    facts = {
        "rate": f"{rate:g}",
        "better": f"{better:g}",
        "steps": first.steps,
        "after": shown,
        "before": f"{first.before:.3g}",
        "other": f"{best.after:.3g}",
        "update": "" if update is None else f"; a step changes weights by {update:.2g} of their size",
    }
    spot, patch = subject.at(path, f"{name}.lr"), set_to(path, better)
    if which == "lr_too_high":
        code, limit = "diagnosis-lr-too-high", LARGE_UPDATE
        severity: Severity = "error"
        if math.isfinite(first.after) and subject.outcome is None and not _went_wrong(subject):
            severity = "warning"
        return Finding("lr_too_high", code, severity, "training", spot, update, limit, facts, patch=patch)
    code = "diagnosis-lr-too-low"
    return Finding("lr_too_low", code, "warning", "training", spot, update, SMALL_UPDATE, facts, patch=patch)


def lr_too_low(subject: Subject) -> Finding | None:
    """Finds a learning rate with which the loss hardly falls, while it does with a larger one."""
    replays = subject.replays
    if replays is None or len(replays.rates) < 2 or not subject.constant:
        return None
    if subject.outcome is not None and not subject.is_poor:
        return None
    by_heart = _too_low_for_one_batch(subject)
    if by_heart is not None:
        return by_heart
    first, higher = replays.as_written, replays.best_rate(lambda factor: factor > 1)
    if higher is None or math.isinf(first.after) or _has_few_steps(subject):
        return None
    factor, best = higher
    fall, best_fall = first.before - first.after, first.before - best.after
    update = _first_update(subject)
    is_tiny = update is not None and update < TINY_UPDATE
    wanted = TINY_GAIN if is_tiny else GAIN
    if best_fall < TIMES_FALL * max(fall, 0.0) or best_fall < wanted * min(first.before, subject.constant):
        return None
    lower = replays.best_rate(lambda factor: factor < 1)
    if fall < 0 and lower is not None and lower[1].after < first.after:
        return None
    if subject.outcome is not None and best.after > subject.outcome.train.loss:
        return None
    if subject.outcome is None:
        # Many small steps go far as well.
        reached = fall / first.steps * (subject.steps or math.inf)
        if not reached < 0.3 * first.before:
            return None
    if update is not None and update > SMALL_UPDATE and subject.outcome is None:
        return None
    return _rate(subject, "lr_too_low", factor, update)


def _has_few_steps(subject: Subject) -> bool:
    return subject.replays is not None and subject.replays.as_written.steps < ENOUGH_STEPS


def _too_low_for_one_batch(subject: Subject) -> Finding | None:
    """Finds a rate with which a run learned next to nothing, while a larger one learns a batch by heart."""
    found, rate = subject.by_heart, learning_rate(subject.training)
    if found is None or rate is None or found.rate is None or not found.is_mostly_learned:
        return None
    replays = subject.replays
    # First steps have to ask for a larger rate too: one batch takes any rate that is not too large.
    is_wanted = replays is not None and min(replays.rates, key=lambda each: replays.rates[each].after) > 1
    has_learned = subject.outcome is not None and subject.outcome.score > NEXT_TO_NOTHING
    if found.rate < TIMES_RATE * rate or not is_wanted or has_learned or _has_few_steps(subject):
        return None
    name = subject.training.optimizer.name
    path, better = f"training.optimizer.{name}.lr", float(f"{found.rate:.3g}")
    facts = {"rate": f"{rate:g}", "better": f"{better:g}", "rows": found.rows}
    spot, code, patch = (
        subject.at(path, f"{name}.lr"),
        "diagnosis-lr-too-low-for-one-batch",
        set_to(path, better),
    )
    update = _first_update(subject)
    return Finding(
        "lr_too_low", code, "warning", "training", spot, update, SMALL_UPDATE, facts, "likely", patch
    )


def batch_size(subject: Subject) -> Finding | None:
    """Finds runs of so few steps that little can be learnt; those that learnt anyway are no fault."""
    steps, training = subject.steps, subject.training
    if steps is None or steps >= FEW_STEPS or training.optimizer.name == "LBFGS":
        return None
    if (subject.outcome is not None and not subject.is_poor) or subject.learns_in_trial:
        return None
    rows = subject.facts.rows
    is_wide = training.batch_size > 32 and rows / training.batch_size < 20
    epochs = training.epochs or 1
    if is_wide:
        size = max(8, min(32, rows // 16))
        per_epoch = max(1, rows // size)
        changes = [Change("training.batch_size", size)]
        if per_epoch * epochs < FEW_STEPS and training.epochs:
            changes.append(Change("training.epochs", math.ceil(4 * FEW_STEPS / per_epoch)))
    else:
        key = "steps" if training.steps else "epochs"
        now = training.steps or epochs
        changes = [Change(f"training.{key}", math.ceil(now * 4 * FEW_STEPS / steps))]
    spot = subject.at(changes[0].path)
    facts = {"steps": steps, "size": training.batch_size, "rows": rows}
    code, ran = "diagnosis-batch-size", subject.outcome is not None
    is_known = ran or subject.replays is not None
    severity: Severity = "warning" if is_known and (ran or steps <= STEPS) else "note"
    sure: Sure = "measured" if ran else "likely"
    patch = Patch(tuple(changes))
    return Finding("batch_size", code, severity, "spec", spot, steps, FEW_STEPS, facts, sure, patch)
