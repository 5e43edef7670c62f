"""The words of metrics: what each figure says."""

from __future__ import annotations

from typing import Final

from nncli.spec.reference import Entry

_TEXTS: Final = {
    "accuracy": "the share of rows whose class is predicted",
    "f1": "precision and recall in one figure; the mean over classes",
    "precision": "of those predicted to be a class, the share that are",
    "recall": "of those of a class, the share that are predicted so",
    "auroc": "how well scores order the rows: 0.5 is chance, 1 without fault",
    "mae": "the mean distance from the target, in its unit",
    "rmse": "the root of the mean squared distance from the target, in its unit",
    "r2": "the share of the target's variance that is explained",
    "mape": "the mean distance from the target as a share of it",
    "smape": "the mean distance as a share of target and prediction together",
    "balanced_accuracy": "the mean over classes of the share that is predicted",
    "mcc": "the correlation of predicted and true classes, by Matthews, from -1 to 1",
    "kappa": "the agreement beyond chance, by Cohen, 1 without fault",
    "average_precision": "the area below precision by recall; the mean over classes",
    "iou": "the intersection by the union of predicted and true rows or pixels; the mean over classes",
}
METRICS: Final = tuple(
    Entry(name, "metric", text, (), f"training:\n  metrics: [{name}]\n") for name, text in _TEXTS.items()
)
