"""Faults that show in what came out of a run: what was learnt, on which rows, and when."""

from __future__ import annotations

from statistics import median
from typing import Final

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.of_gradients import VANISHING_RATIO, ends_of, flatter, vanishing
from nncli.diagnosis.of_starts import (
    DEAD_SHARE,
    SATURATED_SHARE,
    before_weights,
    dead,
    is_dead,
    saturated_share,
)
from nncli.diagnosis.patches import Patch
from nncli.diagnosis.probes import Probe
from nncli.diagnosis.subject import Subject, at_layer, item_path, with_matrix
from nncli.network.compiled import LayerCall
from nncli.spec.editing import Change

DEVIATIONS: Final = 2.0
NOTHING_LEARNED: Final = 0.05
BLIND: Final = 0.95
"""A best loss of validation above this share of that of a constant carries nothing over to other rows."""
SAME_SPREAD: Final = 1e-3
SAME_CLASS: Final = 0.99
TRUE_SHARE: Final = 0.9
TIMES_TRAINING: Final = 1.5
STALLED_RATIO: Final = 1e-3


def dead_at_the_end(subject: Subject) -> Finding | None:
    """Finds units that died in training, where little was learnt."""
    end = subject.end
    layers = [each for each in end.layers if is_dead(each)] if end is not None else []
    if end is None or not layers or not (subject.is_poor or subject.outcome is None):
        return None
    # The one that lets least through.
    layer = max(layers, key=lambda each: each.activation.dead_share or 0.0 if each.activation else 0.0)
    spot = at_layer(layer.call)
    patch = Patch((Change(spot.path, "LeakyReLU"),))
    found = dead(layer, spot, end.rows, patch, is_start=False)
    return found.with_facts(since=since(subject, layer.call.name))


def dead_while_training(subject: Subject) -> Finding | None:
    """Finds layers that died in a run that left no weights."""
    if subject.history is None or subject.end is not None:
        return None
    for call in subject.network.layers:
        shares = subject.history.dead_shares(call.name)
        if shares and shares[-1][1] == 1:
            spot, code = at_layer(call), "diagnosis-dead-while-training"
            patch = Patch((Change(spot.path, "LeakyReLU"),))
            facts = {"since": since(subject, call.name)}
            return Finding("dead_units", code, "error", "end", spot, 1.0, DEAD_SHARE, facts, patch=patch)
    return None


def since(subject: Subject, layer: str) -> str:
    """Says between which steps a layer died, where it was looked at while it learned."""
    shares = subject.history.dead_shares(layer) if subject.history else []
    alive = [number for number, (_, share) in enumerate(shares) if share <= DEAD_SHARE]
    first = alive[-1] + 1 if alive else 0
    if first >= len(shares):
        return ""
    before = f", and not yet at step {shares[first - 1][0]}" if first else ""
    return f", since step {shares[first][0]}{before}"


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
    is_blind = best is not None and best > BLIND * subject.constant
    if not is_blind or other.blind - other.error > DEVIATIONS * other.deviation:
        return None
    if other.blind < 2 * DEVIATIONS * other.deviation:
        # So few rows could not show it either if half of the errors were avoided.
        return None
    name = subject.facts.targets[0].name
    spot, code = subject.at(f"data.targets.{name}", name), "diagnosis-label-noise"
    facts = {"best": f"{best:.3g}", "constant": f"{subject.constant:.3g}", "train": f"{last:.3g}"}
    value = best / subject.constant if best is not None else None
    return Finding("label_noise", code, "warning", "end", spot, value, BLIND, facts, "likely")


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
