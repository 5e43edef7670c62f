"""The figures of a part beside its loss: torchmetrics' functions under their own names."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

import torch
from torch import Tensor

from nncli.columns.targets import TargetSpec
from nncli.messages.catalogue import failure, nearest, require_all
from nncli.network.calls.arguments import bind
from nncli.objectives.objectives import Prediction
from nncli.spec.items import Call
from nncli.training.plain_figures import Plain, plain_figure
from nncli.training.rows import Figures

# Turns numbers of a target as scaled, float64 (N, …), into its own unit.
Unscale = Callable[[str, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class _Function:
    """A function of torchmetrics: its module, its name by kind of target, what nncli fills in."""

    module: Literal["classification", "regression"]
    binary: str
    several: str
    fixed: Mapping[str, object]
    reads: Literal["value", "scores"] = "value"


METRICS: Final[Mapping[str, _Function]] = {
    "accuracy": _Function("classification", "binary_accuracy", "multiclass_accuracy", {"average": "micro"}),
    "f1": _Function("classification", "binary_f1_score", "multiclass_f1_score", {"average": "macro"}),
    "precision": _Function(
        "classification", "binary_precision", "multiclass_precision", {"average": "macro"}
    ),
    "recall": _Function("classification", "binary_recall", "multiclass_recall", {"average": "macro"}),
    "auroc": _Function("classification", "binary_auroc", "multiclass_auroc", {"average": "macro"}, "scores"),
    "mae": _Function("regression", "mean_absolute_error", "", {}),
    "rmse": _Function("regression", "mean_squared_error", "", {"squared": False}),
    "r2": _Function("regression", "r2_score", "", {}),
    "mape": _Function("regression", "mean_absolute_percentage_error", "", {}),
    "smape": _Function("regression", "symmetric_mean_absolute_percentage_error", "", {}),
    "balanced_accuracy": _Function(
        "classification", "multiclass_accuracy", "multiclass_accuracy", {"average": "macro"}
    ),
    "mcc": _Function("classification", "binary_matthews_corrcoef", "multiclass_matthews_corrcoef", {}),
    "kappa": _Function("classification", "binary_cohen_kappa", "multiclass_cohen_kappa", {}),
    "average_precision": _Function(
        "classification",
        "binary_average_precision",
        "multiclass_average_precision",
        {"average": "macro"},
        "scores",
    ),
    "iou": _Function(
        "classification", "binary_jaccard_index", "multiclass_jaccard_index", {"average": "macro"}
    ),
}
# What nncli gives to a function of torchmetrics, and a spec cannot.
_FILLED_IN: Final = ("preds", "target", "num_classes", "num_labels", "validate_args")
_DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "category": ("accuracy",),
    "set": ("f1", "accuracy"),
    "binary": ("auroc", "accuracy"),
    "number": ("rmse", "r2"),
}


@dataclass(frozen=True)
class Metric:
    """One metric of one target; `name` is that of its figure."""

    name: str
    function: _Function
    target: TargetSpec
    arguments: Mapping[str, object]


# What other tools call a metric, where the letters of another one are nearer.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "acc": "accuracy",
    "auc": "auroc",
    "matthews": "mcc",
    "jaccard": "iou",
}


def build_metrics(
    calls: Sequence[Call] | None, targets: Mapping[str, TargetSpec], path: str = "training.metrics"
) -> tuple[Metric, ...]:
    """Makes the metrics of a spec, or the default ones of its targets; without any, names alone are checked.

    Raises SpecError: `metric-unknown`, `metric-target-unknown`, `metric-kind`, and what binding raises.
    """
    prefixes = {name: f"{name}." if len(targets) > 1 else "" for name in targets}
    if calls is None:
        return tuple(
            Metric(prefixes[spec.name] + name, METRICS[name], spec, {})
            for spec in targets.values()
            for name in _DEFAULTS[spec.type]
        )
    require_all(partial(_check, call, targets, path) for call in calls)
    return tuple(
        Metric(prefixes[spec.name] + metric, METRICS[metric], spec, _arguments(call, spec, path))
        for spec in targets.values()
        for call, (target, metric) in zip(calls, map(_parts, calls), strict=True)
        if target in ("", spec.name) and _fits(METRICS[metric], spec)
    )


def _parts(call: Call) -> tuple[str, str]:
    """Takes `kind.accuracy` apart: the target, empty for all that fit, and the metric."""
    target, _, metric = call.name.rpartition(".")
    return target, metric


def _fits(function: _Function, spec: TargetSpec) -> bool:
    return (function.module == "regression") == (spec.type == "number")


def _check(call: Call, targets: Mapping[str, TargetSpec], path: str) -> None:
    target, metric = _parts(call)
    function = METRICS.get(metric)
    if function is None:
        guess = _ELSEWHERE.get(metric.lower()) or nearest(metric, METRICS)
        raise failure("metric-unknown", call.place, path, metric=metric, nearest=guess, known=list(METRICS))
    if target and targets and target not in targets:
        facts = {"target": target, "nearest": nearest(target, targets), "targets": list(targets)}
        raise failure("metric-target-unknown", call.place, path, **facts)
    targets = {target: targets[target]} if target in targets else targets
    if targets and not any(_fits(function, spec) for spec in targets.values()):
        needed = "numbers" if function.module == "regression" else "classes"
        kinds = sorted({spec.type for spec in targets.values()})
        known = [n for n, f in METRICS.items() if any(_fits(f, spec) for spec in targets.values())]
        facts = {"metric": metric, "needed": needed, "kinds": kinds, "known": known}
        raise failure("metric-kind", call.place, path, **facts)


def _arguments(call: Call, spec: TargetSpec, path: str) -> Mapping[str, object]:
    if not call.positions and not call.keywords:
        return {}  # torchmetrics is slow to import; it need not be there before the first step
    _, metric = _parts(call)
    function = _torchmetrics(METRICS[metric], spec)
    return bind(
        replace(call, name=metric),
        function,
        f"{path}.{metric}",
        ("preds", "target", "num_classes", "num_labels", "validate_args"),
    )


def _torchmetrics(function: _Function, spec: TargetSpec) -> Callable[..., Tensor]:
    module = importlib.import_module(f"torchmetrics.functional.{function.module}")
    names = {"category": function.several, "set": function.several.replace("multiclass", "multilabel")}
    found: Callable[..., Tensor] = getattr(module, names.get(spec.type, function.binary))
    return found


def compute_metrics(
    metrics: Sequence[Metric],
    predictions: Mapping[str, Prediction],
    truths: Mapping[str, Tensor],
    unscale: Unscale,
) -> Figures:
    """Computes every metric, in a number's own unit; None where it is undefined for these rows.

    Shapes (N rows): `truths` as the targets of a part. An AUROC needs rows of every class, r2 two
    different values.
    """
    return {
        metric.name: _compute(metric, predictions[metric.target.name], truths[metric.target.name], unscale)
        for metric in metrics
    }


def _compute(metric: Metric, prediction: Prediction, truth: Tensor, unscale: Unscale) -> float | None:
    spec, arguments = metric.target, dict(metric.arguments)
    if spec.type == "number":
        said = unscale(spec.name, prediction.value.double()).reshape(-1)
        truth = unscale(spec.name, truth.double()).reshape(-1)
    else:
        scored = metric.function.reads == "scores" and prediction.scores is not None
        said = prediction.scores if scored and prediction.scores is not None else prediction.value
        if scored and spec.type == "binary":
            said = said[:, 1]
    if _is_undefined(metric, truth):
        return None
    plain = _plain(metric)
    if plain is not None:
        value = plain(said, truth)
        return value if math.isfinite(value) else None
    if spec.type == "category" or (spec.type == "binary" and metric.function.binary.startswith("multi")):
        arguments = {"num_classes": len(spec.classes), **metric.function.fixed, **arguments}
    elif spec.type == "set":
        truth = truth.long()
        arguments = {"num_labels": len(spec.classes), **metric.function.fixed, **arguments}
    elif spec.type == "number":
        arguments = {**metric.function.fixed, **arguments}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = _torchmetrics(metric.function, spec)(said, truth, **arguments)
    value = result.item()
    if not math.isfinite(value):
        return None
    # 19 of 20 right is 0.95 to whoever compares it, and 0.94999998 in float32.
    return float(f"{value:.7g}") if result.dtype == torch.float32 else value


def _plain(metric: Metric) -> Plain | None:
    """Finds what works a metric out without torchmetrics, which takes longer to import than torch."""
    if metric.arguments:
        return None
    name = metric.name.rpartition(".")[2]
    return plain_figure(name, metric.target.type, len(metric.target.classes))


def _is_undefined(metric: Metric, truth: Tensor) -> bool:
    """Finds what torchmetrics answers with a warning and a zero, or not at all."""
    if not len(truth):
        return True
    if metric.target.type == "set":
        return metric.name.endswith("auroc") and bool((truth.amin(0) == truth.amax(0)).any())
    if metric.name.endswith("auroc"):
        return len(torch.unique(truth)) < len(metric.target.classes)
    return metric.name.endswith("r2") and bool(truth.min() == truth.max())


def confusion(truth: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """Counts rows by true and predicted class, int64 (classes, classes); a row per true class."""
    return torch.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)
