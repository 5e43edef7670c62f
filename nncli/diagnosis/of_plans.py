"""Faults that a spec has before anything runs: what no row comes through, and a rate that never comes."""

from __future__ import annotations

import math
from typing import Any, Final

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.patches import Patch
from nncli.diagnosis.replays import learning_rate
from nncli.diagnosis.structure import has_bias, narrow_necks, sparse_convolutions
from nncli.diagnosis.subject import Subject, at_layer, item_path
from nncli.spec.editing import Change
from nncli.training.schedule_checks import build_schedule, horizon_of

SEEN_SHARE: Final = 0.2
"""Every second row and column of pixels, as some residual networks take, is a quarter."""
FEW_WHOLE_STEPS: Final = 50.0
SLOWED: Final = 0.1
MOST_STEPS: Final = 20_000
OF_THEIR_OWN: Final = frozenset({"ReduceLROnPlateau", "OneCycleLR", "CyclicLR", "SWALR"})
"""Schedules whose rates follow from figures, or are not shares of that of the optimiser."""


def lost_input(subject: Subject) -> Finding | None:
    """Finds convolutions that step over most of what flows in."""
    for call, share in sparse_convolutions(subject.network):
        if share >= SEEN_SHARE:
            continue
        spot, code = at_layer(call), "diagnosis-lost-input"
        facts = {"share": f"{share:.0%}"}
        stride = max(subject.network.module.get_submodule(call.name).kernel_size)  # type: ignore[arg-type]
        patch = Patch((Change(f"{spot.path}.{call.type}.stride", stride),))
        return Finding("lost_input", code, "warning", "spec", spot, share, SEEN_SHARE, facts, "likely", patch)
    return None


def narrow_neck(subject: Subject) -> Finding | None:
    """Finds a hidden layer of one unit through which everything comes, where there are several classes."""
    classes = max((len(each.counts) for each in subject.facts.targets), default=0)
    if classes < 3 or (subject.outcome is not None and not subject.is_poor):
        return None
    for call in narrow_necks(subject.network):
        spot, code = at_layer(call), "diagnosis-narrow-neck"
        patch = Patch((Change(f"{spot.path}.{call.type}", 32),))
        facts = {"classes": classes}
        return Finding("underfitting", code, "warning", "spec", spot, 1.0, 2.0, facts, "likely", patch)
    return None


def missing_bias(subject: Subject) -> Finding | None:
    """Finds networks in which nothing is ever added, so that zeros come out where zeros flow in."""
    layers = has_bias(subject.network)
    if len(layers) < 2 or any(layers.values()) or (subject.outcome is not None and not subject.is_poor):
        return None
    calls = {each.name: each for each in subject.network.layers}
    first = at_layer(calls[next(iter(layers))])
    paths = dict.fromkeys(f"{item_path(calls[name])}.{calls[name].type}.bias" for name in layers)
    patch = Patch(tuple(Change(path, True) for path in paths))
    code, facts = "diagnosis-missing-bias", {"layers": len(layers)}
    return Finding("missing_bias", code, "warning", "spec", first, 0.0, 1.0, facts, "likely", patch)


def slow_schedule(subject: Subject) -> Finding | None:
    """Finds schedules that leave next to nothing of the learning rate, from the first steps to the last."""
    if not subject.training.schedule or (subject.outcome is not None and not subject.is_poor):
        return None
    found = _whole_steps(subject)
    if found is None:
        return None
    whole, steps = found
    if whole >= FEW_WHOLE_STEPS or whole >= SLOWED * steps:
        return None
    warmup = any(each.warmup for each in subject.training.schedule)
    better = {"CosineAnnealingLR": {}, **({"warmup": "5%"} if warmup else {})}
    spot, code = subject.at("training.schedule"), "diagnosis-slow-schedule"
    facts = {"steps": steps, "whole": f"{whole:.3g}"}
    patch = Patch((Change("training.schedule", better),))
    return Finding("lr_too_low", code, "warning", "spec", spot, whole, FEW_WHOLE_STEPS, facts, patch=patch)


def _whole_steps(subject: Subject) -> tuple[float, int] | None:
    """Counts the steps of a run as steps with the whole rate: half of the rate is half a step.

    Counting ends where there are enough. None where it is not known how long a run is, where it is very long,
    where figures move the rate, and where the schedule or groups of weights have rates of their own.
    """
    training, names = (
        subject.training,
        {call.name for each in subject.training.schedule for call in each.calls},
    )
    if subject.steps is None or subject.steps > MOST_STEPS or names & OF_THEIR_OWN or training.groups:
        return None
    batches = math.ceil(subject.facts.rows / training.batch_size)
    horizon = horizon_of(training, batches).of_updates(training.accumulate)
    rate = learning_rate(training) or 1.0
    group: dict[str, Any] = {"params": [], "lr": rate, "momentum": 0.9, "betas": (0.9, 0.999)}
    schedule = build_schedule(training.schedule, [group], horizon)
    whole, updates = 0.0, horizon.whole or subject.steps
    for update in range(1, updates + 1):
        whole += group["lr"] / rate
        if whole >= FEW_WHOLE_STEPS or schedule is None:
            break
        schedule.after_update()
        if update % horizon.epoch == 0:
            schedule.after_epoch({}, None)
    return whole, updates
