"""All diagnoses in causal order, what each explains, and the few verdicts that a person is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

from nncli.diagnosis import (
    of_capacity,
    of_data,
    of_ends,
    of_gradients,
    of_losses,
    of_noise,
    of_numbers,
    of_plans,
    of_regularising,
    of_rows,
    of_starts,
    of_steps,
)
from nncli.diagnosis.findings import Finding, FindingId
from nncli.diagnosis.subject import Subject
from nncli.errors import Problem
from nncli.messages.catalogue import message_of

MOST: Final = 3
_RUN: Final = (
    "undertrained",
    "not_learning",
    "constant_predictions",
    "diverging_loss",
    "unstable_loss",
    "noisy_gradients",
)
_FLOW: Final = (
    "vanishing_gradients",
    "exploding_gradients",
    "no_gradient",
    "saturated_activations",
    "dead_units",
)
_RATES: Final = ("lr_too_high", "lr_too_low", "batch_size", "over_regularised")
_EVERYTHING: Final = (
    *_RUN,
    *_FLOW,
    *_RATES,
    "bad_initial_loss",
    "bad_init_scale",
    "nan_loss",
    "underfitting",
)
_ALL_BUT_HIGH_RATES: Final = tuple(each for each in _EVERYTHING if each != "lr_too_high")
EXPLAINS: Final[Mapping[str, tuple[str, ...]]] = {
    "invalid_targets": get_args(FindingId),
    "nonfinite_data": get_args(FindingId),
    "unscaled_inputs": _EVERYTHING,
    "unscaled_targets": _EVERYTHING,
    "loss_activation_mismatch": (*_ALL_BUT_HIGH_RATES, "output_range_mismatch"),
    "output_range_mismatch": _ALL_BUT_HIGH_RATES,
    "missing_activation": (*_RUN, "underfitting", "lr_too_low"),
    "missing_bias": (*_RUN, "underfitting", "lr_too_low", "overfitting"),
    "lost_input": (*_RUN, "underfitting", "lr_too_low", "overfitting", "label_noise"),
    "class_imbalance": (
        "not_learning",
        "constant_predictions",
        "undertrained",
        "lr_too_low",
        "bad_initial_loss",
    ),
    "symmetric_init": _EVERYTHING,
    "bad_init_scale": _EVERYTHING,
    "saturated_activations": (
        *_RUN,
        "vanishing_gradients",
        "no_gradient",
        "lr_too_low",
        "batch_size",
        "bad_initial_loss",
    ),
    "dead_units": (*_RUN, "vanishing_gradients", "no_gradient", "lr_too_low", "batch_size"),
    "vanishing_gradients": (*_RUN, "dead_units", "lr_too_low", "batch_size", "no_gradient", "underfitting"),
    "exploding_gradients": (*_RUN, "nan_loss", "lr_too_high", "bad_initial_loss"),
    "lr_too_high": (
        *_RUN,
        *_FLOW,
        "nan_loss",
        "over_regularised",
        "underfitting",
        "batch_size",
        "overfitting",
        "train_eval_mismatch",
    ),
    "lr_too_low": (*_RUN, "batch_size", "underfitting"),
    "batch_size": _RUN,
    "over_regularised": (*_RUN, *_FLOW, "lr_too_low", "batch_size", "underfitting", "train_eval_mismatch"),
    "label_noise": (*_RUN, "lr_too_low", "overfitting", "underfitting"),
    "no_gradient": (*_RUN, "lr_too_low", "batch_size", "underfitting"),
    "nan_loss": (*_RUN, "batch_size", "underfitting"),
    "diverging_loss": ("not_learning", "constant_predictions", "unstable_loss"),
    "unstable_loss": ("not_learning", "constant_predictions", "undertrained", "overfitting"),
    "undertrained": ("not_learning", "constant_predictions"),
    "underfitting": (*_RUN, "lr_too_low", "batch_size"),
    "constant_predictions": ("not_learning",),
}
"""What a fault causes: where both are found, the second is told as evidence of the first."""
_NEEDS: Final[Mapping[str, tuple[Callable[[Subject], Finding | None], ...]]] = {
    "spec": (
        of_data.invalid_targets,
        of_data.nonfinite_data,
        of_rows.leakage,
        of_data.unscaled_inputs,
        of_data.class_imbalance,
        of_losses.loss_activation_mismatch,
        of_losses.output_range_mismatch,
        of_losses.missing_activation,
        of_plans.missing_bias,
        of_plans.lost_input,
        of_plans.narrow_neck,
        of_plans.slow_schedule,
        of_steps.batch_size,
    ),
    "start": (
        of_data.unscaled_targets,
        of_starts.symmetric_init,
        of_starts.bad_init_scale,
        of_starts.saturated_activations,
        of_starts.dead_units,
        of_gradients.vanishing_gradients,
        of_gradients.exploding_gradients,
        of_gradients.no_gradient,
        of_gradients.bad_initial_loss,
    ),
    "replays": (
        of_steps.lr_too_high,
        of_steps.lr_too_low,
        of_regularising.over_regularised,
        of_noise.noisy_gradients,
    ),
    "training": (
        of_numbers.nan_loss,
        of_noise.diverging_loss,
        of_noise.unstable_loss,
        of_ends.dead_while_training,
    ),
    "end": (
        of_ends.label_noise,
        of_ends.dead_at_the_end,
        of_ends.saturated_at_the_end,
        of_ends.vanishing_at_the_end,
        of_capacity.overfitting,
        of_capacity.undertrained,
        of_capacity.underfitting,
        of_ends.constant_predictions,
        of_ends.train_eval_mismatch,
        of_ends.not_learning,
    ),
}
"""The diagnoses by what they need to have been measured."""
_OF_OBJECTIVE: Final = (
    of_data.invalid_targets,
    of_data.class_imbalance,
    of_losses.loss_activation_mismatch,
    of_losses.output_range_mismatch,
    of_data.unscaled_targets,
    of_gradients.bad_initial_loss,
    of_noise.diverging_loss,
    of_noise.unstable_loss,
)
"""Those that need outputs which are compared with targets."""
_AT_THE_END: Final[Mapping[str, str]] = {
    "narrow_neck": "underfitting",
    "slow_schedule": "lr_too_low",
    "dead_at_the_end": "dead_units",
    "dead_while_training": "dead_units",
    "saturated_at_the_end": "saturated_activations",
    "vanishing_at_the_end": "vanishing_gradients",
}


@dataclass(frozen=True, slots=True)
class Check:
    """A diagnosis that was made; `unable` is the code of the reason where it could not be."""

    name: str
    unable: str = ""

    @property
    def reason(self) -> str:
        """Says why it could not be made; empty where it was."""
        return message_of(Problem(self.unable)) if self.unable else ""


@dataclass(frozen=True)
class Verdicts:
    """At most three findings, the most likely cause first; `others` are those beyond them."""

    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    others: tuple[Finding, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        """Walks over all that was found: verdicts, those beyond them, and what each explains."""
        for each in (*self.findings, *self.others):
            yield each
            yield from each.explains

    @property
    def is_serious(self) -> bool:
        """Tells whether there is a warning or an error."""
        return any(each.is_serious for each in self.findings)


def diagnose(subject: Subject) -> Verdicts:
    """Makes every diagnosis for which there are measurements, and puts what is found in causal order."""
    found: list[Finding] = []
    checks: list[Check] = []
    for need, diagnoses in _NEEDS.items():
        for each in diagnoses:
            unable = _unable(subject, need)
            if not unable and each in _OF_OBJECTIVE and subject.compared is None:
                unable = "diagnosis-needs-objective"
            checks.append(Check(_name(each), unable))
            finding = None if unable else each(subject)
            if finding is not None:
                found.append(finding.with_items(subject.items))
    ordered = in_order(found)
    return Verdicts(ordered[:MOST], tuple(checks), ordered[MOST:])


def in_order(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Sorts findings by cause, and lets each cause take what follows from it as its evidence."""
    left = sorted(_once(found), key=_rank)
    kept: list[Finding] = []
    while left:
        cause, *rest = left
        taken = [each for each in rest if _follows(cause, each)]
        kept.append(replace(cause, explains=tuple(taken)))
        left = [each for each in rest if each not in taken]
    return tuple(kept)


def _once(found: Sequence[Finding]) -> list[Finding]:
    """Keeps the first finding of each kind: one at the start comes before one at the end."""
    seen: dict[str, Finding] = {}
    for each in found:
        if each.id not in seen or (each.is_serious and not seen[each.id].is_serious):
            seen[each.id] = each
    return list(seen.values())


def _rank(finding: Finding) -> tuple[bool, int]:
    order: tuple[str, ...] = get_args(FindingId)
    at = order.index(finding.id)
    if finding.id in _FLOW and finding.when == "end":
        # What died while training was killed by something.
        at = order.index("over_regularised")
    elif finding.id == "over_regularised" and finding.when == "training":
        # With it gone the rate is good enough.
        at = order.index("lr_too_high")
    elif finding.id == "underfitting" and finding.when == "spec":
        at = order.index("lost_input")
    elif finding.id == "dead_units" and finding.severity == "warning":
        # Where every row gives nearly the same, units are zero for all of them or for none.
        at = order.index("exploding_gradients")
    return not finding.is_serious, at


def _follows(cause: Finding, other: Finding) -> bool:
    if other.id not in EXPLAINS.get(cause.id, ()) or not cause.is_serious:
        return False
    is_early = other.id in _FLOW and other.when == "start"
    return not (cause.id in ("lr_too_high", "over_regularised") and is_early)


def together(found: Sequence[Finding], checks: Sequence[Check]) -> Verdicts:
    """Puts what was found in several networks together, each fault once, causes first."""
    once = {(each.id, each.spot): each for each in reversed(found)}
    ordered = tuple(sorted(once.values(), key=_rank))
    return Verdicts(ordered[:MOST], tuple(checks), ordered[MOST:])


def _unable(subject: Subject, need: str) -> str:
    """Names why some diagnoses cannot be made: a code with its words, or nothing."""
    if need in ("replays", "end") and subject.compared is None:
        return "diagnosis-needs-objective"
    if need in ("start", "replays") and not subject.starts:
        return "diagnosis-needs-start"
    if need == "replays" and (subject.replays is None or not subject.constant):
        return "diagnosis-needs-replays"
    if need == "end" and subject.outcome is None:
        return "diagnosis-needs-run"
    return ""


def _name(diagnosis: Callable[[Subject], Finding | None]) -> str:
    return _AT_THE_END.get(diagnosis.__name__, diagnosis.__name__)
