"""How much each class counts in a loss: as stated, or so that all classes count alike."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from nncli.columns.targets import TargetSpec, class_targets
from nncli.messages.catalogue import failure
from nncli.objectives.losses import form_of
from nncli.spec.schema import LossTerm
from nncli.spec.spec import Spec

NO_WEIGHTS: Final[Mapping[str, float]] = {}


def balanced_weights(classes: Sequence[str], indices: Tensor) -> dict[str, float]:
    """Weighs classes so that all count alike: rows / (classes x rows of the class).

    Shapes: `indices` is int64 (rows,). A class without a row has the weight 1. Source: King and Zeng 2001.
    """
    counts = torch.bincount(indices, minlength=len(classes)).tolist()
    rows = sum(counts)
    weights = [rows / (len(classes) * count) if count else 1.0 for count in counts]
    return dict(zip(classes, weights, strict=True))


def stated_weights(spec: Spec, targets: Mapping[str, TargetSpec]) -> Mapping[str, float]:
    """Reads `class_weights:` where they are numbers; empty where there are none.

    Raises SpecError `class-weights-unfit`, `class-weights-classes`.
    """
    assert spec.training is not None
    for word in ("class_weights", "sampling"):
        if getattr(spec.training, word) is not None and len(class_targets(targets)) != 1:
            place = spec.place("training", word)
            raise failure("class-weights-unfit", place, f"training.{word}", word=word)
    stated, path = spec.training.class_weights, "training.class_weights"
    if not isinstance(stated, Mapping):
        return NO_WEIGHTS
    (name,) = class_targets(targets)
    classes = targets[name].classes
    wrong = {
        "unknown": [each for each in stated if each not in classes],
        "missing": [each for each in classes if each not in stated],
        "bad": [each for each, weight in stated.items() if not 0 < weight < math.inf],
    }
    if any(wrong.values()):
        facts = {key: [f"`{each}`" for each in names[:3]] for key, names in wrong.items()}
        place = spec.place(*path.split("."))
        raise failure("class-weights-classes", place, path, known=list(classes[:10]), **facts)
    return stated


def class_weight_arguments(
    term: LossTerm,
    kind: type[nn.Module],
    targets: Mapping[str, TargetSpec],
    weights: Mapping[str, float],
) -> dict[str, Tensor]:
    """Makes the argument by which a loss takes weights of classes. Raises SpecError `class-weights-loss`."""
    if not weights:
        return {}
    (name,) = class_targets(targets)
    numbers = [weights[each] for each in targets[name].classes]
    taken = inspect.signature(kind).parameters
    if form_of(term.loss.name) == "index" and "weight" in taken:
        return {"weight": torch.tensor(numbers)}
    if targets[name].type == "binary" and "pos_weight" in taken:
        return {"pos_weight": torch.tensor([numbers[1] / numbers[0]])}
    raise failure("class-weights-loss", term.loss.place, "training.loss", loss=term.loss.name)
