"""Losses that rise again or jump up and down, and gradients that are mostly chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.replays import learning_rate
from nncli.diagnosis.subject import Subject
from nncli.spec.editing import Change

LEAST_EPOCHS: Final = 10
JUMP: Final = 0.03
"""A jump is larger than this share of the loss of a constant."""
RELATIVE_JUMP: Final = 0.2
"""A jump is larger than this share of the loss itself, too."""
TURNS: Final = 0.1
GOOD: Final = 0.9
SMALL_BATCH: Final = 16
NOISE_TIMES: Final = 10.0
DIVERGING_TIMES: Final = 2.0


def diverging_loss(subject: Subject) -> Finding | None:
    """Finds a loss of training that ends far above the best one it had."""
    losses = _epoch_losses(subject)
    if len(losses) < 3 or not subject.is_poor:
        return None
    best = min(losses)
    late = median(losses[-max(2, len(losses) // 5) :])
    if late <= DIVERGING_TIMES * best or late < 0.5 * (subject.constant or 0.0):
        return None
    spot, code = subject.at("training.optimizer"), "diagnosis-diverging-loss"
    facts = {"late": f"{late:.3g}", "best": f"{best:.3g}"}
    return Finding(
        "diverging_loss",
        code,
        "error",
        "training",
        spot,
        late / max(best, 1e-12),
        DIVERGING_TIMES,
        facts,
        patch=_calmer(subject),
    )


def _epoch_losses(subject: Subject) -> list[float]:
    epochs = subject.history.epochs if subject.history else ()
    return [each.loss for each in epochs if each.loss is not None]


def unstable_loss(subject: Subject) -> Finding | None:
    """Finds a loss that goes up and down from epoch to epoch, in a run that did not end well."""
    history, training = subject.history, subject.training
    if history is None or not subject.constant or training.schedule or training.phases:
        return None
    if subject.outcome is not None and subject.outcome.score > GOOD:
        return None
    curves = [
        [each.loss for each in history.epochs],
        [each.validation.get("loss") for each in history.epochs],
    ]
    share, epochs, late = max(_turns(curve, subject.constant) for curve in curves)
    if share <= TURNS or all(_ends_at_its_best(curve) for curve in curves):
        return None
    spot, code = subject.at("training.optimizer"), "diagnosis-unstable-loss"
    facts = {
        "share": f"{share:.0%}",
        "epochs": epochs,
        "low": f"{late[0]:.3g}",
        "high": f"{late[1]:.3g}",
    }
    patch = _calmer(subject)
    return Finding("unstable_loss", code, "warning", "training", spot, share, TURNS, facts, patch=patch)


def _turns(curve: Sequence[float | None], constant: float) -> tuple[float, int, tuple[float, float]]:
    """Gives the share of epochs in which a loss turns around in large jumps, of how many, and its ends."""
    losses = [each for each in curve if each is not None]
    if len(losses) < LEAST_EPOCHS:
        return 0.0, 0, (0.0, 0.0)
    # At first a loss may do anything.
    late = losses[len(losses) // 5 :]
    limit = max(JUMP * constant, RELATIVE_JUMP * median(late))
    moves = [now - before for before, now in pairwise(late)]
    turns = [each * before < 0 and min(abs(each), abs(before)) > limit for before, each in pairwise(moves)]
    return sum(turns) / len(turns), len(turns), (min(late), max(late))


def _ends_at_its_best(curve: Sequence[float | None]) -> bool:
    """Tells whether the last loss is the lowest of all, or there is none."""
    losses = [each for each in curve if each is not None]
    return not losses or losses[-1] <= min(losses)


def _calmer(subject: Subject) -> Patch | None:
    """Takes larger batches where they are very small, else a lower learning rate."""
    training, rate = subject.training, learning_rate(subject.training)
    if training.batch_size < SMALL_BATCH:
        return set_to("training.batch_size", 32)
    if rate is None:
        return None
    return Patch((Change(f"training.optimizer.{training.optimizer.name}.lr", float(f"{rate / 5:.3g}")),))


def noisy_gradients(subject: Subject) -> Finding | None:
    """Finds batches whose gradients are mostly chance, where a run came to little; no more than a note."""
    noises = [each.noise for each in subject.starts if each.noise is not None]
    training, rows = subject.training, subject.facts.rows
    taken = training.batch_size * training.accumulate
    # Before a run nobody knows whether it matters: small steps in all directions add up as well.
    if not noises or not subject.is_poor or 4 * taken > rows:
        return None
    noise = median(noises)
    if noise <= NOISE_TIMES * taken:
        return None
    spot, code = subject.at("training.batch_size"), "diagnosis-noisy-gradients"
    size = min(8 * training.batch_size, rows // 4)
    facts = {
        "size": taken,
        "noise": f"about {noise:,.0f} rows" if noise < 100 * rows else "more rows than there are",
    }
    value, patch = noise / taken, set_to("training.batch_size", size)
    return Finding("noisy_gradients", code, "note", "start", spot, value, NOISE_TIMES, facts, "likely", patch)
