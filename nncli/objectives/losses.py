"""What nncli knows about the losses of torch.nn, as tables; all else is read from torch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from torch import nn

Form: TypeAlias = Literal["index", "sign", "values"]
Probabilities: TypeAlias = Literal["softmax", "sigmoid", "exp", "as is"]

# A class index for these, -1 and 1 for those with signs, floating-point columns for every other.
_FORMS: Final[Mapping[str, Form]] = {
    "CrossEntropyLoss": "index",
    "FocalLoss": "index",
    "NLLLoss": "index",
    "MultiMarginLoss": "index",
    "SoftMarginLoss": "sign",
}
_PROBABILITIES: Final[Mapping[str, Probabilities]] = {
    "CrossEntropyLoss": "softmax",
    "FocalLoss": "softmax",
    "SigmoidFocalLoss": "sigmoid",
    "NLLLoss": "exp",
    "KLDivLoss": "exp",
    "BCELoss": "as is",
    "BCEWithLogitsLoss": "sigmoid",
    "MultiLabelSoftMarginLoss": "sigmoid",
    "SoftMarginLoss": "sigmoid",
}
EVERYWHERE: Final = (-float("inf"), float("inf"))
_TARGET_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "BCELoss": (0, 1),
    "BCEWithLogitsLoss": (0, 1),
    "SigmoidFocalLoss": (0, 1),
    "KLDivLoss": (0, 1),
    "MultiLabelSoftMarginLoss": (0, 1),
    "PoissonNLLLoss": (0, float("inf")),
}
# Losses whose two arguments are no prediction and target: why, and what people mean instead.
_UNFIT: Final[Mapping[str, tuple[str, str]]] = {
    "AdaptiveLogSoftmaxWithLoss": ("it is a layer with weights of its own", "CrossEntropyLoss"),
    "HingeEmbeddingLoss": ("it compares distances, not predictions", "SoftMarginLoss"),
    "LinearCrossEntropyLoss": ("it is a layer with weights of its own", "CrossEntropyLoss"),
    "MultiLabelMarginLoss": ("it needs a list of classes for each row", "MultiMarginLoss"),
    "NLLLoss2d": ("torch has dropped it", "NLLLoss"),
}
# Layers that a loss undoes, or does once more, by the loss: what to do about them.
_AT_ODDS: Final[Mapping[str, Mapping[str, str]]] = {
    "CrossEntropyLoss": dict.fromkeys(("Softmax", "LogSoftmax", "Sigmoid"), "it takes the softmax by itself"),
    "BCEWithLogitsLoss": dict.fromkeys(("Sigmoid", "Softmax"), "it takes the sigmoid by itself"),
    "NLLLoss": dict.fromkeys(("Softmax", "Sigmoid"), "it takes the logarithm of probabilities"),
}
# What a last layer may be where the loss reads probabilities: one that keeps within 0 and 1, or
# one that hands on what it gets.
BOUNDED: Final = frozenset(
    {
        "AdaptiveAvgPool1d",
        "AdaptiveAvgPool2d",
        "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d",
        "AvgPool1d",
        "AvgPool2d",
        "Dropout",
        "Flatten",
        "Hardsigmoid",
        "Identity",
        "Sigmoid",
        "Softmax",
        "Softmax2d",
        "Softmin",
        "Unflatten",
    }
)


def at_odds(loss: str, layer: str) -> str:
    """Says why a last layer does not go with a loss, as a clause; empty where nothing speaks against it."""
    return _AT_ODDS.get(loss, {}).get(layer, "")


def form_of(loss: str) -> Form:
    """Tells in which form a loss compares with a target."""
    return _FORMS.get(loss, "values")


def probabilities_of(loss: str) -> Probabilities | None:
    """Tells how outputs trained with a loss become probabilities."""
    return _PROBABILITIES.get(loss)


def target_range(loss: str) -> tuple[float, float]:
    """Tells which values of a target make sense to a loss."""
    return _TARGET_RANGES.get(loss, EVERYWHERE)


def why_unfit(name: str, kind: type[nn.Module]) -> tuple[str, str] | None:
    """Tells why a loss cannot compare one prediction with one target, and what could instead."""
    if name in _UNFIT:
        return _UNFIT[name]
    parameters = list(inspect.signature(kind.forward).parameters.values())[1:]
    required = [p.name for p in parameters if p.default is p.empty]
    if len(required) == 2:
        return None
    return f"it takes {', '.join(required)}", "a loss of one prediction and one target"
