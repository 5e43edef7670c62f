"""Faults of networks that learn by updates of their own, where no single loss says how good a run is."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

from nncli.diagnosis.findings import Finding, Spot
from nncli.diagnosis.history import History
from nncli.diagnosis.of_ends import since
from nncli.diagnosis.of_starts import dead
from nncli.diagnosis.patches import Patch
from nncli.diagnosis.subject import Subject, at_layer
from nncli.objectives.updates import CompiledUpdate
from nncli.spec.editing import Change
from nncli.spec.spec import Spec

LOST: Final = 0.01
"""A discriminator whose loss is below this is right about every row."""
RISEN: Final = 2.0
LEAST_EPOCHS: Final = 3
_BINARY: Final = ("BCEWithLogitsLoss", "BCELoss")


def dead_layer(subject: Subject) -> Finding | None:
    """Finds a layer all of whose units died in training; of some dead units nobody knows whether they
    matter."""
    end = subject.end
    for layer in end.layers if end is not None else ():
        if end is not None and layer.activation is not None and layer.activation.dead_share == 1:
            patch = Patch((Change(at_layer(layer.call).path, "LeakyReLU"),))
            found = dead(layer, at_layer(layer.call), end.rows, patch, is_start=False)
            return found.with_facts(since=since(subject, layer.call.name))
    return None


def discriminator_ahead(spec: Spec, updates: Sequence[CompiledUpdate], history: History) -> Finding | None:
    """Finds a network that tells real from made without any error while the loss of the one that makes
    rises."""
    for number, judge in enumerate(updates):
        losses = [each.train.get(f"{judge.name}.loss") for each in history.epochs]
        if not all(term.loss is not None and term.loss.name in _BINARY for term in judge.spec.terms):
            continue
        for maker in updates:
            if not _are_opposed(judge, maker):
                continue
            others = [each.train.get(f"{maker.name}.loss") for each in history.epochs]
            pairs = [(a, b) for a, b in zip(losses, others, strict=True) if a is not None and b is not None]
            late = pairs[-max(3, len(pairs) // 5) :]
            if len(pairs) < len(late) + 1:
                continue
            loss, other = median(each for each, _ in late), median(each for _, each in late)
            best = min(each for _, each in pairs)
            if loss < LOST and other > RISEN * max(best, LOST):
                path = f"training.updates.{number}"
                spot = Spot(judge.name, path, spec.place(*path.split(".")))
                facts = {
                    "loss": f"{loss:.2g}",
                    "other": maker.name,
                    "best": f"{best:.3g}",
                    "late": f"{other:.3g}",
                }
                code = "diagnosis-discriminator-ahead"
                return Finding("discriminator_ahead", code, "warning", "training", spot, loss, LOST, facts)
    return None


def diverging_update(spec: Spec, updates: Sequence[CompiledUpdate], history: History) -> Finding | None:
    """Finds an update whose loss ends far above its best one and its first one, where no rival raises it."""
    for number, each in enumerate(updates):
        others = [other for other in updates if other is not each]
        if any(_runs(each, other.networks) for other in others):
            continue
        figure = f"{each.name}.loss" if others else "loss"
        losses = [loss for epoch in history.epochs if (loss := epoch.train.get(figure)) is not None]
        if len(losses) < LEAST_EPOCHS:
            continue
        best, late = min(losses), median(losses[-max(2, len(losses) // 5) :])
        if best > 0 and late > max(RISEN * best, losses[0]):
            path = f"training.updates.{number}"
            spot = Spot(each.name, path, spec.place(*path.split(".")))
            facts = {"late": f"{late:.3g}", "best": f"{best:.3g}"}
            code, value = "diagnosis-diverging-loss", late / best
            return Finding("diverging_loss", code, "warning", "training", spot, value, RISEN, facts)
    return None


def _are_opposed(one: CompiledUpdate, other: CompiledUpdate) -> bool:
    """Tells whether each of two updates runs the networks that the other changes, and changes none of
    them."""
    if set(one.networks) & set(other.networks):
        return False
    return _runs(one, other.networks) and _runs(other, one.networks)


def _runs(update: CompiledUpdate, networks: Sequence[str]) -> bool:
    targets = [
        str(node.target) for node in update.module.graph.nodes if node.op in ("call_module", "get_attr")
    ]
    return any(target.startswith(f"{name}.") for target in targets for name in networks)
