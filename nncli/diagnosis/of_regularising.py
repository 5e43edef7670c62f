"""Faults of what holds weights back: dropout, weight decay, an L1 term, gradients that are clipped."""

from __future__ import annotations

from typing import Final

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.of_steps import GAIN
from nncli.diagnosis.patches import Patch, set_to
from nncli.diagnosis.structure import last_dropout
from nncli.diagnosis.subject import Subject, at_layer
from nncli.spec.editing import Change

LARGE_DROPOUT: Final = 0.8
DROPOUT_ANYWHERE: Final = 0.5
NARROW: Final = 64
TIMES_WITH_DROPOUT: Final = 1.3


def over_regularised(subject: Subject) -> Finding | None:
    """Finds dropout, weight decay, a clip or an L1 term without which the loss falls, and with which not."""
    found = (_last_dropout, _strong_dropout, _narrow_dropout, _held_down)
    return next((each for each in (find(subject) for find in found) if each is not None), None)


def _narrow_dropout(subject: Subject) -> Finding | None:
    """Finds dropout of more than half of few units, in a run whose training loss suffers from it."""
    outcome, constant = subject.outcome, subject.constant
    if outcome is None or not constant or outcome.training_loss < 0.3 * constant:
        return None
    if outcome.training_loss < TIMES_WITH_DROPOUT * outcome.train.loss:
        return None
    for call in subject.network.layers:
        share = getattr(subject.network.module.get_submodule(call.name), "p", 0.0)
        units = call.output_shape[1] if len(call.output_shape) > 1 else 0
        if call.type.startswith("Dropout") and share > DROPOUT_ANYWHERE and units < NARROW:
            spot, code = at_layer(call), "diagnosis-strong-dropout"
            patch, facts = Patch((Change(f"{spot.path}.{call.type}", 0.2),)), {"share": f"{share:.0%}"}
            limit = DROPOUT_ANYWHERE
            return Finding("over_regularised", code, "warning", "end", spot, share, limit, facts, patch=patch)
    return None


def _last_dropout(subject: Subject) -> Finding | None:
    call = last_dropout(subject.network)
    share = getattr(subject.network.module.get_submodule(call.name), "p", 0.0) if call else 0.0
    if call is None or share <= 0:
        return None
    spot, code = at_layer(call), "diagnosis-last-dropout"
    patch, facts = Patch((Change(spot.path, how="remove"),)), {"share": f"{share:.0%}"}
    return Finding("over_regularised", code, "warning", "spec", spot, share, 0.0, facts, "likely", patch)


def _strong_dropout(subject: Subject) -> Finding | None:
    if subject.outcome is not None and not subject.is_poor:
        return None
    strong = []
    for call in subject.network.layers:
        share = getattr(subject.network.module.get_submodule(call.name), "p", None)
        if call.type.startswith("Dropout") and isinstance(share, float) and share >= LARGE_DROPOUT:
            strong.append((share, call))
    if not strong:
        return None
    share, call = max(strong, key=lambda each: each[0])
    changes = tuple(Change(f"{at_layer(each).path}.{each.type}", 0.2) for _, each in strong)
    spot, code = at_layer(call), "diagnosis-strong-dropout"
    facts = {"share": f"{share:.0%}"}
    patch = Patch(changes)
    return Finding(
        "over_regularised", code, "warning", "spec", spot, share, LARGE_DROPOUT, facts, "likely", patch
    )


def _held_down(subject: Subject) -> Finding | None:
    replays = subject.replays
    if replays is None or not subject.constant or (subject.outcome is not None and not subject.is_poor):
        return None
    first = replays.as_written
    reference = min(first.before, subject.constant)
    for path, free in replays.relaxed.items():
        if (first.after - free.after) / reference < GAIN:
            continue
        *_, key = path.split(".")
        changes = {"weight_decay": 0.0, "l1": 1e-5, "clip_gradients": 1.0}
        facts = {
            "key": key,
            "steps": first.steps,
            "after": f"{first.after:.3g}",
            "other": f"{free.after:.3g}",
        }
        code = "diagnosis-clipped-away" if key == "clip_gradients" else "diagnosis-over-regularised"
        spot = subject.at(path)
        patch = set_to(path, changes[key])
        gained = (first.after - free.after) / reference
        return Finding(
            "over_regularised", code, "warning", "training", spot, gained, GAIN, facts, patch=patch
        )
    return None
