"""Faults between the end of a network, its loss and its targets; and layers with nothing between them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Final

from nncli.diagnosis.findings import Finding
from nncli.diagnosis.of_data import COMPARES_NUMBERS
from nncli.diagnosis.patches import Patch
from nncli.diagnosis.structure import (
    Last,
    bare_pairs,
    has_curve,
    hidden_softmaxes,
    last_activation,
    output_layer,
)
from nncli.diagnosis.subject import Subject, at_layer, item_path
from nncli.errors import Severity
from nncli.spec.editing import Change

_BOUNDED: Final = (
    "Sigmoid",
    "Softmax",
    "Tanh",
    "ReLU",
    "ReLU6",
    "Hardtanh",
    "Hardsigmoid",
    "Softsign",
    "Softmin",
)
_BENT: Final = ("LeakyReLU", "ELU", "GELU", "SiLU", "Softplus", "PReLU", "SELU", "CELU", "Mish")
_LOGITS: Final = ("CrossEntropyLoss", "FocalLoss", "BCEWithLogitsLoss", "SigmoidFocalLoss", "SoftMarginLoss")
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "Sigmoid": (0, 1),
    "Softmax": (0, 1),
    "Hardsigmoid": (0, 1),
    "Tanh": (-1, 1),
    "Hardtanh": (-1, 1),
    "Softsign": (-1, 1),
    "ReLU": (0, math.inf),
    "ReLU6": (0, 6),
    "Softplus": (0, math.inf),
    "LogSoftmax": (-math.inf, 0),
    "LogSigmoid": (-math.inf, 0),
}
OUTSIDE_SHARE: Final = 0.01


def loss_activation_mismatch(subject: Subject) -> Finding | None:
    """Finds an end of the network that the loss undoes, repeats, or cannot use."""
    if len(subject.objective.heads) > 1:
        return None
    name = subject.objective.terms[0].name
    last = last_activation(subject.network)
    over_rows = _softmax_over_rows(subject)
    if over_rows is not None:
        return over_rows
    if last is not None and last.kind == "Softmax" and name == "BCELoss" and not _is_of_one(last):
        return _classes_one_by_one(name, last)
    if last is not None and last.kind in ("Softmax", "LogSoftmax") and _is_of_one(last):
        return _softmax_of_one(name, last)
    if name in _LOGITS and last is not None:
        severity: Severity | None = (
            "error" if last.kind in _BOUNDED else "warning" if last.kind in _BENT else None
        )
        if last.kind == "LogSoftmax":
            severity = "note" if name in ("CrossEntropyLoss", "FocalLoss") else "error"
        return _last_too_many(name, last, severity) if severity else None
    if name == "NLLLoss":
        return _without_logarithm(subject, last)
    if name in COMPARES_NUMBERS and any(each.classes for each in subject.objective.targets.values()):
        return _numbers_for_classes(subject, name, last)
    return None


def _softmax_over_rows(subject: Subject) -> Finding | None:
    for call in subject.network.layers:
        axis = getattr(subject.network.module.get_submodule(call.name), "dim", None)
        if call.type in ("Softmax", "LogSoftmax") and axis == 0:
            spot, code = at_layer(call), "diagnosis-softmax-over-rows"
            patch = Patch((Change(f"{spot.path}.{call.type}", 1),))
            facts = {"activation": call.type}
            return Finding(
                "loss_activation_mismatch", code, "error", "spec", spot, 0.0, 1.0, facts, patch=patch
            )
    return None


def _classes_one_by_one(loss: str, last: Last) -> Finding:
    spot, code = at_layer(last.call), "diagnosis-classes-one-by-one"
    patch = Patch((Change("training.loss", "CrossEntropyLoss"), Change(item_path(last.call), how="remove")))
    facts = {"activation": last.kind, "loss": loss}
    return Finding(
        "loss_activation_mismatch", code, "warning", "spec", spot, None, 0.0, facts, "likely", patch
    )


def _is_of_one(last: Last) -> bool:
    shape = last.call.output_shape
    return len(shape) > 1 and shape[1] == 1


def _softmax_of_one(loss: str, last: Last) -> Finding:
    spot, code = at_layer(last.call), "diagnosis-softmax-of-one"
    path = item_path(last.call)
    change = Change(path, "Sigmoid") if loss == "BCELoss" else Change(path, how="remove")
    facts = {"activation": last.kind, "loss": loss}
    patch = Patch((change,))
    return Finding("loss_activation_mismatch", code, "error", "spec", spot, 1.0, 2.0, facts, patch=patch)


def _last_too_many(loss: str, last: Last, severity: Severity) -> Finding:
    spot, code = at_layer(last.call), "diagnosis-loss-activation-mismatch"
    facts = {"activation": last.kind, "loss": loss}
    patch = Patch((Change(item_path(last.call), how="remove"),))
    return Finding("loss_activation_mismatch", code, severity, "spec", spot, None, 0.0, facts, patch=patch)


def _without_logarithm(subject: Subject, last: Last | None) -> Finding | None:
    """NLLLoss needs logarithms of probabilities; of a function that nobody knows nothing is said."""
    if last is None and output_layer(subject.network) is None:
        return None
    if last is not None and last.kind in ("LogSoftmax", "LogSigmoid"):
        return None
    changes = [Change("training.loss", "CrossEntropyLoss")]
    if last is not None:
        changes.append(Change(item_path(last.call), how="remove"))
    spot, code = subject.at("training.loss", "NLLLoss"), "diagnosis-loss-without-logarithm"
    facts = {"loss": "NLLLoss", "activation": last.kind if last else "a layer without activation"}
    patch = Patch(tuple(changes))
    return Finding("loss_activation_mismatch", code, "error", "spec", spot, None, 0.0, facts, patch=patch)


def _numbers_for_classes(subject: Subject, loss: str, last: Last | None) -> Finding:
    kinds = {each.type for each in subject.objective.targets.values()}
    instead = "CrossEntropyLoss" if "category" in kinds else "BCEWithLogitsLoss"
    changes = [Change("training.loss", instead)]
    is_bounded = last is not None and last.kind in ("Sigmoid", "Softmax")
    if last is not None:
        changes.append(Change(item_path(last.call), how="remove"))
    # Squares of probabilities are Brier's score: slow, but no fault.
    severity: Severity = "note" if is_bounded and "category" not in kinds else "warning"
    spot, code = subject.at("training.loss", loss), "diagnosis-numbers-for-classes"
    facts = {"loss": loss, "instead": instead}
    patch = Patch(tuple(changes))
    return Finding(
        "loss_activation_mismatch", code, severity, "spec", spot, None, 0.0, facts, "likely", patch
    )


def output_range_mismatch(subject: Subject) -> Finding | None:
    """Finds targets that the last activation can never give."""
    last = last_activation(subject.network)
    if (
        last is None
        or len(subject.objective.heads) > 1
        or last.kind not in _RANGES
        or subject.objective.terms[0].name not in COMPARES_NUMBERS
    ):
        return None
    lowest, highest = _RANGES[last.kind]
    for target in subject.facts.targets:
        outside = [each for each in target.values if not lowest - 1e-6 <= each <= highest + 1e-6]
        share = len(outside) / max(len(target.values), 1)
        if share <= OUTSIDE_SHARE:
            continue
        spot, code = at_layer(last.call), "diagnosis-output-range-mismatch"
        reach = (
            f"{lowest:g} to {highest:g}"
            if math.isfinite(lowest + highest)
            else ("0 or more" if lowest == 0 else "0 or less")
        )
        facts = {"activation": last.kind, "target": target.name, "share": f"{share:.0%}", "reach": reach}
        patch = Patch((Change(item_path(last.call), how="remove"),))
        return Finding(
            "output_range_mismatch", code, "error", "spec", spot, share, OUTSIDE_SHARE, facts, patch=patch
        )
    return None


def missing_activation(subject: Subject) -> Finding | None:
    """Finds two layers with weights that together are no more than one."""
    pairs = list(bare_pairs(subject.network))
    if not pairs:
        return _hidden_softmax(subject)
    first, second = pairs[0]
    severity: Severity = "warning" if has_curve(subject.network) else "error"
    changes = [
        Change(item_path(one), _activation(subject), "after") for one, two in pairs if one.path != two.path
    ]
    patch = Patch(tuple(changes)) if changes else None
    spot, code = at_layer(first), "diagnosis-missing-activation"
    facts = {"next": second.name, "activation": _activation(subject)}
    return Finding("missing_activation", code, severity, "spec", spot, 0.0, 1.0, facts, patch=patch)


def _hidden_softmax(subject: Subject) -> Finding | None:
    """Finds a softmax between layers with weights; one of attention is no item of its own."""
    for softmax, after in hidden_softmaxes(subject.network):
        spot, code = at_layer(softmax), "diagnosis-hidden-softmax"
        instead = _activation(subject)
        facts = {"activation": softmax.type, "next": after.name, "instead": instead}
        patch = Patch((Change(spot.path, instead),))
        return Finding("missing_activation", code, "warning", "spec", spot, 0.0, 1.0, facts, "likely", patch)
    return None


def _activation(subject: Subject) -> str:
    """Names the activation that a network has most, or ReLU."""
    kinds = Counter(each.type for each in subject.network.calls if each.type in (*_BENT, "ReLU", "Tanh"))
    return kinds.most_common(1)[0][0] if kinds else "ReLU"
